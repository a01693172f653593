// The rectifier's pullback together with the sum over rows that the bias in front of it needs: one pass
// over the cotangent, not two.

#include "Parallel.h"
#include "Registry.h"
#include "Workspace.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "RectifierSum.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// So many rows are added up by themselves first: the error does not grow with their number, and the sum does not depend
// on how many threads there are. Each does the rows that it has in its cache, as a product's threads do theirs.
constexpr int64_t kRowBlock = 32;

// dz of some rows, and their sum; of `kVectors` vectors of columns, of which a last one has only `last`.
template <int kVectors, bool kWhole>
HWY_INLINE void Strip(const float *dy, const float *y, float *dz, float *sum, int64_t rows,
                      int64_t columns, size_t last) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  FloatVector sums[kVectors];
  for (auto &vector : sums) vector = hn::Zero(d);
  for (int64_t row = 0; row < rows; ++row) {
    for (int vector = 0; vector < kVectors; ++vector) {
      const int64_t place = row * columns + vector * lanes;
      const auto output = kWhole ? hn::LoadU(d, y + place) : LoadFirst(d, y + place, last);
      const auto cotangent = kWhole ? hn::LoadU(d, dy + place) : LoadFirst(d, dy + place, last);
      const auto value = RectifiedCotangent(d, cotangent, output);
      sums[vector] = hn::Add(sums[vector], value);
      if (kWhole) {
        hn::StoreU(value, d, dz + place);
      } else {
        StoreFirst(d, value, dz + place, last);
      }
    }
  }
  for (int vector = 0; vector < kVectors; ++vector) {
    if (kWhole) {
      hn::StoreU(sums[vector], d, sum + vector * lanes);
    } else {
      StoreFirst(d, sums[vector], sum, last);
    }
  }
}

// dz of some rows, and their sum.
HWY_INLINE void Block(const float *dy, const float *y, float *dz, float *sum, int64_t rows,
                      int64_t columns) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(FloatTag()));
  int64_t at = 0;
  for (; at + 4 * lanes <= columns; at += 4 * lanes) {
    Strip<4, true>(dy + at, y + at, dz + at, sum + at, rows, columns, 0);
  }
  for (; at < columns; at += lanes) {
    const auto last = static_cast<size_t>(std::min(lanes, columns - at));
    Strip<1, false>(dy + at, y + at, dz + at, sum + at, rows, columns, last);
  }
}

// dz = dy where y > 0 or y is NaN, else 0; db = Σ dz over the rows.
// sizes = {rows, columns}; inputs dy, y; outputs dz, db.
void RectifierSum_float32(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], columns = arguments->sizes[1];
  const float *dy = input<float>(arguments, 0), *y = input<float>(arguments, 1);
  float *dz = output<float>(arguments, 0), *db = output<float>(arguments, 1);
  const int64_t blocks = (rows + kRowBlock - 1) / kRowBlock;
  thread_local Workspace workspace;
  auto *const of_blocks = workspace.Take<float>(static_cast<size_t>(blocks * columns));
  const int64_t grain = ElementGrain() / std::max<int64_t>(1, kRowBlock * columns) + 1;
  ParallelFor(blocks, grain, [=](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t first = block * kRowBlock, place = first * columns;
      Block(dy + place, y + place, dz + place, of_blocks + block * columns,
            std::min(kRowBlock, rows - first), columns);
    }
  });
  std::fill(db, db + columns, 0.0f);
  for (int64_t block = 0; block < blocks; ++block) {
    const float *sum = of_blocks + block * columns;
    for (int64_t column = 0; column < columns; ++column) db[column] += sum[column];
  }
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
