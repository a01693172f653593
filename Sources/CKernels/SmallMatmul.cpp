// Matrix products that are done before a library call has looked up its primitive.
//
// Two loops cover the four cases. Where B is not transposed, vectors run along its rows and elements
// of A are broadcast. Where B is transposed and there are few rows, both run along k and the lanes are
// summed at the end; where there are many, or A is transposed too, B is turned over first. Each works on
// a block of C that stays in registers.

#include <vector>

#include "Parallel.h"
#include "Registry.h"
#include "SmallMatmul.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "SmallMatmul.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Transpose-inl.h"
#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// Registers allow 4 rows by 4 vectors with AVX-512, by 2 with the sixteen registers of the others. Fewer vectors of
// columns take 8 rows: with fewer sums an addition would wait for the one before.
constexpr int64_t kRows = 4;
constexpr int64_t kNarrowRows = 8;
constexpr int kNarrowVectors = HWY_MAX_BYTES == 64 ? 2 : 1;
constexpr int kColumnVectors = HWY_MAX_BYTES == 64 ? 4 : 2;

HWY_INLINE FloatVector Finish(FloatTag d, FloatVector value, FloatVector bias, bool relu) {
  value = hn::Add(value, bias);
  // Not Max: a NaN must stay one.
  return relu ? hn::IfThenZeroElse(hn::Le(value, hn::Zero(d)), value) : value;
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

// Four columns of C from `column` on, for kRowCount rows, the lanes running along k. Rows of B past the
// last are clamped to it, and what they give is not stored.
template <int kRowCount>
HWY_INLINE void DotBlock(const Product &p, int64_t row, int64_t column) {
  const FloatTag d;
  const hn::Full128<float> quarter;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t columns = std::min<int64_t>(4, p.n - column);
  const float *b[4];
  for (int64_t index = 0; index < 4; ++index) {
    b[index] = p.b + (column + std::min(index, columns - 1)) * p.b_row;
  }
  const float *a = p.a + row * p.a_row;
  FloatVector sums[kRowCount][4];
  for (auto &sum_row : sums) {
    for (auto &sum : sum_row) sum = hn::Zero(d);
  }
  int64_t step = 0;
  for (; step + lanes <= p.k; step += lanes) {
    FloatVector right[4];
    for (int index = 0; index < 4; ++index) right[index] = hn::LoadU(d, b[index] + step);
    for (int r = 0; r < kRowCount; ++r) {
      const auto left = hn::LoadU(d, a + r * p.a_row + step);
      for (int index = 0; index < 4; ++index) {
        sums[r][index] = hn::MulAdd(left, right[index], sums[r][index]);
      }
    }
  }
  if (step < p.k) {
    const auto rest = static_cast<size_t>(p.k - step);
    FloatVector right[4];
    for (int index = 0; index < 4; ++index) right[index] = LoadFirst(d, b[index] + step, rest);
    for (int r = 0; r < kRowCount; ++r) {
      const auto left = LoadFirst(d, a + r * p.a_row + step, rest);
      for (int index = 0; index < 4; ++index) {
        sums[r][index] = hn::MulAdd(left, right[index], sums[r][index]);
      }
    }
  }
  float bias[4] = {};
  if (p.bias != nullptr) std::memcpy(bias, p.bias + column, columns * sizeof(float));
  const auto bias_vector = hn::LoadU(quarter, bias);
  for (int r = 0; r < kRowCount; ++r) {
    auto value = SumsOfFour(d, sums[r][0], sums[r][1], sums[r][2], sums[r][3]);
    value = hn::Add(value, bias_vector);
    if (p.relu) value = hn::IfThenZeroElse(hn::Le(value, hn::Zero(quarter)), value);
    float *to = p.c + (row + r) * p.n + column;
    if (columns == 4) {
      hn::StoreU(value, quarter, to);
    } else {
      float four[4];
      hn::StoreU(value, quarter, four);
      std::memcpy(to, four, columns * sizeof(float));
    }
  }
}

// Columns 4·begin ..< 4·end of C. The four rows of B stay in the first-level cache while A goes by.
HWY_INLINE void Dot(const Product &p, int64_t begin, int64_t end) {
  for (int64_t column = 4 * begin; column < std::min(4 * end, p.n); column += 4) {
    int64_t row = 0;
    for (; row + kRows <= p.m; row += kRows) DotBlock<kRows>(p, row, column);
    for (; row + 2 <= p.m; row += 2) DotBlock<2>(p, row, column);
    for (; row < p.m; ++row) DotBlock<1>(p, row, column);
  }
}

void BroadcastAll(const Product &p, int64_t grain) {
  ParallelFor((p.m + kRows - 1) / kRows, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    Broadcast(p, begin * kRows, std::min(end * kRows, p.m));
  });
}

// As BroadcastAll where B is transposed: every thread turns it over for itself, which takes less time than
// to fetch what another one has written.
void TurnedAll(const Product &p, int64_t grain) {
  ParallelFor((p.m + kRows - 1) / kRows, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    thread_local std::vector<float> straight;
    straight.resize(static_cast<size_t>(p.k * p.n));
    for (int64_t first = 0; first < p.k; first += kTile) {
      TransposeStrip(p.b, straight.data(), p.n, p.k, first, std::min(first + kTile, p.k));
    }
    Product turned = p;
    turned.b = straight.data();
    turned.b_row = p.n;
    Broadcast(turned, begin * kRows, std::min(end * kRows, p.m));
  });
}

// As BroadcastAll where k is long and C small, as in the sums over a batch for the weights of a narrow layer: each of
// some parts of k by itself, then added up in their order. So a thread reads only rows of A and B that it probably has in
// its cache, and the result depends on the lengths alone.
void SummedAll(const Product &p, int64_t parts) {
  thread_local std::vector<float> sums;
  sums.resize(static_cast<size_t>(parts * p.m * p.n));
  float *const of_parts = sums.data();
  const int64_t multiplications = p.m * p.n * p.k / parts;
  ParallelFor(parts, MultiplicationGrain() / multiplications + 1, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t part = begin; part < end; ++part) {
      const int64_t first = p.k * part / parts;
      Product summand = p;
      summand.k = p.k * (part + 1) / parts - first;
      summand.a = p.a + first * p.a_column;
      summand.b = p.b + first * p.b_row;
      summand.c = of_parts + part * p.m * p.n;
      if (part > 0) summand.bias = nullptr;
      Broadcast(summand, 0, p.m);
    }
  });
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t count = p.m * p.n;
  for (int64_t i = 0; i < count; i += lanes) {
    const auto width = static_cast<size_t>(std::min(lanes, count - i));
    auto sum = LoadFirst(d, of_parts + i, width);
    for (int64_t part = 1; part < parts; ++part) {
      sum = hn::Add(sum, LoadFirst(d, of_parts + part * count + i, width));
    }
    StoreFirst(d, sum, p.c + i, width);
  }
}

void DotAll(const Product &p, int64_t grain) {
  ParallelFor((p.n + 3) / 4, grain,
              [&](int64_t begin, int64_t end) HWY_ATTR { Dot(p, begin, end); });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

HWY_EXPORT(BroadcastAll);
HWY_EXPORT(DotAll);
HWY_EXPORT(SummedAll);
HWY_EXPORT(TurnedAll);

// In how many parts k is cut: where A and B together are several times as large as C, parts of some length.
int64_t Parts(int64_t m, int64_t n, int64_t k) {
  constexpr int64_t kTimes = 4, kSteps = 128, kMost = 4;
  const bool is_worth_it = m * n > 0 && kTimes * m * n <= k * (m + n);
  return is_worth_it ? std::min(kMost, k / kSteps) : 1;
}

// From as many rows on, turning B over costs less than summing lanes.
constexpr int64_t kRowsThatTurnOver = 32;

void RunBroadcast(const Product &p, int64_t grain) { HWY_DYNAMIC_DISPATCH(BroadcastAll)(p, grain); }
void RunSummed(const Product &p, int64_t parts) { HWY_DYNAMIC_DISPATCH(SummedAll)(p, parts); }
void RunTurned(const Product &p, int64_t grain) { HWY_DYNAMIC_DISPATCH(TurnedAll)(p, grain); }
void RunDot(const Product &p, int64_t grain) { HWY_DYNAMIC_DISPATCH(DotAll)(p, grain); }

}  // namespace
}  // namespace adjoint

extern "C" void adjoint_small_matmul(int64_t m, int64_t n, int64_t k, const float *a,
                                     bool transpose_a, const float *b, bool transpose_b,
                                     const float *bias, bool relu, float *c) {
  const int64_t multiplications = adjoint::MultiplicationGrain();
  const int64_t a_row = transpose_a ? 1 : k;
  const int64_t a_column = transpose_a ? m : 1;
  if (transpose_b && !transpose_a && m < adjoint::kRowsThatTurnOver) {
    const int64_t grain = multiplications / std::max<int64_t>(1, m * k * 4) + 1;
    adjoint::RunDot({m, n, k, a, a_row, a_column, b, k, bias, relu, c}, grain);
    return;
  }
  const int64_t grain = multiplications / std::max<int64_t>(1, n * k * 4) + 1;
  const adjoint::Product product{m, n, k, a, a_row, a_column, b, n, bias, relu, c};
  if (transpose_b) return adjoint::RunTurned(product, grain);
  const int64_t parts = transpose_a && !relu ? adjoint::Parts(m, n, k) : 1;
  parts > 1 ? adjoint::RunSummed(product, parts) : adjoint::RunBroadcast(product, grain);
}
#endif  // HWY_ONCE
