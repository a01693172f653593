// Large work cut into as many shares as there are threads, each by primitives made for one thread.
//
// A primitive made for the whole team holds its threads together by barriers inside, at which one waits at
// full speed for another that may not be running: where another process holds a core, a whole time slice at each.
// Shares meet once, at the end, and this thread does all of them where the machine is crowded. What is computed
// depends on how many shares there are, never on who does them.
#pragma once

#include <atomic>
#include <exception>

#include "Parallel.h"

extern "C" {
int omp_get_max_threads(void);
void omp_set_num_threads(int count);
}

namespace adjoint {

// Here and until the end of the block, oneDNN finds one thread.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  OneThread(const OneThread &) = delete;
  OneThread &operator=(const OneThread &) = delete;
  ~OneThread() { omp_set_num_threads(before_); }

 private:
  const int before_;
};

// Calls body(share) for each of 0..<count; throws what one of them threw. A single share has OpenMP's whole team.
// `multiplications` are those of all shares together.
template <typename Body>
void RunShares(int64_t count, double multiplications, const Body &body) {
  if (count == 1) {
    ReleaseTeam();
    return body(int64_t{0});
  }
  std::exception_ptr failure;
  std::atomic<bool> has_failed{false};
  const bool is_worth_it = multiplications >= static_cast<double>(count * MultiplicationGrain());
  ParallelFor(count, is_worth_it ? 1 : count, [&](int64_t begin, int64_t end) {
    const OneThread one;
    try {
      for (int64_t share = begin; share < end; ++share) body(share);
    } catch (...) {
      if (!has_failed.exchange(true)) failure = std::current_exception();
    }
  });
  if (has_failed) std::rethrow_exception(failure);
}

}  // namespace adjoint
