// Loops shared out over the OpenMP team that oneDNN uses as well: one pool of threads, not two.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#if defined(__linux__)
extern "C" {
void GOMP_parallel(void (*function)(void *), void *data, unsigned threads, unsigned flags);
int omp_get_max_threads(void);
int omp_get_num_threads(void);
int omp_get_thread_num(void);
int omp_in_parallel(void);
}
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ADJOINT_THREAD_SANITIZER 1
extern "C" {
void __tsan_acquire(void *address);
void __tsan_release(void *address);
}
#endif
#endif

namespace adjoint {

// libgomp is not built for the thread sanitizer: what orders the threads of a team at fork and join is told
// to it here. Nothing else of this program waits by means that it does not see.
inline void TellReleased([[maybe_unused]] void *address) {
#if defined(ADJOINT_THREAD_SANITIZER)
  __tsan_release(address);
#endif
}
inline void TellAcquired([[maybe_unused]] void *address) {
#if defined(ADJOINT_THREAD_SANITIZER)
  __tsan_acquire(address);
#endif
}

// Below this many elements of light work a second thread costs more than it saves: to fork and join
// takes about a microsecond, in which one core streams some ten thousand floats, and what the other core
// wrote has to be fetched from its cache by the next operation.
constexpr int64_t kElementGrain = 32768;

#if defined(__linux__)
// When another process holds a core, a region waits at its join for a thread that is not running, a
// whole time slice for some microseconds of work. After such a wait this thread goes on alone for a while, twice as
// long each time it happens again soon. The results are the same bits either way: no loop's result depends
// on who does which part of it.
class Crowding {
 public:
  using Clock = std::chrono::steady_clock;

  // Whether what begins now goes alone.
  bool GoesAlone() { return is_alone_ && (is_alone_ = Clock::now() < alone_until_); }

  // This thread's share took `own`, as long as the others' should have; then it waited for them until now.
  void Waited(Clock::duration waited, Clock::duration own, Clock::time_point now) {
    if (waited <= kSlice + own) return;
    const bool is_soon = now - alone_until_ < 2 * penalty_;
    penalty_ = is_soon ? std::min<Clock::duration>(2 * penalty_, kLongest) : kShortest;
    alone_until_ = now + penalty_;
    is_alone_ = true;
  }

 private:
  static constexpr std::chrono::microseconds kSlice{500};
  static constexpr std::chrono::milliseconds kShortest{4}, kLongest{250};
  bool is_alone_ = false;
  Clock::time_point alone_until_{};
  Clock::duration penalty_ = kShortest;
};

inline Crowding &CrowdingHere() {
  thread_local Crowding crowding;
  return crowding;
}
#endif

#if defined(__linux__)
// Calls body(begin, end) on as many disjoint ranges of 0..<count as the team that is made has threads; returns
// when this thread, the first of the team, was through with its own.
template <typename Body>
std::chrono::steady_clock::time_point OnTeam(int64_t threads, int64_t count, const Body &body) {
  struct Job {
    const Body *body;
    int64_t count;
    std::chrono::steady_clock::time_point first_was_done;
  } job{&body, count, {}};
  TellReleased(&job);
  GOMP_parallel(
      [](void *data) {
        TellAcquired(data);
        auto *job = static_cast<Job *>(data);
        const int64_t threads = omp_get_num_threads();
        int64_t chunk = (job->count + threads - 1) / threads;
        if (chunk > 64) chunk = (chunk + 63) / 64 * 64;
        const int64_t begin = std::min(job->count, chunk * omp_get_thread_num());
        const int64_t end = std::min(job->count, begin + chunk);
        if (begin < end) (*job->body)(begin, end);
        if (omp_get_thread_num() == 0) job->first_was_done = std::chrono::steady_clock::now();
        TellReleased(data);
      },
      &job, static_cast<unsigned>(threads), 0);
  TellAcquired(&job);
  return job.first_was_done;
}
#endif

// Whether what this thread begins now goes alone, because others hold the cores.
inline bool GoesAlone() {
#if defined(__linux__)
  return CrowdingHere().GoesAlone();
#else
  return false;
#endif
}

// Calls body(begin, end) on disjoint ranges that cover 0..<count, on several threads if each gets at
// least `grain`. But for the last, a long range ends at a multiple of 64, so that no two threads write to
// one cache line.
template <typename Body>
void ParallelFor(int64_t count, int64_t grain, const Body &body) {
#if defined(__linux__)
  grain = std::max<int64_t>(grain, 1);
  const int64_t threads = std::min<int64_t>(count / grain, omp_get_max_threads());
  if (threads > 1 && !omp_in_parallel() && !GoesAlone()) {
    const auto began = std::chrono::steady_clock::now();
    const auto done = OnTeam(threads, count, body);
    const auto now = std::chrono::steady_clock::now();
    CrowdingHere().Waited(now - done, done - began, now);
    return;
  }
#endif
  if (count > 0) body(int64_t{0}, count);
}

}  // namespace adjoint
