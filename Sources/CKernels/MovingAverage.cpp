// The centred moving average of rows whose ends are repeated.
// sizes = {rows, length, window}, the window odd.

#include <algorithm>
#include <utility>

#include "Parallel.h"
#include "Registry.h"
#include "Workspace.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "MovingAverage.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// y = a + b; y is neither of them.
HWY_INLINE void AddRows(const float *HWY_RESTRICT a, const float *HWY_RESTRICT b,
                        float *HWY_RESTRICT y, int64_t count) {
  for (int64_t index = 0; index < count; ++index) y[index] = a[index] + b[index];
}

// Sums of 1, 2, 4 … neighbours, each made of two of the ones before; those that are the window's binary
// digits are added up. For a window of 25 these are seven passes instead of twenty-five, and no sum is
// carried along the row, so that no rounding error is either.
HWY_INLINE void AverageRow(const float *x, float *HWY_RESTRICT y, int64_t length, int64_t window,
                           float *scratch) {
  const int64_t half = window / 2, padded = length + 2 * half;
  float *sums = scratch, *next = scratch + padded;
  std::fill(sums, sums + half, x[0]);
  std::copy(x, x + length, sums + half);
  std::fill(sums + half + length, sums + padded, x[length - 1]);
  std::copy(sums, sums + length, y);  // an odd window's lowest digit
  int64_t done = 1;
  for (int64_t width = 1; 2 * width <= window; width *= 2) {
    AddRows(sums, sums + width, next, padded - 2 * width + 1);
    std::swap(sums, next);
    if ((window & (2 * width)) == 0) continue;
    const float *HWY_RESTRICT part = sums + done;
    for (int64_t index = 0; index < length; ++index) y[index] += part[index];
    done += 2 * width;
  }
  const float scale = 1.0f / static_cast<float>(window);
  for (int64_t index = 0; index < length; ++index) y[index] *= scale;
}

void MovingAverage_float32(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], length = arguments->sizes[1];
  const int64_t window = arguments->sizes[2], padded = length + window - 1;
  const float *x = input<float>(arguments, 0);
  float *y = output<float>(arguments, 0);
  ParallelFor(rows, ElementGrain() / padded + 1, [&](int64_t begin, int64_t end) HWY_ATTR {
    const Scratch<float> scratch(2 * padded);
    for (int64_t row = begin; row < end; ++row) {
      AverageRow(x + row * length, y + row * length, length, window, scratch.data());
    }
  });
}

void MovingAverage_float64(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], length = arguments->sizes[1];
  const int64_t window = arguments->sizes[2], half = window / 2;
  const double *x = input<double>(arguments, 0);
  double *y = output<double>(arguments, 0);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t index = 0; index < length; ++index) {
      double sum = 0;
      for (int64_t near = index - half; near <= index + half; ++near) {
        sum += x[row * length + std::clamp<int64_t>(near, 0, length - 1)];
      }
      y[row * length + index] = sum / static_cast<double>(window);
    }
  }
}

// dx[clamp(j + o)] += dy[j] / window for every offset o of the window; dx is not dy.
template <typename T>
HWY_INLINE void Spread(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], length = arguments->sizes[1];
  const int64_t window = arguments->sizes[2], half = window / 2;
  const T *dy = input<T>(arguments, 0);
  T *dx = output<T>(arguments, 0);
  const T scale = T{1} / static_cast<T>(window);
  ParallelFor(rows, ElementGrain() / (length * window) + 1, [&](int64_t begin, int64_t end) HWY_ATTR {
    std::fill(dx + begin * length, dx + end * length, T{0});
    for (int64_t row = begin; row < end; ++row) {
      T *to = dx + row * length;
      for (int64_t index = 0; index < length; ++index) {
        const T slope = dy[row * length + index] * scale;
        const int64_t first = std::max<int64_t>(index - half, 0);
        const int64_t last = std::min<int64_t>(index + half, length - 1);
        for (int64_t near = first; near <= last; ++near) to[near] += slope;
        to[0] += static_cast<T>(first - (index - half)) * slope;
        to[length - 1] += static_cast<T>(index + half - last) * slope;
      }
    }
  });
}

void MovingAveragePullback_float32(const Arguments *arguments) { Spread<float>(arguments); }
void MovingAveragePullback_float64(const Arguments *arguments) { Spread<double>(arguments); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL(moving_average, MovingAverage)
ADJOINT_ENTER_KERNEL(moving_average_pullback, MovingAveragePullback)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
