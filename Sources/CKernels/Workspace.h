// Room that a thread has for what it needs only while it computes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

namespace adjoint {

// Ends the process as adjoint_on_out_of_memory has it, where the system has no room for so many bytes. An exception
// would meet callers in another language, which know nothing of it.
[[noreturn]] void EndWithoutMemory(int64_t bytes);

// It grows to the largest request and stays: a step in its steady state asks the system for nothing. What is in it is
// not kept, and not cleared either, as a vector would where it grows again.
class Workspace {
 public:
  Workspace() = default;
  Workspace(const Workspace &) = delete;
  Workspace &operator=(const Workspace &) = delete;
  ~Workspace() { ::operator delete(block_, kAlignment); }

  // Room for so many elements, aligned to 64 bytes, until the next request.
  template <typename T>
  T *Take(size_t count) {
    const size_t bytes = count * sizeof(T);
    if (bytes > size_) {
      ::operator delete(block_, kAlignment);
      block_ = nullptr;
      size_ = 0;
      block_ = ::operator new(bytes, kAlignment, std::nothrow);
      if (block_ == nullptr) EndWithoutMemory(static_cast<int64_t>(bytes));
      size_ = bytes;
    }
    return static_cast<T *>(block_);
  }

 private:
  static constexpr std::align_val_t kAlignment{64};
  void *block_ = nullptr;
  size_t size_ = 0;
};

// As many as are held one inside the other, and some.
constexpr int kRooms = 12;
struct Rooms {
  Workspace room[kRooms];
  int taken = 0;
};

inline Rooms &RoomsHere() {
  thread_local Rooms rooms;
  return rooms;
}

// Room for so many elements for as long as it is in scope, one inside the other. It is the thread's own: asked for when
// a thread first needs as much, and not again because another needs some at the same time. The counters of memory are
// those of tensors and leave it out.
template <typename T>
class Scratch {
 public:
  explicit Scratch(int64_t count) : rooms_(RoomsHere()) {
    if (rooms_.taken == kRooms) __builtin_trap();
    data_ = rooms_.room[rooms_.taken++].template Take<T>(static_cast<size_t>(count));
  }
  ~Scratch() { rooms_.taken -= 1; }
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;
  T *data() const { return data_; }

 private:
  Rooms &rooms_;
  T *data_;
};

}  // namespace adjoint
