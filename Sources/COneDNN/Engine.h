// What the primitives of this room share: the engine, and a cache for each thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>

#include "Workspace.h"

namespace adjoint {

inline dnnl::engine &Engine() {
  static dnnl::engine *const engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

// All that a primitive depends on but the addresses: numbers, compared and hashed one by one.
template <size_t kCount>
struct Key {
  int64_t parts[kCount];
  bool operator==(const Key &other) const {
    return std::memcmp(parts, other.parts, sizeof parts) == 0;
  }
};

struct KeyHash {
  template <size_t kCount>
  size_t operator()(const Key<kCount> &key) const {
    uint64_t hash = 0;
    for (const int64_t part : key.parts) {
      hash = (hash ^ static_cast<uint64_t>(part)) * 0x9E3779B97F4A7C15ULL;
      hash ^= hash >> 29;
    }
    return hash;
  }
};

// Primitives by key. Memory objects carry the addresses of a call, so each thread has its own cache. A
// network asks for the same shape many times running: the last one found is looked at first.
template <typename Key, typename Entry>
class PrimitiveCache {
 public:
  template <typename Make>
  Entry &Find(const Key &key, const Make &make) {
    if (last_ != nullptr && last_key_ == key) return *last_;
    // More shapes than a network has; past this the cache begins anew rather than growing without end.
    if (entries_.size() >= kMostEntries) entries_.clear();
    auto &kept = entries_[key];
    if (kept == nullptr) {
      // A primitive that cannot be made leaves no entry behind that looks as if it could.
      try {
        kept = make();
      } catch (...) {
        entries_.erase(key);
        last_ = nullptr;
        throw;
      }
    }
    last_ = kept.get();
    last_key_ = key;
    return *last_;
  }

 private:
  static constexpr size_t kMostEntries = 1024;
  std::unordered_map<Key, std::unique_ptr<Entry>, KeyHash> entries_;
  Key last_key_{};
  Entry *last_ = nullptr;
};

// Null if `body` runs through, else what it threw in words, which last until the next call on this thread. Where it
// was memory that it lacked the process ends as it does for our own kernels.
template <typename Body>
const char *InWords(const Body &body) {
  thread_local std::string failure;
  try {
    body();
    return nullptr;
  } catch (const std::bad_alloc &) {
    EndWithoutMemory(0);
  } catch (const dnnl::error &error) {
    if (error.status == dnnl_out_of_memory) EndWithoutMemory(0);
    failure = error.what();
    return failure.c_str();
  } catch (const std::exception &error) {
    failure = error.what();
    return failure.c_str();
  }
}

}  // namespace adjoint
