// How one thread waits for another: it looks for a while, then sleeps until it is woken. Linux.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace adjoint {

inline void Pause() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// A number that one thread sets and one other waits for.
class Signal {
 public:
  void Set(uint32_t value) {
    value_.exchange(value);
    if (is_asleep_.load()) syscall(SYS_futex, &value_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }

  // Whether it has come to be `value` within so many looks.
  bool IsSoon(uint32_t value, int looks) const {
    for (int look = 0; look < looks; ++look) {
      if (value_.load(std::memory_order_acquire) == value) return true;
      Pause();
    }
    return false;
  }

  void Await(uint32_t value, int looks) {
    if (IsSoon(value, looks)) return;
    is_asleep_.store(true);
    for (uint32_t seen = value_.load(); seen != value; seen = value_.load()) {
      syscall(SYS_futex, &value_, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
    }
    is_asleep_.store(false, std::memory_order_relaxed);
  }

 private:
  std::atomic<uint32_t> value_{0};
  std::atomic<bool> is_asleep_{false};
};

}  // namespace adjoint
