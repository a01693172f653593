// Products of two batches of matrices that are small each, one after the other or on several threads.
// sizes = {batch, m, n, k, A transposed, B transposed}; C is [batch, m, n].

#include "Parallel.h"
#include "Registry.h"

namespace adjoint {
namespace {

struct Batch {
  int64_t count, m, n, k;
  bool transpose_a, transpose_b;

  explicit Batch(const Arguments *arguments)
      : count(arguments->sizes[0]), m(arguments->sizes[1]), n(arguments->sizes[2]), k(arguments->sizes[3]),
        transpose_a(arguments->sizes[4] != 0), transpose_b(arguments->sizes[5] != 0) {}
};

// Calls multiply(a, b, c) for the matrices of each. They are shared out as they are, so that the result does not depend
// on the threads; where a thread would get too little, a product may be shared out itself.
template <typename Element, typename Multiply>
void ForEach(const Arguments *arguments, const Batch &batch, const Multiply &multiply) {
  const auto *a = input<Element>(arguments, 0), *b = input<Element>(arguments, 1);
  auto *c = output<Element>(arguments, 0);
  const double multiplications = static_cast<double>(batch.count) * batch.m * batch.n * batch.k;
  const auto worth = static_cast<int64_t>(multiplications / MultiplicationGrain());
  const int64_t parts = std::max<int64_t>(1, std::min({worth, batch.count, int64_t{team_threads}}));
  ParallelFor(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = batch.count * begin / parts; i < batch.count * end / parts; ++i) {
      multiply(a + i * batch.m * batch.k, b + i * batch.k * batch.n, c + i * batch.m * batch.n);
    }
  });
}

void BatchedMatmul_float32(const Arguments *arguments) {
  const Batch s(arguments);
  ForEach<float>(arguments, s, [&](const float *a, const float *b, float *c) {
    adjoint_small_matmul(s.m, s.n, s.k, a, s.transpose_a, b, s.transpose_b, nullptr, false, c);
  });
}

void BatchedMatmul_float64(const Arguments *arguments) {
  const Batch s(arguments);
  const int64_t a_row = s.transpose_a ? 1 : s.k, a_column = s.transpose_a ? s.m : 1;
  const int64_t b_row = s.transpose_b ? 1 : s.n, b_column = s.transpose_b ? s.k : 1;
  ForEach<double>(arguments, s, [&](const double *a, const double *b, double *c) {
    std::fill(c, c + s.m * s.n, 0.0);
    for (int64_t row = 0; row < s.m; ++row) {
      for (int64_t step = 0; step < s.k; ++step) {
        const double factor = a[row * a_row + step * a_column];
        for (int64_t column = 0; column < s.n; ++column) {
          c[row * s.n + column] += factor * b[step * b_row + column * b_column];
        }
      }
    }
  });
}

const Registration enter_batched_matmul("batched_matmul", BatchedMatmul_float32, BatchedMatmul_float64);

}  // namespace
}  // namespace adjoint
