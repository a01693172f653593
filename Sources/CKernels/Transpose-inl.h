// Transposes of float matrices, four by four in registers. Included once for each instruction set.

#include <algorithm>
#include <cstdint>

// clang-format off
#if defined(ADJOINT_TRANSPOSE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ADJOINT_TRANSPOSE_INL_H
#undef ADJOINT_TRANSPOSE_INL_H
#else
#define ADJOINT_TRANSPOSE_INL_H
#endif
// clang-format on

#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {

// Squares of this side stay in the first-level cache.
constexpr int64_t kTile = 32;

// Four rows by four columns, in registers: pairs of floats first, then pairs of pairs.
HWY_INLINE void TransposeFour(const float *x, int64_t columns, float *y, int64_t rows) {
  const hn::Full128<float> d;
  const hn::Repartition<double, decltype(d)> pairs;
  const auto a = hn::LoadU(d, x), b = hn::LoadU(d, x + columns);
  const auto c = hn::LoadU(d, x + 2 * columns), e = hn::LoadU(d, x + 3 * columns);
  const auto ab_low = hn::BitCast(pairs, hn::InterleaveLower(d, a, b));
  const auto ce_low = hn::BitCast(pairs, hn::InterleaveLower(d, c, e));
  const auto ab_high = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b));
  const auto ce_high = hn::BitCast(pairs, hn::InterleaveUpper(d, c, e));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab_low, ce_low)), d, y);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab_low, ce_low)), d, y + rows);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab_high, ce_high)), d, y + 2 * rows);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab_high, ce_high)), d, y + 3 * rows);
}

template <typename T>
HWY_INLINE void TransposePart(const T *x, T *y, int64_t rows, int64_t columns, int64_t first_row,
                              int64_t last_row, int64_t first_column, int64_t last_column) {
  for (int64_t column = first_column; column < last_column; ++column) {
    for (int64_t row = first_row; row < last_row; ++row) {
      y[column * rows + row] = x[row * columns + column];
    }
  }
}

HWY_INLINE void TransposeTile(const float *x, float *y, int64_t rows, int64_t columns,
                              int64_t first_row, int64_t last_row, int64_t first_column,
                              int64_t last_column) {
  const int64_t whole_rows = first_row + (last_row - first_row) / 4 * 4;
  const int64_t whole_columns = first_column + (last_column - first_column) / 4 * 4;
  for (int64_t column = first_column; column < whole_columns; column += 4) {
    for (int64_t row = first_row; row < whole_rows; row += 4) {
      TransposeFour(x + row * columns + column, columns, y + column * rows + row, rows);
    }
  }
  TransposePart(x, y, rows, columns, whole_rows, last_row, first_column, whole_columns);
  TransposePart(x, y, rows, columns, first_row, last_row, whole_columns, last_column);
}

HWY_INLINE void TransposeTile(const double *x, double *y, int64_t rows, int64_t columns,
                              int64_t first_row, int64_t last_row, int64_t first_column,
                              int64_t last_column) {
  TransposePart(x, y, rows, columns, first_row, last_row, first_column, last_column);
}

// Columns first ..< last of x, which are rows of y.
template <typename T>
HWY_INLINE void TransposeStrip(const T *x, T *y, int64_t rows, int64_t columns, int64_t first,
                               int64_t last) {
  for (int64_t row = 0; row < rows; row += kTile) {
    TransposeTile(x, y, rows, columns, row, std::min(row + kTile, rows), first, last);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
