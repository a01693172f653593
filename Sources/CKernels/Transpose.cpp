// Transposes of matrices that lie one after the other. sizes = {rows, columns of x, matrices}.

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "Transpose.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

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

template <typename T>
HWY_INLINE void TransposeMatrices(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], columns = arguments->sizes[1];
  const T *x = input<T>(arguments, 0);
  T *y = output<T>(arguments, 0);
  const int64_t strips = (columns + kTile - 1) / kTile;
  const int64_t grain = kElementGrain / (kTile * std::max<int64_t>(1, rows)) + 1;
  ParallelFor(strips * arguments->sizes[2], grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t strip = begin; strip < end; ++strip) {
      const int64_t offset = strip / strips * rows * columns;
      const int64_t first = strip % strips * kTile, last = std::min(first + kTile, columns);
      for (int64_t row = 0; row < rows; row += kTile) {
        TransposeTile(x + offset, y + offset, rows, columns, row, std::min(row + kTile, rows),
                      first, last);
      }
    }
  });
}

void TransposeMatrix_float32(const Arguments *arguments) { TransposeMatrices<float>(arguments); }
void TransposeMatrix_float64(const Arguments *arguments) { TransposeMatrices<double>(arguments); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL(transpose_matrix, TransposeMatrix)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
