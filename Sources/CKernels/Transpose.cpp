// Transposes of matrices that lie one after the other. sizes = {rows, columns of x, matrices}.

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "Transpose.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

template <typename T>
HWY_INLINE void TransposeMatrices(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], columns = arguments->sizes[1];
  const T *x = input<T>(arguments, 0);
  T *y = output<T>(arguments, 0);
  const int64_t strips = (columns + kTile - 1) / kTile;
  const int64_t grain = ElementGrain() / (kTile * std::max<int64_t>(1, rows)) + 1;
  ParallelFor(strips * arguments->sizes[2], grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t strip = begin; strip < end; ++strip) {
      const int64_t offset = strip / strips * rows * columns;
      const int64_t first = strip % strips * kTile, last = std::min(first + kTile, columns);
      TransposeStrip(x + offset, y + offset, rows, columns, first, last);
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
