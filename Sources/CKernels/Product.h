// One small matrix product, as its loops take it.
#pragma once

#include <cstdint>

namespace adjoint {

struct Product {
  int64_t m, n, k;
  const float *a;
  int64_t a_row, a_column;  // strides of op(A) in elements
  const float *b;
  int64_t b_row;  // stride between rows of B as stored
  const float *bias;  // of columns
  bool relu;
  float *c;
  const float *row_bias = nullptr;
};

}  // namespace adjoint
