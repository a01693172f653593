// Transposes of float matrices, four columns at a time in registers. Included once for each instruction set.

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

#if HWY_ARCH_X86
using WidestTag = FloatTag;
#else
using WidestTag = hn::Full128<float>;
#endif
using NarrowTag = hn::Full128<float>;

// Four elements from every so many rows, until the vector is full.
template <class D>
HWY_INLINE hn::Vec<D> LoadFours(D d, const float *from, int64_t stride) {
  if constexpr (hn::MaxLanes(D()) == 4) {
    return hn::LoadU(d, from);
  } else {
    const hn::Half<D> half;
    const float *upper = from + static_cast<int64_t>(hn::MaxLanes(half) / 4) * stride;
    return hn::Combine(d, LoadFours(half, upper, stride), LoadFours(half, from, stride));
  }
}

// Four columns of as many rows as a vector has elements, in registers: pairs of floats first, then pairs of pairs.
template <class D>
HWY_INLINE void TransposeFour(D d, const float *x, int64_t columns, float *y, int64_t rows) {
  const hn::Repartition<double, D> pairs;
  const int64_t stride = 4 * columns;
  const auto a = LoadFours(d, x, stride), b = LoadFours(d, x + columns, stride);
  const auto c = LoadFours(d, x + 2 * columns, stride), e = LoadFours(d, x + 3 * columns, stride);
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

// As many rows as a vector has elements, from `row` on while they last; returns the first that is left.
template <class D>
HWY_INLINE int64_t TransposeRows(D d, const float *x, float *y, int64_t rows, int64_t columns,
                                 int64_t row, int64_t last_row, int64_t first_column,
                                 int64_t last_column) {
  constexpr auto kRows = static_cast<int64_t>(hn::MaxLanes(D()));
  for (; row + kRows <= last_row; row += kRows) {
    for (int64_t column = first_column; column < last_column; column += 4) {
      TransposeFour(d, x + row * columns + column, columns, y + column * rows + row, rows);
    }
  }
  return row;
}

HWY_INLINE void TransposeTile(const float *x, float *y, int64_t rows, int64_t columns,
                              int64_t first_row, int64_t last_row, int64_t first_column,
                              int64_t last_column) {
  const int64_t whole_columns = first_column + (last_column - first_column) / 4 * 4;
  int64_t row = TransposeRows(WidestTag(), x, y, rows, columns, first_row, last_row, first_column,
                              whole_columns);
  row = TransposeRows(NarrowTag(), x, y, rows, columns, row, last_row, first_column, whole_columns);
  TransposePart(x, y, rows, columns, row, last_row, first_column, whole_columns);
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
