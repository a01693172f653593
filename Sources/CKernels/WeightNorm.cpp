// Weight normalisation: rows v of a weight with their lengths g apart, w = s v with s = g / ‖v‖.
// `factors` is [2, rows]: s, then 1 / ‖v‖.

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "WeightNorm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// Columns that are summed over the rows together: their sums stay in the first-level cache.
constexpr int64_t kColumnBlock = 512;

HWY_INLINE double Dot(const float *a, const float *b, int64_t count) {
  // This many products are added up in float, then in double: the error does not grow with the length.
  constexpr int64_t kBlock = 2048;
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  double sum = 0;
  for (int64_t block = 0; block < count; block += kBlock) {
    const int64_t end = std::min(block + kBlock, count);
    auto s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
    int64_t index = block;
    for (; index + 4 * lanes <= end; index += 4 * lanes) {
      s0 = hn::MulAdd(hn::LoadU(d, a + index), hn::LoadU(d, b + index), s0);
      s1 = hn::MulAdd(hn::LoadU(d, a + index + lanes), hn::LoadU(d, b + index + lanes), s1);
      s2 = hn::MulAdd(hn::LoadU(d, a + index + 2 * lanes), hn::LoadU(d, b + index + 2 * lanes), s2);
      s3 = hn::MulAdd(hn::LoadU(d, a + index + 3 * lanes), hn::LoadU(d, b + index + 3 * lanes), s3);
    }
    for (; index < end; index += lanes) {
      const auto rest = static_cast<size_t>(std::min(lanes, end - index));
      s0 = hn::MulAdd(LoadFirst(d, a + index, rest), LoadFirst(d, b + index, rest), s0);
    }
    sum += static_cast<double>(
        hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)))));
  }
  return sum;
}

HWY_INLINE double Dot(const double *a, const double *b, int64_t count) {
  double sum = 0;
  for (int64_t index = 0; index < count; ++index) sum += a[index] * b[index];
  return sum;
}

int64_t RowGrain(int64_t columns) { return ElementGrain() / std::max<int64_t>(1, columns) + 1; }

// sizes {rows, columns}; inputs v, g; outputs factors.
template <typename T>
void Factors(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], columns = arguments->sizes[1];
  const T *v = input<T>(arguments, 0), *g = input<T>(arguments, 1);
  T *factors = output<T>(arguments, 0);
  ParallelFor(rows, RowGrain(columns), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t row = begin; row < end; ++row) {
      const double inverse = 1 / std::sqrt(Dot(v + row * columns, v + row * columns, columns));
      factors[row] = static_cast<T>(static_cast<double>(g[row]) * inverse);
      factors[rows + row] = static_cast<T>(inverse);
    }
  });
}

// dv = scale dw − along v. Nothing overlaps, which lets the compiler use vectors.
template <typename T>
HWY_INLINE void Combine(int64_t count, T scale, const T *HWY_RESTRICT dw, T along,
                        const T *HWY_RESTRICT v, T *HWY_RESTRICT dv) {
  for (int64_t index = 0; index < count; ++index) dv[index] = scale * dw[index] - along * v[index];
}

// w = s v. sizes {rows, columns}; inputs v, factors; outputs w.
template <typename T>
void ScaleRows(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], columns = arguments->sizes[1];
  const T *v = input<T>(arguments, 0), *factors = input<T>(arguments, 1);
  T *w = output<T>(arguments, 0);
  ParallelFor(rows, RowGrain(columns), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t row = begin; row < end; ++row) {
      const T factor = factors[row];
      for (int64_t index = row * columns; index < (row + 1) * columns; ++index) {
        w[index] = factor * v[index];
      }
    }
  });
}

// dg = (dw · v) / ‖v‖, dv = s dw − (dg s / ‖v‖) v.
// sizes {rows, columns}; inputs dw, v, factors; outputs dv, dg.
template <typename T>
void Pullback(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], columns = arguments->sizes[1];
  const T *dw = input<T>(arguments, 0), *v = input<T>(arguments, 1);
  const T *factors = input<T>(arguments, 2);
  T *dv = output<T>(arguments, 0), *dg = output<T>(arguments, 1);
  ParallelFor(rows, RowGrain(columns), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t row = begin; row < end; ++row) {
      const T scale = factors[row], inverse = factors[rows + row];
      const T length =
          static_cast<T>(Dot(dw + row * columns, v + row * columns, columns)) * inverse;
      const T along = length * scale * inverse;
      dg[row] = length;
      Combine(columns, scale, dw + row * columns, along, v + row * columns, dv + row * columns);
    }
  });
}

// What Pullback does with the lengths alone, where dw · v / s is known as ds: dg = ds / ‖v‖, and what dv has along v,
// dg s / ‖v‖.
// sizes {rows}; inputs factors, ds; outputs dg, along.
template <typename T>
void LengthsPullback(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0];
  const T *factors = input<T>(arguments, 0), *ds = input<T>(arguments, 1);
  T *dg = output<T>(arguments, 0), *along = output<T>(arguments, 1);
  for (int64_t row = 0; row < rows; ++row) {
    const T inverse = factors[rows + row];
    dg[row] = ds[row] * inverse;
    along[row] = dg[row] * factors[row] * inverse;
  }
}

// y = act(z s + b), column by column; the rectifier lets NaN through. inputs[2] may be null: no bias.
// sizes {rows, columns, whether rectified}; inputs z, s, b; outputs y.
template <typename T>
void ScaleColumns(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], columns = arguments->sizes[1];
  const bool rectified = arguments->sizes[2] != 0;
  const T *z = input<T>(arguments, 0), *s = input<T>(arguments, 1), *b = input<T>(arguments, 2);
  T *y = output<T>(arguments, 0);
  ParallelFor(rows, RowGrain(columns), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t row = begin; row < end; ++row) {
      const T *from = z + row * columns;
      T *to = y + row * columns;
      for (int64_t column = 0; column < columns; ++column) {
        const T value = from[column] * s[column] + (b ? b[column] : T(0));
        to[column] = rectified && value <= 0 ? T(0) : value;
      }
    }
  });
}

// One row's part of ScaleColumnsPullback; as in Combine nothing overlaps.
template <typename T>
HWY_INLINE void ScaleRowPullback(int64_t count, bool rectified, const T *HWY_RESTRICT dy,
                                 const T *HWY_RESTRICT y, const T *HWY_RESTRICT z,
                                 const T *HWY_RESTRICT s, T *HWY_RESTRICT dz, T *HWY_RESTRICT ds,
                                 T *HWY_RESTRICT db) {
  for (int64_t column = 0; column < count; ++column) {
    const T da = rectified && y[column] <= 0 ? T(0) : dy[column];
    ds[column] += da * z[column];
    db[column] += da;
    dz[column] = da * s[column];
  }
}

// dz = da s, ds = Σ da z, db = Σ da over the rows, with da = dy where the rectifier let through.
// sizes {rows, columns, whether rectified}; inputs dy, y, z, s; outputs dz, ds, db.
template <typename T>
void ScaleColumnsPullback(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], columns = arguments->sizes[1];
  const bool rectified = arguments->sizes[2] != 0;
  ParallelFor(columns, RowGrain(rows), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t first = begin; first < end; first += kColumnBlock) {
      const int64_t last = std::min(end, first + kColumnBlock);
      const T *s = input<T>(arguments, 3);
      T *ds = output<T>(arguments, 1), *db = output<T>(arguments, 2);
      for (int64_t column = first; column < last; ++column) ds[column] = db[column] = 0;
      for (int64_t row = 0; row < rows; ++row) {
        const int64_t place = row * columns + first;
        ScaleRowPullback(last - first, rectified, input<T>(arguments, 0) + place,
                         input<T>(arguments, 1) + place, input<T>(arguments, 2) + place, s + first,
                         output<T>(arguments, 0) + place, ds + first, db + first);
      }
    }
  });
}

#define ADJOINT_BOTH_TYPES(NAME)                                                    \
  void NAME##_float32(const Arguments *arguments) { NAME<float>(arguments); }       \
  void NAME##_float64(const Arguments *arguments) { NAME<double>(arguments); }
ADJOINT_BOTH_TYPES(Factors)
ADJOINT_BOTH_TYPES(ScaleRows)
ADJOINT_BOTH_TYPES(Pullback)
ADJOINT_BOTH_TYPES(LengthsPullback)
ADJOINT_BOTH_TYPES(ScaleColumns)
ADJOINT_BOTH_TYPES(ScaleColumnsPullback)
#undef ADJOINT_BOTH_TYPES

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL(weight_norm_factors, Factors)
ADJOINT_ENTER_KERNEL(weight_norm, ScaleRows)
ADJOINT_ENTER_KERNEL(weight_norm_pullback, Pullback)
ADJOINT_ENTER_KERNEL(weight_norm_lengths_pullback, LengthsPullback)
ADJOINT_ENTER_KERNEL(scale_columns, ScaleColumns)
ADJOINT_ENTER_KERNEL(scale_columns_pullback, ScaleColumnsPullback)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
