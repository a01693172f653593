// A caching allocator: blocks by size class, four classes to each power of two, so that at most a
// fifth of a block is wasted. Blocks given back wait for the next taker.

#include <atomic>
#include <cstdlib>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "CKernels.h"
#include "Cgroup.h"
#include "Team.h"
#include "Workspace.h"

namespace {

constexpr int64_t kAlignment = 64;
constexpr int kClasses = 4 * 48;

class SpinLock {
 public:
  void lock() {
    while (flag_.test_and_set(std::memory_order_acquire)) {
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
  }
  void unlock() { flag_.clear(std::memory_order_release); }

 private:
  std::atomic_flag flag_ = ATOMIC_FLAG_INIT;
};

// A block in the cache holds the link to the next one in its own first bytes.
struct FreeBlock {
  FreeBlock *next;
};

struct Cache {
  SpinLock lock;
  FreeBlock *free[kClasses] = {};
  adjoint_memory_counters counters = {};
};

Cache &cache() {
  // Never destroyed: tensors in static variables give their blocks back after main has ended.
  static Cache *const instance = new Cache;
  return *instance;
}

// Sizes in bytes: 64, 128, 192, 256, 320, 384, 448, 512, 640, … in steps of 64 up to 512, then four to a power of two.
int ClassOf(int64_t bytes, int64_t *capacity) {
  const uint64_t units = bytes <= kAlignment ? 1 : static_cast<uint64_t>((bytes + kAlignment - 1) / kAlignment);
  if (units <= 4) {
    *capacity = static_cast<int64_t>(units) * kAlignment;
    return static_cast<int>(units) - 1;
  }
  const int power = 63 - __builtin_clzll(units - 1);  // units − 1 in [2^power, 2^(power+1))
  const uint64_t step = uint64_t{1} << (power - 2);
  const uint64_t steps = (units + step - 1) / step;  // 5 … 8
  *capacity = static_cast<int64_t>(steps * step) * kAlignment;
  return 4 * (power - 1) + static_cast<int>(steps) - 5;
}

class Locked {
 public:
  explicit Locked(Cache &cache) : cache_(cache) { cache_.lock.lock(); }
  ~Locked() { cache_.lock.unlock(); }
  Locked(const Locked &) = delete;
  Locked &operator=(const Locked &) = delete;

 private:
  Cache &cache_;
};

std::atomic<void (*)(int64_t)> on_out_of_memory{nullptr};

}  // namespace

namespace adjoint {

void EndWithoutMemory(int64_t bytes) {
  if (const auto end = on_out_of_memory.load()) end(bytes);
  std::abort();
}

}  // namespace adjoint

extern "C" {

int64_t adjoint_memory_size(void) {
  const int64_t size = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  const int64_t limit = adjoint::BytesOfCgroups();
  return limit > 0 && limit < size ? limit : size;
}

void adjoint_require_blas_room(void) {
  [[maybe_unused]] static const bool once = [] {
    // BUFFER_SIZE on x86-64; smaller elsewhere.
    constexpr int64_t kBuffer = int64_t{32} << 22;
    void *room = mmap(nullptr, kBuffer, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) adjoint::EndWithoutMemory(kBuffer);
    munmap(room, kBuffer);
    return true;
  }();
}

void adjoint_on_out_of_memory(void (*end)(int64_t bytes)) { on_out_of_memory.store(end); }

void *adjoint_memory_take(int64_t bytes, int64_t *capacity) {
  // Every operation makes a tensor, so every thread that computes passes here first.
  adjoint::JoinTeam();
  const int size_class = ClassOf(bytes, capacity);
  if (size_class >= kClasses) return nullptr;
  Cache &shared = cache();
  {
    Locked guard(shared);
    adjoint_memory_counters &counters = shared.counters;
    counters.live_bytes += *capacity;
    counters.live_blocks += 1;
    if (counters.live_bytes > counters.peak_bytes) counters.peak_bytes = counters.live_bytes;
    if (FreeBlock *block = shared.free[size_class]) {
      shared.free[size_class] = block->next;
      return block;
    }
    counters.system_requests += 1;
  }
  void *block = std::aligned_alloc(kAlignment, static_cast<size_t>(*capacity));
  if (block == nullptr) {
    // What is kept in other sizes may be what is missing.
    adjoint_memory_trim();
    block = std::aligned_alloc(kAlignment, static_cast<size_t>(*capacity));
  }
  if (block == nullptr) {
    Locked guard(shared);
    shared.counters.live_bytes -= *capacity;
    shared.counters.live_blocks -= 1;
  }
  return block;
}

void adjoint_memory_give_back(void *block, int64_t capacity) {
  int64_t same = 0;
  const int size_class = ClassOf(capacity, &same);
  Cache &shared = cache();
  Locked guard(shared);
  shared.counters.live_bytes -= capacity;
  shared.counters.live_blocks -= 1;
  auto *freed = static_cast<FreeBlock *>(block);
  freed->next = shared.free[size_class];
  shared.free[size_class] = freed;
}

adjoint_memory_counters adjoint_memory_read_counters(void) {
  Cache &shared = cache();
  Locked guard(shared);
  return shared.counters;
}

void adjoint_memory_reset_peak(void) {
  Cache &shared = cache();
  Locked guard(shared);
  shared.counters.peak_bytes = shared.counters.live_bytes;
}

void adjoint_memory_trim(void) {
  std::vector<FreeBlock *> lists;
  {
    Cache &shared = cache();
    Locked guard(shared);
    for (auto &list : shared.free) {
      if (list != nullptr) lists.push_back(list);
      list = nullptr;
    }
  }
  for (FreeBlock *block : lists) {
    while (block != nullptr) {
      FreeBlock *next = block->next;
      std::free(block);
      block = next;
    }
  }
}

void adjoint_memory_fetch_ahead(const uint8_t *bytes, int64_t count) {
  // A cache line is 64 bytes long; the bytes need not begin with one, so that the last may lie in one more.
  for (int64_t place = 0; place < count; place += 64) __builtin_prefetch(bytes + place, 0, 2);
  if (count > 0) __builtin_prefetch(bytes + count - 1, 0, 2);
}

}  // extern "C"
