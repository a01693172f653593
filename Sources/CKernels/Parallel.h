// Loops shared out over the OpenMP team that oneDNN uses as well: one pool of threads, not two.
#pragma once

#include <algorithm>
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

namespace adjoint {

// Below this many elements of light work a second thread costs more than it saves: to fork and join
// takes about a microsecond, in which one core streams some ten thousand floats.
constexpr int64_t kElementGrain = 16384;

// Calls body(begin, end) on disjoint ranges that cover 0..<count; each has at least `grain` elements
// and, but for the last, a multiple of 64, so that no two threads write to one cache line.
template <typename Body>
void ParallelFor(int64_t count, int64_t grain, const Body &body) {
#if defined(__linux__)
  const int64_t wanted = std::min<int64_t>(count / std::max<int64_t>(grain, 1), omp_get_max_threads());
  if (wanted > 1 && !omp_in_parallel()) {
    struct Job {
      const Body *body;
      int64_t count;
    } job{&body, count};
    GOMP_parallel(
        [](void *data) {
          const auto *job = static_cast<const Job *>(data);
          const int64_t threads = omp_get_num_threads();
          int64_t chunk = (job->count + threads - 1) / threads;
          if (chunk > 64) chunk = (chunk + 63) / 64 * 64;
          const int64_t begin = std::min(job->count, chunk * omp_get_thread_num());
          const int64_t end = std::min(job->count, begin + chunk);
          if (begin < end) (*job->body)(begin, end);
        },
        &job, static_cast<unsigned>(wanted), 0);
    return;
  }
#endif
  if (count > 0) body(int64_t{0}, count);
}

}  // namespace adjoint
