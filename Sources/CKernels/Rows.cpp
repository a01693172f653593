// A row added to every row of a matrix: y[r, c] = x[r, c] + row[c], and max(·, 0) of it if sizes[2] is 1.
// sizes = {rows, columns, rectify}. inputs: x, row.

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "Rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

HWY_INLINE FloatVector RectifyIf(bool rectify, FloatTag d, FloatVector x) {
  return rectify ? Rectified(d, x) : x;
}

void AddRow_float32(const Arguments *arguments) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t columns = arguments->sizes[1];
  const bool rectify = arguments->sizes[2] == 1;
  const float *x = input<float>(arguments, 0);
  const float *row = input<float>(arguments, 1);
  float *y = output<float>(arguments, 0);
  const int64_t grain = ElementGrain() / std::max<int64_t>(1, columns) + 1;
  ParallelFor(arguments->sizes[0], grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t line = begin; line < end; ++line) {
      const float *from = x + line * columns;
      float *to = y + line * columns;
      int64_t column = 0;
      for (; column + lanes <= columns; column += lanes) {
        const auto sum = hn::Add(hn::LoadU(d, from + column), hn::LoadU(d, row + column));
        hn::StoreU(RectifyIf(rectify, d, sum), d, to + column);
      }
      if (column < columns) {
        const auto rest = static_cast<size_t>(columns - column);
        const auto sum =
            hn::Add(LoadFirst(d, from + column, rest), LoadFirst(d, row + column, rest));
        StoreFirst(d, RectifyIf(rectify, d, sum), to + column, rest);
      }
    }
  });
}

void AddRow_float64(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], columns = arguments->sizes[1];
  const bool rectify = arguments->sizes[2] == 1;
  const double *x = input<double>(arguments, 0);
  const double *row = input<double>(arguments, 1);
  double *y = output<double>(arguments, 0);
  for (int64_t line = 0; line < rows; ++line) {
    for (int64_t column = 0; column < columns; ++column) {
      const double sum = x[line * columns + column] + row[column];
      y[line * columns + column] = rectify && sum <= 0 ? 0.0 : sum;
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL(add_row, AddRow)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
