#include "Team.h"

#include "CKernels.h"

#if defined(__linux__)

#include <algorithm>
#include <chrono>
#include <memory>

#include "Crowding.h"
#include "Signal.h"

extern "C" {
void GOMP_parallel_start(void (*function)(void *), void *data, unsigned threads);
void GOMP_parallel_end(void);
int omp_get_num_threads(void);
int omp_get_thread_num(void);
int omp_in_parallel(void);
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ADJOINT_THREAD_SANITIZER 1
extern "C" {
void __tsan_acquire(void *address);
void __tsan_release(void *address);
}
#endif
#endif

namespace {

using adjoint::Signal;
using Clock = std::chrono::steady_clock;

// libgomp is not built for the thread sanitizer: what orders the threads where a region is opened and closed is told
// to it here. In between they wait for each other by means that it sees.
void TellReleased([[maybe_unused]] void *address) {
#if defined(ADJOINT_THREAD_SANITIZER)
  __tsan_release(address);
#endif
}
void TellAcquired([[maybe_unused]] void *address) {
#if defined(ADJOINT_THREAD_SANITIZER)
  __tsan_acquire(address);
#endif
}

// What this thread and a worker tell each other, on a pair of cache lines for each way: lines are fetched in pairs.
struct Worker {
  struct alignas(128) Request {
    Signal number;
    uint32_t count = 0;  // of requests; only this thread looks at it
    int looks = 0;       // for the next request or answer, before one sleeps
    adjoint::Part part = nullptr;  // null where the worker is to leave
    const void *job = nullptr;
    int64_t threads = 0;
  } request;
  struct alignas(128) Answer {
    Signal number;
  } answer;

  void Ask(adjoint::Part part, const void *job, int64_t threads) {
    request.part = part;
    request.job = job;
    request.threads = threads;
    request.number.Set(++request.count);
  }

  bool HasAnsweredSoon() const {
    constexpr int kLooks = 1000;
    return answer.number.IsSoon(request.count, kLooks);
  }

  void AwaitAnswer() { answer.number.Await(request.count, request.looks); }

  void Serve(int64_t thread) {
    for (uint32_t number = 1;; ++number) {
      request.number.Await(number, request.looks);
      if (request.part == nullptr) return;
      request.part(request.job, thread, request.threads);
      answer.number.Set(number);
    }
  }
};

__thread bool is_in_part = false;

// The team of one thread, itself the first.
class Team {
 public:
  Team() = default;
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;
  ~Team() { Release(); }

  void Run(int64_t wanted, adjoint::Part part, const void *job) {
    if (size_ == 1) Open();
    const auto began = Clock::now();
    if (began >= next_look_) LookHowFar(began, kBetweenLooks);
    const int64_t threads = crowding_.GoesAlone() ? 1 : std::min(wanted, size_);
    for (int64_t i = 1; i < threads; ++i) workers_[i].Ask(part, job, threads);
    is_in_part = true;
    part(job, 0, threads);
    is_in_part = false;
    Await(1, threads, began);
  }

  void LookAgain() {
    if (++loops_alone_ % kLoopsBetweenLooks != 0 || GoesAlone() || size_ == 1) return;
    const auto now = Clock::now();
    if (now >= next_look_) LookHowFar(now, kBetweenLooksAlone);
  }

  bool GoesAlone() { return is_in_part || crowding_.GoesAlone(); }

  void Release() {
    if (size_ == 1) return;
    for (int64_t i = 1; i < size_; ++i) workers_[i].Ask(nullptr, nullptr, 0);
    GOMP_parallel_end();
    TellAcquired(this);
    size_ = 1;
  }

 private:
  void Open() {
    // Within a region that someone else opened this thread is alone, until that ends.
    const int wanted = omp_in_parallel() ? 1 : adjoint::team_threads;
    if (wanted == 1) return;
    workers_ = std::make_unique<Worker[]>(wanted);
    for (int i = 0; i < wanted; ++i) {
      workers_[i].request.looks = adjoint::is_team_crowd ? kLooksInCrowd : kLooks;
    }
    TellReleased(this);
    GOMP_parallel_start(
        [](void *data) {
          TellAcquired(data);
          is_in_part = true;
          const int thread = omp_get_thread_num();
          static_cast<Team *>(data)->workers_[thread].Serve(thread);
          is_in_part = false;
          TellReleased(data);
        },
        this, wanted);
    size_ = omp_get_num_threads();
    if (size_ == 1) GOMP_parallel_end();
  }

  // Until these workers have done their parts; this thread's began then and is done.
  void Await(int64_t first, int64_t end, Clock::time_point began) {
    for (int64_t i = first; i < end; ++i) {
      if (workers_[i].HasAnsweredSoon()) continue;
      const auto done = Clock::now();
      workers_[i].AwaitAnswer();
      const auto now = Clock::now();
      crowding_.Waited(now - done, done - began, now);
    }
  }

  // Asks every worker for nothing, three times, since the first may find it asleep. The farthest counts.
  void LookHowFar(Clock::time_point began, Clock::duration until_next) {
    const auto nothing = [](const void *, int64_t, int64_t) {};
    Clock::duration farthest{0};
    for (int64_t i = 1; i < size_; ++i) {
      auto shortest = Clock::duration::max();
      for (int trial = 0; trial < 3; ++trial) {
        const auto asked = Clock::now();
        workers_[i].Ask(nothing, nullptr, 1);
        Await(i, i + 1, asked);
        shortest = std::min(shortest, Clock::now() - asked);
      }
      farthest = std::max(farthest, shortest);
    }
    adjoint::is_team_far = farthest > kFar;
    next_look_ = began + until_next;
  }

  // Some hundred microseconds, which bridge the gap between two loops; where another process needs the core, to look
  // for longer costs whole time slices. Of more threads than cores each soon gives its core to another.
  static constexpr int kLooks = 20000, kLooksInCrowd = 100;
  // 0.13 µs where cores share a cache, 0.5 where they do not, the clock's own time included.
  static constexpr std::chrono::nanoseconds kFar{280};
  // Where nothing is shared out the workers sleep, and to wake them takes some tens of microseconds.
  static constexpr std::chrono::milliseconds kBetweenLooks{20}, kBetweenLooksAlone{100};
  static constexpr unsigned kLoopsBetweenLooks = 256;
  std::unique_ptr<Worker[]> workers_;
  int64_t size_ = 1;  // this thread alone where no region is open
  Clock::time_point next_look_{};
  unsigned loops_alone_ = 0;
  adjoint::Crowding crowding_;
};

Team &TeamHere() {
  thread_local Team team;
  return team;
}

}  // namespace

namespace adjoint {

__thread bool is_team_far = false;

void OnTeam(int64_t threads, Part part, const void *job) { TeamHere().Run(threads, part, job); }

bool GoesAlone() { return TeamHere().GoesAlone(); }

void LookAgain() { TeamHere().LookAgain(); }

void ReleaseTeam() { TeamHere().Release(); }

}  // namespace adjoint

#else

namespace adjoint {

__thread bool is_team_far = false;

bool GoesAlone() { return false; }

void LookAgain() {}

void ReleaseTeam() {}

}  // namespace adjoint

#endif

extern "C" void adjoint_release_team(void) { adjoint::ReleaseTeam(); }
