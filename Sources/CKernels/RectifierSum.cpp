// The rectifier's pullback together with the sum over rows that the bias in front of it needs: one pass
// over the cotangent, not two.

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "RectifierSum.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// So many rows are added up by themselves first, that the error does not grow with their number.
constexpr int64_t kRowBlock = 128;

// A strip of `kVectors` vectors of columns, of which a last one has only `last`.
template <int kVectors, bool kWhole>
HWY_INLINE void Strip(const float *dy, const float *y, float *dz, float *db, int64_t rows,
                      int64_t columns, size_t last) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  FloatVector totals[kVectors];
  for (auto &total : totals) total = hn::Zero(d);
  for (int64_t first = 0; first < rows; first += kRowBlock) {
    FloatVector sums[kVectors];
    for (auto &sum : sums) sum = hn::Zero(d);
    for (int64_t row = first; row < std::min(first + kRowBlock, rows); ++row) {
      for (int vector = 0; vector < kVectors; ++vector) {
        const int64_t place = row * columns + vector * lanes;
        const auto output = kWhole ? hn::LoadU(d, y + place) : LoadFirst(d, y + place, last);
        const auto cotangent = kWhole ? hn::LoadU(d, dy + place) : LoadFirst(d, dy + place, last);
        const auto value = hn::IfThenZeroElse(hn::Le(output, hn::Zero(d)), cotangent);
        sums[vector] = hn::Add(sums[vector], value);
        if (kWhole) {
          hn::StoreU(value, d, dz + place);
        } else {
          StoreFirst(d, value, dz + place, last);
        }
      }
    }
    for (int vector = 0; vector < kVectors; ++vector) {
      totals[vector] = hn::Add(totals[vector], sums[vector]);
    }
  }
  for (int vector = 0; vector < kVectors; ++vector) {
    if (kWhole) {
      hn::StoreU(totals[vector], d, db + vector * lanes);
    } else {
      StoreFirst(d, totals[vector], db, last);
    }
  }
}

// dz = dy where y > 0 or y is NaN, else 0; db = Σ dz over the rows.
// sizes = {rows, columns}; inputs dy, y; outputs dz, db.
void RectifierSum_float32(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], columns = arguments->sizes[1];
  const float *dy = input<float>(arguments, 0), *y = input<float>(arguments, 1);
  float *dz = output<float>(arguments, 0), *db = output<float>(arguments, 1);
  const int64_t grain = ElementGrain() / std::max<int64_t>(1, rows) + 1;
  ParallelFor(columns, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    const auto lanes = static_cast<int64_t>(hn::Lanes(FloatTag()));
    int64_t at = begin;
    for (; at + 4 * lanes <= end; at += 4 * lanes) {
      Strip<4, true>(dy + at, y + at, dz + at, db + at, rows, columns, 0);
    }
    for (; at < end; at += lanes) {
      const auto last = static_cast<size_t>(std::min(lanes, end - at));
      Strip<1, false>(dy + at, y + at, dz + at, db + at, rows, columns, last);
    }
  });
}

void RectifierSum_float64(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], columns = arguments->sizes[1];
  const double *dy = input<double>(arguments, 0), *y = input<double>(arguments, 1);
  double *dz = output<double>(arguments, 0), *db = output<double>(arguments, 1);
  for (int64_t column = 0; column < columns; ++column) {
    double sum = 0;
    for (int64_t place = column; place < rows * columns; place += columns) {
      dz[place] = y[place] <= 0 ? 0 : dy[place];
      sum += dz[place];
    }
    db[column] = sum;
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL(rectifier_sum, RectifierSum)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
