#include "COneDNN.h"
#include "Engine.h"

namespace {

using adjoint::Engine;
using Key = adjoint::Key<5>;

struct Product {
  dnnl::matmul primitive;
  dnnl::memory a, b, bias, c;
  std::unordered_map<int, dnnl::memory> arguments;
};

struct PerThread {
  dnnl::stream stream{Engine()};
  adjoint::PrimitiveCache<Key, Product> products;
};

std::unique_ptr<Product> MakeProduct(int64_t m, int64_t n, int64_t k, adjoint_product_type type,
                                     bool transpose_a, bool transpose_b, bool bias) {
  using dnnl::memory;
  constexpr auto single = memory::data_type::f32, half = memory::data_type::bf16;
  const auto operand = type == adjoint_float32 ? single : half;
  const auto result = type == adjoint_bfloat16 ? half : single;
  const memory::desc a({m, k}, operand, transpose_a ? memory::dims{1, m} : memory::dims{k, 1});
  const memory::desc b({k, n}, operand, transpose_b ? memory::dims{1, k} : memory::dims{n, 1});
  const memory::desc c({m, n}, result, memory::dims{n, 1});
  const memory::desc row({1, n}, single, memory::dims{n, 1});
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

const char *adjoint_onednn_matmul(int64_t m, int64_t n, int64_t k, adjoint_product_type type,
                                  const void *a, bool transpose_a, const void *b, bool transpose_b,
                                  const float *bias, void *c) {
  thread_local PerThread local;
  return adjoint::InWords([&] {
    // A primitive is made for a number of threads.
    const Key key{{m, n, k, omp_get_max_threads(),
                   (transpose_a ? 1 : 0) | (transpose_b ? 2 : 0) | (bias != nullptr ? 4 : 0) |
                       static_cast<int64_t>(type) << 3}};
    Product &product = local.products.Find(
        key, [&] { return MakeProduct(m, n, k, type, transpose_a, transpose_b, bias != nullptr); });
    product.a.set_data_handle(const_cast<void *>(a));
    product.b.set_data_handle(const_cast<void *>(b));
    product.c.set_data_handle(c);
    if (bias != nullptr) product.bias.set_data_handle(const_cast<float *>(bias));
    product.primitive.execute(local.stream, product.arguments);
  });
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
