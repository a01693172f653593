// Whether other processes hold the cores.
#pragma once

#include <algorithm>
#include <chrono>

namespace adjoint {

// When another process holds a core, a loop waits at its end for a thread that is not running, a whole time
// slice for some microseconds of work. After such a wait this thread goes on alone for a while, twice as long each time
// it happens again soon. The results are the same bits either way: no loop's result depends on who does which part of
// it.
class Crowding {
 public:
  using Clock = std::chrono::steady_clock;

  bool GoesAlone() { return is_alone_ && (is_alone_ = Clock::now() < alone_until_); }

  // This thread's part took `own`, as long as the others' should have; then it waited for them until now.
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

}  // namespace adjoint
