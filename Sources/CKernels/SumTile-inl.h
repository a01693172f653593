// Up to six rows by two vectors of sums that stay in registers. Included once for each instruction set.

#include <algorithm>
#include <cstdint>
#include <cstring>

// clang-format off
#if defined(ADJOINT_SUM_TILE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ADJOINT_SUM_TILE_INL_H
#undef ADJOINT_SUM_TILE_INL_H
#else
#define ADJOINT_SUM_TILE_INL_H
#endif
// clang-format on

#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {

// With the two vectors of the right and one element of the left, all of sixteen registers but one.
constexpr int kTileRows = 6;
constexpr int kTileVectors = 2;
constexpr auto kTileColumns = static_cast<int64_t>(kTileVectors * hn::MaxLanes(FloatTag()));

template <int kRowCount>
struct SumTile {
  FloatVector sums[kRowCount][kTileVectors];

  HWY_INLINE SumTile() {
    for (auto &row : sums) {
      for (auto &sum : row) sum = hn::Zero(FloatTag());
    }
  }

  // Adds Σ left[row, step] right[step, column] over so many steps. `row` and `step` are strides of the left, `next`
  // of the right.
  HWY_INLINE void Add(const float *left, int64_t row, int64_t step, const float *right, int64_t next, int64_t steps) {
    const FloatTag d;
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    for (int64_t i = 0; i < steps; ++i, left += step, right += next) {
      FloatVector columns[kTileVectors];
      for (int v = 0; v < kTileVectors; ++v) columns[v] = hn::LoadU(d, right + v * lanes);
      for (int r = 0; r < kRowCount; ++r) {
        const auto element = hn::Set(d, left[r * row]);
        for (int v = 0; v < kTileVectors; ++v) sums[r][v] = hn::MulAdd(element, columns[v], sums[r][v]);
      }
    }
  }

  // Subtracts of each row v[row, column] times the row's factor.
  HWY_INLINE void Subtract(const float *factors, const float *v, int64_t pitch, int64_t columns) {
    const FloatTag d;
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    for (int r = 0; r < kRowCount; ++r) {
      const auto factor = hn::Set(d, factors[r]);
      for (int64_t i = 0; i < kTileVectors; ++i) {
        const int64_t width = std::min(lanes, columns - i * lanes);
        if (width <= 0) break;
        const float *from = v + r * pitch + i * lanes;
        const auto subtracted =
            width == lanes ? hn::LoadU(d, from) : LoadFirst(d, from, static_cast<size_t>(width));
        sums[r][i] = hn::NegMulAdd(factor, subtracted, sums[r][i]);
      }
    }
  }

  // Stores the sums of the first `columns`, or adds them to what is there.
  HWY_INLINE void Store(bool add, float *to, int64_t pitch, int64_t columns) const {
    const FloatTag d;
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    for (int r = 0; r < kRowCount; ++r) {
      float *c = to + r * pitch;
      for (int v = 0; v < kTileVectors; ++v, c += lanes) {
        const int64_t width = std::min(lanes, columns - v * lanes);
        if (width == lanes) {
          hn::StoreU(add ? hn::Add(hn::LoadU(d, c), sums[r][v]) : sums[r][v], d, c);
        } else if (width > 0) {
          const auto count = static_cast<size_t>(width);
          StoreFirst(d, add ? hn::Add(LoadFirst(d, c, count), sums[r][v]) : sums[r][v], c, count);
        }
      }
    }
  }
};

// Calls body(tile) with a tile of so many rows, one to six.
template <typename Body>
HWY_INLINE void WithTile(int64_t rows, const Body &body) {
  switch (rows) {
    case 1: return body(SumTile<1>());
    case 2: return body(SumTile<2>());
    case 3: return body(SumTile<3>());
    case 4: return body(SumTile<4>());
    case 5: return body(SumTile<5>());
    default: return body(SumTile<kTileRows>());
  }
}

// Columns of `steps` rows of a matrix in groups of six, group after group. A group is `length` steps long; these are
// its steps from `first` on.
HWY_INLINE void PackColumns(const float *from, int64_t pitch, int64_t columns, int64_t steps, int64_t length,
                            int64_t first, float *groups) {
  for (int64_t step = 0; step < steps; ++step, from += pitch) {
    float *to = groups + (first + step) * kTileRows;
    int64_t column = 0;
    for (; column + kTileRows <= columns; column += kTileRows, to += length * kTileRows) {
      std::memcpy(to, from + column, kTileRows * sizeof(float));
    }
    std::copy(from + column, from + columns, to);
  }
}

// The first `columns` of a row, zeros after them up to the tile's width.
HWY_INLINE void CopyToPanel(const float *from, int64_t columns, float *to) {
  if (columns < kTileColumns) {
    std::fill(std::copy_n(from, columns, to), to + kTileColumns, 0.0f);
    return;
  }
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int v = 0; v < kTileVectors; ++v) hn::StoreU(hn::LoadU(d, from + v * lanes), d, to + v * lanes);
}

}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
