// Sums and maxima. An axis reduction sees its input as [outer, axis, inner]:
// sizes = {outer, axis, inner}, output [outer, inner].


#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "Reduce.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// Sums of this many floats, 128 for each lane, are added up in double: the error does not grow with the
// length, nor with narrow vectors.
constexpr int64_t kSumBlock = 128 * HWY_MAX_BYTES / sizeof(float);

HWY_INLINE float SumBlock(const float *x, int64_t count) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
  int64_t index = 0;
  for (; index + 4 * lanes <= count; index += 4 * lanes) {
    s0 = hn::Add(s0, hn::LoadU(d, x + index));
    s1 = hn::Add(s1, hn::LoadU(d, x + index + lanes));
    s2 = hn::Add(s2, hn::LoadU(d, x + index + 2 * lanes));
    s3 = hn::Add(s3, hn::LoadU(d, x + index + 3 * lanes));
  }
  for (; index + lanes <= count; index += lanes) s0 = hn::Add(s0, hn::LoadU(d, x + index));
  if (index < count) s1 = hn::Add(s1, LoadFirst(d, x + index, static_cast<size_t>(count - index)));
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
}

HWY_INLINE double SumFloats(const float *x, int64_t count) {
  double sum = 0;
  for (int64_t index = 0; index < count; index += kSumBlock) {
    sum += static_cast<double>(SumBlock(x + index, std::min(kSumBlock, count - index)));
  }
  return sum;
}

// Σ x², for norms.
HWY_INLINE double SumSquares(const float *x, int64_t count) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  double sum = 0;
  for (int64_t block = 0; block < count; block += kSumBlock) {
    const int64_t end = std::min(block + kSumBlock, count);
    auto s0 = hn::Zero(d), s1 = hn::Zero(d);
    int64_t index = block;
    for (; index + 2 * lanes <= end; index += 2 * lanes) {
      const auto v0 = hn::LoadU(d, x + index);
      const auto v1 = hn::LoadU(d, x + index + lanes);
      s0 = hn::MulAdd(v0, v0, s0);
      s1 = hn::MulAdd(v1, v1, s1);
    }
    for (; index < end; index += lanes) {
      const auto v = LoadFirst(d, x + index, static_cast<size_t>(std::min(lanes, end - index)));
      s0 = hn::MulAdd(v, v, s0);
    }
    const float part = hn::GetLane(hn::SumOfLanes(d, hn::Add(s0, s1)));
    if (HWY_LIKELY(std::isfinite(part))) {
      sum += static_cast<double>(part);
    } else {
      // The squares may have left the range of a float, though the elements have not.
      for (index = block; index < end; ++index) sum += static_cast<double>(x[index]) * static_cast<double>(x[index]);
    }
  }
  return sum;
}

// outputs[0]: one element. scalars[0] multiplies the sum.
void SumAll_float32(const Arguments *arguments) {
  *output<float>(arguments, 0) = static_cast<float>(
      SumFloats(input<float>(arguments, 0), arguments->sizes[0]) * arguments->scalars[0]);
}

void SumAll_float64(const Arguments *arguments) {
  const double *x = input<double>(arguments, 0);
  double sum = 0;
  for (int64_t index = 0; index < arguments->sizes[0]; ++index) sum += x[index];
  *output<double>(arguments, 0) = sum * arguments->scalars[0];
}

// outputs[0]: Σ x² as a double in both precisions.
void SumSquares_float32(const Arguments *arguments) {
  *output<double>(arguments, 0) = SumSquares(input<float>(arguments, 0), arguments->sizes[0]);
}

void SumSquares_float64(const Arguments *arguments) {
  const double *x = input<double>(arguments, 0);
  double sum = 0;
  for (int64_t index = 0; index < arguments->sizes[0]; ++index) sum += x[index] * x[index];
  *output<double>(arguments, 0) = sum;
}

// A sum of blocks that remembers what rounding took from it (Kahan, doi:10.1145/363707.363723).
struct CompensatedSum {
  FloatVector sum, excess;

  HWY_INLINE void Add(FloatVector block) {
    const auto corrected = hn::Sub(block, excess);
    const auto next = hn::Add(sum, corrected);
    excess = hn::Sub(hn::Sub(next, sum), corrected);
    // Infinity less infinity: there is nothing to remember.
    excess = hn::IfThenZeroElse(hn::IsNaN(excess), excess);
    sum = next;
  }
};

// `kVectors` vectors of columns, of which only `width` columns of a single one are there if it is not
// whole: rows go by, sums stay in registers. As in SumFloats, a long axis is added up in blocks.
template <int kVectors, bool kWhole>
HWY_INLINE void SumColumnBlock(const float *x, float *y, int64_t axis, int64_t inner,
                               FloatVector factor, size_t width) {
  constexpr int64_t kRowsOfBlock = 128;
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  CompensatedSum totals[kVectors];
  for (auto &total : totals) total = {hn::Zero(d), hn::Zero(d)};
  for (int64_t first = 0; first < axis; first += kRowsOfBlock) {
    FloatVector sums[kVectors];
    for (auto &sum : sums) sum = hn::Zero(d);
    const float *row = x + first * inner;
    for (int64_t step = first; step < std::min(first + kRowsOfBlock, axis); ++step, row += inner) {
      for (int vector = 0; vector < kVectors; ++vector) {
        sums[vector] = hn::Add(sums[vector], kWhole ? hn::LoadU(d, row + vector * lanes)
                                                    : LoadFirst(d, row, width));
      }
    }
    for (int vector = 0; vector < kVectors; ++vector) totals[vector].Add(sums[vector]);
  }
  for (int vector = 0; vector < kVectors; ++vector) {
    const auto value = hn::Mul(totals[vector].sum, factor);
    if (kWhole) {
      hn::StoreU(value, d, y + vector * lanes);
    } else {
      StoreFirst(d, value, y, width);
    }
  }
}

HWY_INLINE void SumColumns(const float *x, float *y, int64_t axis, int64_t inner, float scale) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto factor = hn::Set(d, scale);
  int64_t column = 0;
  for (; column + 4 * lanes <= inner; column += 4 * lanes) {
    SumColumnBlock<4, true>(x + column, y + column, axis, inner, factor, 0);
  }
  for (; column < inner; column += lanes) {
    const auto width = static_cast<size_t>(std::min(lanes, inner - column));
    SumColumnBlock<1, false>(x + column, y + column, axis, inner, factor, width);
  }
}

// A short row, lane by lane.
HWY_INLINE FloatVector SumLanes(const float *x, int64_t count) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto sum = hn::Zero(d);
  int64_t index = 0;
  for (; index + lanes <= count; index += lanes) sum = hn::Add(sum, hn::LoadU(d, x + index));
  if (index < count) sum = hn::Add(sum, LoadFirst(d, x + index, static_cast<size_t>(count - index)));
  return sum;
}

// Sums of rows; of short ones four at a time, whose lanes are added up together. Which four does not matter to a sum.
HWY_INLINE void SumRows(const float *x, float *y, int64_t rows, int64_t columns, float scale) {
  const FloatTag d;
  const hn::Full128<float> four;
  if (columns > 8 * static_cast<int64_t>(hn::Lanes(d))) {
    for (int64_t row = 0; row < rows; ++row) {
      y[row] = static_cast<float>(SumFloats(x + row * columns, columns)) * scale;
    }
    return;
  }
  for (int64_t row = 0; row < rows; row += 4) {
    const auto sum = [&](int64_t index) HWY_ATTR {
      return SumLanes(x + std::min(row + index, rows - 1) * columns, columns);
    };
    float sums[4];
    hn::StoreU(hn::Mul(SumsOfFour(d, sum(0), sum(1), sum(2), sum(3)), hn::Set(four, scale)), four, sums);
    std::memcpy(y + row, sums, static_cast<size_t>(std::min<int64_t>(4, rows - row)) * sizeof(float));
  }
}

// y[o, i] = scalars[0] · Σ_a x[o, a, i]
void SumAxis_float32(const Arguments *arguments) {
  const int64_t outer = arguments->sizes[0], axis = arguments->sizes[1], inner = arguments->sizes[2];
  const float *x = input<float>(arguments, 0);
  float *y = output<float>(arguments, 0);
  const auto scale = static_cast<float>(arguments->scalars[0]);
  const int64_t grain = ElementGrain() / std::max<int64_t>(1, axis * inner) + 1;
  ParallelFor(outer, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    if (inner == 1) return SumRows(x + begin * axis, y + begin, end - begin, axis, scale);
    for (int64_t row = begin; row < end; ++row) {
      SumColumns(x + row * axis * inner, y + row * inner, axis, inner, scale);
    }
  });
}

void SumAxis_float64(const Arguments *arguments) {
  const int64_t outer = arguments->sizes[0], axis = arguments->sizes[1], inner = arguments->sizes[2];
  const double *x = input<double>(arguments, 0);
  double *y = output<double>(arguments, 0);
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      double sum = 0;
      for (int64_t a = 0; a < axis; ++a) sum += x[(o * axis + a) * inner + i];
      y[o * inner + i] = sum * arguments->scalars[0];
    }
  }
}

// The pullback of a sum along an axis: dx[o, a, i] = scalars[0] · dy[o, i]
template <typename T>
HWY_INLINE void SpreadAxis(const Arguments *arguments) {
  const int64_t outer = arguments->sizes[0], axis = arguments->sizes[1], inner = arguments->sizes[2];
  const T *dy = input<T>(arguments, 0);
  T *dx = output<T>(arguments, 0);
  const auto scale = static_cast<T>(arguments->scalars[0]);
  const int64_t grain = ElementGrain() / std::max<int64_t>(1, axis * inner) + 1;
  ParallelFor(outer, grain, [=](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t row = begin; row < end; ++row) {
      T *to = dx + row * axis * inner;
      if (inner == 1) {
        std::fill(to, to + axis, dy[row] * scale);
        continue;
      }
      const T *from = dy + row * inner;
      for (int64_t step = 0; step < axis; ++step, to += inner) {
        for (int64_t i = 0; i < inner; ++i) to[i] = from[i] * scale;
      }
    }
  });
}

void SpreadAxis_float32(const Arguments *arguments) { SpreadAxis<float>(arguments); }
void SpreadAxis_float64(const Arguments *arguments) { SpreadAxis<double>(arguments); }

// outputs: maxima [outer, inner]; positions of the first maximum along the axis, int32 [outer, inner].
// NaN counts as larger than every number, as in NumPy and PyTorch.
template <typename T>
void MaximumAxis(const Arguments *arguments) {
  const int64_t outer = arguments->sizes[0], axis = arguments->sizes[1], inner = arguments->sizes[2];
  const T *x = input<T>(arguments, 0);
  T *y = output<T>(arguments, 0);
  int32_t *position = output<int32_t>(arguments, 1);
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      const T *from = x + o * axis * inner + i;
      T best = from[0];
      int32_t where = 0;
      for (int64_t a = 1; a < axis && best == best; ++a) {
        const T value = from[a * inner];
        if (value > best || value != value) {
          best = value;
          where = static_cast<int32_t>(a);
        }
      }
      y[o * inner + i] = best;
      position[o * inner + i] = where;
    }
  }
}

void MaximumAxis_float32(const Arguments *arguments) { MaximumAxis<float>(arguments); }
void MaximumAxis_float64(const Arguments *arguments) { MaximumAxis<double>(arguments); }

// dx[o, a, i] = dy[o, i] where a is the position of the maximum, else 0.
// inputs: dy, positions.
template <typename T>
void MaximumPullback(const Arguments *arguments) {
  const int64_t outer = arguments->sizes[0], axis = arguments->sizes[1], inner = arguments->sizes[2];
  const T *dy = input<T>(arguments, 0);
  const int32_t *position = input<int32_t>(arguments, 1);
  T *dx = output<T>(arguments, 0);
  std::memset(dx, 0, static_cast<size_t>(outer * axis * inner) * sizeof(T));
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      dx[(o * axis + position[o * inner + i]) * inner + i] = dy[o * inner + i];
    }
  }
}

void MaximumPullback_float32(const Arguments *arguments) { MaximumPullback<float>(arguments); }
void MaximumPullback_float64(const Arguments *arguments) { MaximumPullback<double>(arguments); }

// outputs (float64 {count of non-finite elements, least finite, greatest finite}).
template <typename T>
void FiniteRange(const Arguments *arguments) {
  const T *x = input<T>(arguments, 0);
  double *found = output<double>(arguments, 0);
  double bad = 0;
  double least = std::numeric_limits<double>::infinity();
  double greatest = -least;
  for (int64_t index = 0; index < arguments->sizes[0]; ++index) {
    const auto value = static_cast<double>(x[index]);
    if (!std::isfinite(value)) {
      bad += 1;
    } else {
      least = std::min(least, value);
      greatest = std::max(greatest, value);
    }
  }
  found[0] = bad;
  found[1] = least;
  found[2] = greatest;
}

void FiniteRange_float32(const Arguments *arguments) { FiniteRange<float>(arguments); }
void FiniteRange_float64(const Arguments *arguments) { FiniteRange<double>(arguments); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL(sum_all, SumAll)
ADJOINT_ENTER_KERNEL(sum_squares, SumSquares)
ADJOINT_ENTER_KERNEL(sum_axis, SumAxis)
ADJOINT_ENTER_KERNEL(spread_axis, SpreadAxis)
ADJOINT_ENTER_KERNEL(maximum_axis, MaximumAxis)
ADJOINT_ENTER_KERNEL(maximum_pullback, MaximumPullback)
ADJOINT_ENTER_KERNEL(finite_range, FiniteRange)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
