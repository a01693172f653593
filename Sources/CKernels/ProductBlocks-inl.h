// Blocks of a matrix product that stay in registers. Included once for each instruction set.

#include <algorithm>
#include <cstdint>

#include "Product.h"

// clang-format off
#if defined(ADJOINT_PRODUCT_BLOCKS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ADJOINT_PRODUCT_BLOCKS_INL_H
#undef ADJOINT_PRODUCT_BLOCKS_INL_H
#else
#define ADJOINT_PRODUCT_BLOCKS_INL_H
#endif
// clang-format on

#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {

// Registers allow 4 rows by 4 vectors with AVX-512, 6 by 2 with the sixteen registers of the others. Fewer vectors of
// columns take 8 rows: with fewer sums an addition would wait for the one before.
constexpr int64_t kRows = 4;
constexpr int64_t kMostRows = HWY_MAX_BYTES == 64 ? 4 : 6;
constexpr int64_t kNarrowRows = 8;
constexpr int kNarrowVectors = HWY_MAX_BYTES == 64 ? 2 : 1;
constexpr int kColumnVectors = HWY_MAX_BYTES == 64 ? 4 : 2;

HWY_INLINE FloatVector Finish(FloatTag d, FloatVector value, FloatVector bias, bool relu) {
  value = hn::Add(value, bias);
  return relu ? Rectified(d, value) : value;
}

// C[row ..< row + kRowCount, column ..< column + kVectors·lanes], of which the last vector has only
// `last` columns; vectors along the rows of B.
template <int kRowCount, int kVectors, bool kWhole>
HWY_INLINE void BroadcastBlock(const Product &p, int64_t row, int64_t column, size_t last) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  FloatVector sums[kRowCount][kVectors];
  for (auto &sum_row : sums) {
    for (auto &sum : sum_row) sum = hn::Zero(d);
  }
  const float *a = p.a + row * p.a_row;
  const float *b = p.b + column;
  for (int64_t step = 0; step < p.k; ++step, a += p.a_column, b += p.b_row) {
    FloatVector right[kVectors];
    for (int vector = 0; vector < kVectors; ++vector) {
      right[vector] = kWhole || vector + 1 < kVectors ? hn::LoadU(d, b + vector * lanes)
                                                      : LoadFirst(d, b + vector * lanes, last);
    }
    for (int r = 0; r < kRowCount; ++r) {
      const auto left = hn::Set(d, a[r * p.a_row]);
      for (int vector = 0; vector < kVectors; ++vector) {
        sums[r][vector] = hn::MulAdd(left, right[vector], sums[r][vector]);
      }
    }
  }
  for (int vector = 0; vector < kVectors; ++vector) {
    const int64_t first = column + vector * lanes;
    const bool whole = kWhole || vector + 1 < kVectors;
    auto bias = hn::Zero(d);
    if (p.bias != nullptr) {
      bias = whole ? hn::LoadU(d, p.bias + first) : LoadFirst(d, p.bias + first, last);
    }
    for (int r = 0; r < kRowCount; ++r) {
      if (p.row_bias != nullptr) bias = hn::Set(d, p.row_bias[row + r]);
      const auto value = Finish(d, sums[r][vector], bias, p.relu);
      float *to = p.c + (row + r) * p.n + first;
      if (whole) {
        hn::StoreU(value, d, to);
      } else {
        StoreFirst(d, value, to, last);
      }
    }
  }
}

template <int kVectors, bool kWhole>
HWY_INLINE void BroadcastRows(const Product &p, int64_t begin, int64_t end, int64_t column,
                              size_t last) {
  int64_t row = begin;
  if constexpr (kVectors <= kNarrowVectors) {
    for (; row + kNarrowRows <= end; row += kNarrowRows) {
      BroadcastBlock<kNarrowRows, kVectors, kWhole>(p, row, column, last);
    }
  }
  // A last vector that is not whole takes one register more. Eight rows are better done as four and four than as six
  // and two.
  if constexpr (kMostRows > kRows && kVectors > kNarrowVectors && kWhole) {
    for (; row + kMostRows <= end && row + 2 * kRows != end; row += kMostRows) {
      BroadcastBlock<kMostRows, kVectors, kWhole>(p, row, column, last);
    }
  }
  for (; row + kRows <= end; row += kRows) {
    BroadcastBlock<kRows, kVectors, kWhole>(p, row, column, last);
  }
  for (; row + 2 <= end; row += 2) BroadcastBlock<2, kVectors, kWhole>(p, row, column, last);
  for (; row < end; ++row) BroadcastBlock<1, kVectors, kWhole>(p, row, column, last);
}

// Rows begin ..< end of C.
HWY_INLINE void Broadcast(const Product &p, int64_t begin, int64_t end) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(FloatTag()));
  int64_t column = 0;
  for (; column + kColumnVectors * lanes <= p.n; column += kColumnVectors * lanes) {
    BroadcastRows<kColumnVectors, true>(p, begin, end, column, 0);
  }
  const int64_t rest = p.n - column;
  if (rest == 0) return;
  const int64_t vectors = (rest + lanes - 1) / lanes;
  const auto last = static_cast<size_t>(rest - (vectors - 1) * lanes);
  if (vectors == 1) {
    BroadcastRows<1, false>(p, begin, end, column, last);
  } else if (vectors == 2) {
    BroadcastRows<2, false>(p, begin, end, column, last);
  } else if constexpr (kColumnVectors == 4) {
    if (vectors == 3) {
      BroadcastRows<3, false>(p, begin, end, column, last);
    } else {
      BroadcastRows<4, false>(p, begin, end, column, last);
    }
  }
}

// y = Σ of parts of `count` elements, `stride` from one to the next, in their order.
HWY_INLINE void AddParts(const float *parts, int64_t number, int64_t stride, int64_t count, float *y) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < count; i += lanes) {
    const auto width = static_cast<size_t>(std::min(lanes, count - i));
    auto sum = LoadFirst(d, parts + i, width);
    for (int64_t part = 1; part < number; ++part) {
      sum = hn::Add(sum, LoadFirst(d, parts + part * stride + i, width));
    }
    StoreFirst(d, sum, y + i, width);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
