// Room that a thread has for what it needs only while it computes.
#pragma once

#include <cstddef>
#include <new>

namespace adjoint {

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
      block_ = ::operator new(bytes, kAlignment);
      size_ = bytes;
    }
    return static_cast<T *>(block_);
  }

 private:
  static constexpr std::align_val_t kAlignment{64};
  void *block_ = nullptr;
  size_t size_ = 0;
};

}  // namespace adjoint
