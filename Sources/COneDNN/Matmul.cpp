#include <cstring>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>

#include "COneDNN.h"

extern "C" int omp_get_max_threads(void);

namespace {

// All that a primitive depends on but the addresses; it is made for a number of threads. Zero-initialised: it is hashed as bytes.
struct Key {
  int64_t m, n, k;
  int64_t threads;
  int64_t flags;
  bool operator==(const Key &other) const { return std::memcmp(this, &other, sizeof *this) == 0; }
};

struct KeyHash {
  size_t operator()(const Key &key) const {
    auto hash = static_cast<uint64_t>(key.flags);
    for (const int64_t part : {key.m, key.n, key.k, key.threads}) {
      hash = (hash ^ static_cast<uint64_t>(part)) * 0x9E3779B97F4A7C15ULL;
      hash ^= hash >> 29;
    }
    return hash;
  }
};

struct Product {
  dnnl::matmul primitive;
  dnnl::memory a, b, bias, c;
  std::unordered_map<int, dnnl::memory> arguments;
};

dnnl::engine &Engine() {
  static dnnl::engine *const engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

// More shapes than a network has; past this the cache begins anew rather than growing without end.
constexpr size_t kMostProducts = 1024;

// Memory objects carry the addresses of a call, so each thread has its own.
struct PerThread {
  dnnl::stream stream{Engine()};
  std::unordered_map<Key, std::unique_ptr<Product>, KeyHash> products;
  Key last_key{};
  Product *last = nullptr;
};

std::unique_ptr<Product> MakeProduct(const Key &key, bool transpose_a, bool transpose_b, bool bias) {
  using dnnl::memory;
  constexpr auto type = memory::data_type::f32;
  const memory::desc a({key.m, key.k}, type,
                       transpose_a ? memory::dims{1, key.m} : memory::dims{key.k, 1});
  const memory::desc b({key.k, key.n}, type,
                       transpose_b ? memory::dims{1, key.k} : memory::dims{key.n, 1});
  const memory::desc c({key.m, key.n}, type, memory::dims{key.n, 1});
  const memory::desc row({1, key.n}, type, memory::dims{key.n, 1});
  const auto description = bias ? dnnl::matmul::primitive_desc(Engine(), a, b, row, c)
                                : dnnl::matmul::primitive_desc(Engine(), a, b, c);
  auto product = std::make_unique<Product>();
  product->primitive = dnnl::matmul(description);
  product->a = memory(a, Engine(), nullptr);
  product->b = memory(b, Engine(), nullptr);
  product->c = memory(c, Engine(), nullptr);
  product->arguments = {{DNNL_ARG_SRC, product->a},
                        {DNNL_ARG_WEIGHTS, product->b},
                        {DNNL_ARG_DST, product->c}};
  if (bias) {
    product->bias = memory(row, Engine(), nullptr);
    product->arguments[DNNL_ARG_BIAS] = product->bias;
  }
  return product;
}

}  // namespace

extern "C" {

const char *adjoint_onednn_matmul(int64_t m, int64_t n, int64_t k, const float *a, bool transpose_a,
                                  const float *b, bool transpose_b, const float *bias, float *c) {
  thread_local PerThread local;
  thread_local std::string failure;
  try {
    const Key key{m, n, k, omp_get_max_threads(),
                  (transpose_a ? 1 : 0) | (transpose_b ? 2 : 0) | (bias != nullptr ? 4 : 0)};
    Product *product = local.last;
    if (product == nullptr || !(local.last_key == key)) {
      if (local.products.size() >= kMostProducts) local.products.clear();
      auto &kept = local.products[key];
      if (kept == nullptr) kept = MakeProduct(key, transpose_a, transpose_b, bias != nullptr);
      product = kept.get();
      local.last = product;
      local.last_key = key;
    }
    product->a.set_data_handle(const_cast<float *>(a));
    product->b.set_data_handle(const_cast<float *>(b));
    product->c.set_data_handle(c);
    if (bias != nullptr) product->bias.set_data_handle(const_cast<float *>(bias));
    product->primitive.execute(local.stream, product->arguments);
    return nullptr;
  } catch (const std::exception &error) {
    failure = error.what();
    return failure.c_str();
  }
}

const char *adjoint_onednn_version(void) {
  static const std::string text = [] {
    const dnnl_version_t *version = dnnl_version();
    return std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
           std::to_string(version->patch);
  }();
  return text.c_str();
}

}  // extern "C"
