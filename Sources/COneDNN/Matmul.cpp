#include <algorithm>
#include <optional>
#include <vector>

#include "COneDNN.h"
#include "Engine.h"
#include "Shares.h"
#include "Workspace.h"

namespace {

using adjoint::Engine;
using Key = adjoint::Key<5>;

// Some rows or columns of a product.
struct Share {
  dnnl::stream stream{Engine()};
  dnnl::matmul primitive;
  dnnl::memory a, b, bias, c;
  std::unordered_map<int, dnnl::memory> arguments;
  int64_t row = 0, rows = 0, column = 0, columns = 0;
};

struct Product {
  std::vector<Share> shares;
  // Of columns that are computed by themselves and put into their places afterwards; 0 where they lie there at once.
  size_t own_bytes = 0;
};

struct PerThread {
  adjoint::PrimitiveCache<Key, Product> products;
  adjoint::Workspace workspace;
};

// Some of the products of a batch.
struct BatchShare {
  dnnl::stream stream{Engine()};
  dnnl::matmul primitive;
  dnnl::memory a, b, c;
  std::unordered_map<int, dnnl::memory> arguments;
  int64_t first = 0;
};

using BatchKey = adjoint::Key<6>;
using BatchShares = std::vector<BatchShare>;

// What is multiplied.
struct Shape {
  int64_t m, n, k;
  adjoint_product_type type;
  bool transpose_a, transpose_b, bias;

  int64_t OperandBytes() const { return type == adjoint_float32 ? 4 : 2; }
  int64_t ResultBytes() const { return type == adjoint_bfloat16 ? 2 : 4; }
};

Share MakeShare(const Shape &s, int64_t row, int64_t rows, int64_t column, int64_t columns,
                bool is_own) {
  using dnnl::memory;
  constexpr auto single = memory::data_type::f32, half = memory::data_type::bf16;
  const auto operand = s.type == adjoint_float32 ? single : half;
  const auto result = s.type == adjoint_bfloat16 ? half : single;
  const memory::desc a({rows, s.k}, operand,
                       s.transpose_a ? memory::dims{1, s.m} : memory::dims{s.k, 1});
  const memory::desc b({s.k, columns}, operand,
                       s.transpose_b ? memory::dims{1, s.k} : memory::dims{s.n, 1});
  const memory::desc c({rows, columns}, result, memory::dims{is_own ? columns : s.n, 1});
  const memory::desc bias({1, columns}, single, memory::dims{columns, 1});
  const auto description = s.bias ? dnnl::matmul::primitive_desc(Engine(), a, b, bias, c)
                                  : dnnl::matmul::primitive_desc(Engine(), a, b, c);
  Share share;
  share.primitive = dnnl::matmul(description);
  share.a = memory(a, Engine(), nullptr);
  share.b = memory(b, Engine(), nullptr);
  share.c = memory(c, Engine(), nullptr);
  share.arguments = {
      {DNNL_ARG_SRC, share.a}, {DNNL_ARG_WEIGHTS, share.b}, {DNNL_ARG_DST, share.c}};
  if (s.bias) {
    share.bias = memory(bias, Engine(), nullptr);
    share.arguments[DNNL_ARG_BIAS] = share.bias;
  }
  share.row = row;
  share.rows = rows;
  share.column = column;
  share.columns = columns;
  return share;
}

// The longer side of the result is cut.
std::unique_ptr<Product> Make(const Shape &s) {
  // Rows as the kernels take them, columns in whole cache lines.
  constexpr int64_t kRows = 4, kColumns = 16;
  const int64_t threads = adjoint::team_threads;
  // oneDNN's best kernel where B is transposed, brgemm, does not write to some columns of a wider result. It is worth
  // a copy of them where they are many (470 instead of 415 GFLOP/s for 200×3072 by 3072×2000 on two cores).
  const bool by_rows = s.transpose_b ? 2 * s.m > s.n : s.m >= s.n;
  const int64_t side = by_rows ? s.m : s.n, unit = by_rows ? kRows : kColumns;
  const int64_t chunk = ((side + threads - 1) / threads + unit - 1) / unit * unit;
  auto product = std::make_unique<Product>();
  const bool is_own = !by_rows && s.transpose_b && chunk < side;
  if (is_own) product->own_bytes = (s.m * chunk * s.ResultBytes() + 63) / 64 * 64;
  std::optional<adjoint::OneThread> one;
  if (chunk < side) {
    one.emplace();
  } else {
    adjoint::ReleaseTeam();
  }
  for (int64_t begin = 0; begin < side; begin += chunk) {
    const int64_t length = std::min(chunk, side - begin);
    product->shares.push_back(by_rows ? MakeShare(s, begin, length, 0, s.n, false)
                                      : MakeShare(s, 0, s.m, begin, length, is_own));
  }
  return product;
}

BatchShare MakeBatchShare(const Shape &s, int64_t first, int64_t count) {
  using dnnl::memory;
  constexpr auto single = memory::data_type::f32, half = memory::data_type::bf16;
  const auto operand = s.type == adjoint_float32 ? single : half;
  const auto result = s.type == adjoint_bfloat16 ? half : single;
  const int64_t of_a = s.m * s.k, of_b = s.k * s.n, of_c = s.m * s.n;
  const memory::desc a({count, s.m, s.k}, operand,
                       s.transpose_a ? memory::dims{of_a, 1, s.m} : memory::dims{of_a, s.k, 1});
  const memory::desc b({count, s.k, s.n}, operand,
                       s.transpose_b ? memory::dims{of_b, 1, s.k} : memory::dims{of_b, s.n, 1});
  const memory::desc c({count, s.m, s.n}, result, memory::dims{of_c, s.n, 1});
  BatchShare share;
  share.primitive = dnnl::matmul(dnnl::matmul::primitive_desc(Engine(), a, b, c));
  share.a = memory(a, Engine(), nullptr);
  share.b = memory(b, Engine(), nullptr);
  share.c = memory(c, Engine(), nullptr);
  share.arguments = {
      {DNNL_ARG_SRC, share.a}, {DNNL_ARG_WEIGHTS, share.b}, {DNNL_ARG_DST, share.c}};
  share.first = first;
  return share;
}

// The batch is cut.
std::unique_ptr<BatchShares> MakeBatch(const Shape &s, int64_t batch) {
  const int64_t threads = adjoint::team_threads;
  auto shares = std::make_unique<BatchShares>();
  std::optional<adjoint::OneThread> one;
  if (threads > 1) {
    one.emplace();
  } else {
    adjoint::ReleaseTeam();
  }
  for (int64_t part = 0; part < threads; ++part) {
    const int64_t first = batch * part / threads;
    shares->push_back(MakeBatchShare(s, first, batch * (part + 1) / threads - first));
  }
  return shares;
}

// Own columns to where they belong in the result, whose rows are `pitch` bytes.
void CopyToPlace(const Share &share, int64_t pitch, int64_t element, char *c) {
  const auto *from = static_cast<const char *>(share.c.get_data_handle());
  const int64_t length = share.columns * element;
  for (int64_t row = 0; row < share.rows; ++row, from += length) {
    std::memcpy(c + row * pitch + share.column * element, from, length);
  }
}

}  // namespace

extern "C" {

const char *adjoint_onednn_matmul(int64_t m, int64_t n, int64_t k, adjoint_product_type type,
                                  const void *a, bool transpose_a, const void *b, bool transpose_b,
                                  const float *bias, void *c) {
  thread_local PerThread local;
  return adjoint::InWords([&] {
    const Shape shape{m, n, k, type, transpose_a, transpose_b, bias != nullptr};
    // A primitive is made for a number of threads.
    const Key key{{m, n, k, adjoint::team_threads,
                   (transpose_a ? 1 : 0) | (transpose_b ? 2 : 0) | (bias != nullptr ? 4 : 0) |
                       static_cast<int64_t>(type) << 3}};
    Product &product = local.products.Find(key, [&] { return Make(shape); });
    const int64_t operand = shape.OperandBytes(), result = shape.ResultBytes();
    auto *const a_bytes = static_cast<char *>(const_cast<void *>(a));
    auto *const b_bytes = static_cast<char *>(const_cast<void *>(b));
    auto *const c_bytes = static_cast<char *>(c);
    auto *own = local.workspace.Take<char>(product.own_bytes * product.shares.size());
    for (Share &share : product.shares) {
      share.a.set_data_handle(a_bytes + share.row * (transpose_a ? 1 : k) * operand);
      share.b.set_data_handle(b_bytes + share.column * (transpose_b ? k : 1) * operand);
      share.c.set_data_handle(
          product.own_bytes > 0 ? own : c_bytes + (share.row * n + share.column) * result);
      own += product.own_bytes;
      if (bias != nullptr) share.bias.set_data_handle(const_cast<float *>(bias) + share.column);
    }
    const auto shares = static_cast<int64_t>(product.shares.size());
    const double multiplications = static_cast<double>(m) * n * k;
    adjoint::RunShares(shares, multiplications, [&](int64_t i) {
      Share &share = product.shares[i];
      share.primitive.execute(share.stream, share.arguments);
      if (product.own_bytes > 0) CopyToPlace(share, n * result, result, c_bytes);
    });
  });
}

const char *adjoint_onednn_batched_matmul(int64_t batch, int64_t m, int64_t n, int64_t k, adjoint_product_type type,
                                          const void *a, bool transpose_a, const void *b, bool transpose_b,
                                          void *c) {
  const Shape shape{m, n, k, type, transpose_a, transpose_b, false};
  const int64_t a_bytes = m * k * shape.OperandBytes(), b_bytes = k * n * shape.OperandBytes();
  const int64_t c_bytes = m * n * shape.ResultBytes();
  auto *const a_first = static_cast<char *>(const_cast<void *>(a));
  auto *const b_first = static_cast<char *>(const_cast<void *>(b));
  auto *const c_first = static_cast<char *>(c);
  // Fewer products than threads: each of them is cut.
  if (batch < adjoint::team_threads) {
    const char *failure = nullptr;
    for (int64_t i = 0; i < batch && failure == nullptr; ++i) {
      failure = adjoint_onednn_matmul(m, n, k, type, a_first + i * a_bytes, transpose_a, b_first + i * b_bytes,
                                      transpose_b, nullptr, c_first + i * c_bytes);
    }
    return failure;
  }
  thread_local adjoint::PrimitiveCache<BatchKey, BatchShares> batches;
  return adjoint::InWords([&] {
    const BatchKey key{{batch, m, n, k, adjoint::team_threads,
                        (transpose_a ? 1 : 0) | (transpose_b ? 2 : 0) | static_cast<int64_t>(type) << 2}};
    BatchShares &shares = batches.Find(key, [&] { return MakeBatch(shape, batch); });
    for (BatchShare &share : shares) {
      share.a.set_data_handle(a_first + share.first * a_bytes);
      share.b.set_data_handle(b_first + share.first * b_bytes);
      share.c.set_data_handle(c_first + share.first * c_bytes);
    }
    const double multiplications = static_cast<double>(batch) * m * n * k;
    adjoint::RunShares(static_cast<int64_t>(shares.size()), multiplications, [&](int64_t i) {
      shares[i].primitive.execute(shares[i].stream, shares[i].arguments);
    });
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
