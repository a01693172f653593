// Matrix products that are done before a library call has looked up its primitive.
//
// Two loops cover the four cases. Where B is not transposed, vectors run along its rows and elements
// of A are broadcast. Where B is transposed and there are few rows, both run along k and the lanes are
// summed at the end; where there are many, or A is transposed too, B is turned over first. Each works on
// a block of C that stays in registers.

#include "Parallel.h"
#include "Product.h"
#include "Registry.h"
#include "Workspace.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "SmallMatmul.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ProductBlocks-inl.h"
#include "Transpose-inl.h"
#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// Sums of so many rows by four columns stay in registers, of which AVX-512 has 32 and the others sixteen.
constexpr int64_t kDotRows = HWY_MAX_BYTES == 64 ? 4 : 3;

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
    FloatVector left[kRowCount];
    for (int r = 0; r < kRowCount; ++r) left[r] = hn::LoadU(d, a + r * p.a_row + step);
    for (int index = 0; index < 4; ++index) {
      const auto right = hn::LoadU(d, b[index] + step);
      for (int r = 0; r < kRowCount; ++r) sums[r][index] = hn::MulAdd(left[r], right, sums[r][index]);
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
    if (p.relu) value = Rectified(quarter, value);
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
    for (; row + kDotRows <= p.m; row += kDotRows) DotBlock<kDotRows>(p, row, column);
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
    thread_local Workspace workspace;
    auto *const straight = workspace.Take<float>(static_cast<size_t>(p.k * p.n));
    for (int64_t first = 0; first < p.k; first += kTile) {
      TransposeStrip(p.b, straight, p.n, p.k, first, std::min(first + kTile, p.k));
    }
    Product turned = p;
    turned.b = straight;
    turned.b_row = p.n;
    Broadcast(turned, begin * kRows, std::min(end * kRows, p.m));
  });
}

// As BroadcastAll where k is long and C small, as in the sums over a batch for the weights of a narrow layer: each of
// some parts of k by itself, then added up in their order. So a thread reads only rows of A and B that it probably has
// in its cache, and the result depends on the lengths alone.
void SummedAll(const Product &p, int64_t parts) {
  thread_local Workspace workspace;
  auto *const of_parts = workspace.Take<float>(static_cast<size_t>(parts * p.m * p.n));
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
  AddParts(of_parts, parts, p.m * p.n, p.m * p.n, p.c);
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
