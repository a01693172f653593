// Products with the transpose of a matrix of few long rows: an element is the product of two rows, both read in place
// and a part of their length at a time, so that the right factor's part stays in the second-level cache.
//
// sizes = {m, n, k, whether negative results become zero}, n at least 4, k at least 1
// inputs: a [m, k], b [n, k], bias [n] or null; outputs: c [m, n] = a bᵀ + bias.

#include <algorithm>

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "RowProduct.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// Sums, and the vectors of one step, fill the registers: 32 with AVX-512, 16 with the others.
constexpr int kLeftRows = HWY_MAX_BYTES == 64 ? 6 : 3;
constexpr int64_t kRightRows = 4;
// 3 KB of a row: six of the left and four of the right are 30 KB, of a first-level cache of 32.
constexpr int64_t kPart = 768;

const hn::Full128<float> quarter;
using Quarter = hn::Vec<hn::Full128<float>>;

struct Factors {
  int64_t m, n, k;
  bool is_rectified;
  const float *a, *b, *bias;
  float *c;
};

// The sums over each of four vectors.
HWY_INLINE Quarter Totals(const FloatVector (&sums)[kRightRows]) {
  const FloatTag d;
  const hn::RepartitionToWide<FloatTag> pairs;
  const auto merged = [&](FloatVector x, FloatVector y) HWY_ATTR {
    return hn::Add(hn::InterleaveLower(d, x, y), hn::InterleaveUpper(d, x, y));
  };
  const auto low = hn::BitCast(pairs, merged(sums[0], sums[1])), high = hn::BitCast(pairs, merged(sums[2], sums[3]));
  // Four totals in every 16 bytes.
  const auto fours = hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, low, high)),
                             hn::BitCast(d, hn::InterleaveUpper(pairs, low, high)));
  HWY_ALIGN float lanes[hn::MaxLanes(d)];
  hn::Store(fours, d, lanes);
  Quarter total = hn::Load(quarter, lanes);
  for (size_t lane = 4; lane < hn::Lanes(d); lane += 4) total = hn::Add(total, hn::Load(quarter, lanes + lane));
  return total;
}

// Rows row ..< row + kRowCount and columns column ..< column + 4 of c: what elements begin ..< end of the rows give. Of
// the columns only those from `first` on are written.
template <int kRowCount>
HWY_INLINE void MultiplyTile(const Factors &f, int64_t row, int64_t column, int64_t first, int64_t begin, int64_t end) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const float *a = f.a + row * f.k, *b = f.b + column * f.k;
  FloatVector sums[kRowCount][kRightRows];
  for (auto &left : sums) {
    for (auto &sum : left) sum = hn::Zero(d);
  }
  const auto add = [&](auto load) HWY_ATTR {
    FloatVector right[kRightRows];
    for (int64_t r = 0; r < kRightRows; ++r) right[r] = load(b + r * f.k);
    for (int64_t l = 0; l < kRowCount; ++l) {
      const FloatVector left = load(a + l * f.k);
      for (int64_t r = 0; r < kRightRows; ++r) sums[l][r] = hn::MulAdd(left, right[r], sums[l][r]);
    }
  };
  int64_t i = begin;
  for (; i + lanes <= end; i += lanes) add([&](const float *from) HWY_ATTR { return hn::LoadU(d, from + i); });
  if (i < end) {
    add([&](const float *from) HWY_ATTR { return LoadFirst(d, from + i, static_cast<size_t>(end - i)); });
  }
  for (int64_t l = 0; l < kRowCount; ++l) {
    float *to = f.c + (row + l) * f.n + column;
    Quarter value = Totals(sums[l]);
    if (begin > 0) {
      value = hn::Add(hn::LoadU(quarter, to), value);
    } else if (f.bias != nullptr) {
      value = hn::Add(value, hn::LoadU(quarter, f.bias + column));
    }
    if (f.is_rectified && end == f.k) value = Rectified(quarter, value);
    if (first == column) {
      hn::StoreU(value, quarter, to);
    } else {
      HWY_ALIGN float results[kRightRows];
      hn::Store(value, quarter, results);
      std::copy(results + (first - column), results + kRightRows, to + (first - column));
    }
  }
}

// Some rows of c, as many as a tile has at most.
void MultiplyRows(const Factors &f, int64_t row, int64_t rows, int64_t begin, int64_t end) {
  for (int64_t first = 0; first < f.n; first += kRightRows) {
    const int64_t column = std::min(first, f.n - kRightRows);
    switch (rows) {
      case 1: MultiplyTile<1>(f, row, column, first, begin, end); break;
      case 2: MultiplyTile<2>(f, row, column, first, begin, end); break;
#if HWY_MAX_BYTES == 64
      case 3: MultiplyTile<3>(f, row, column, first, begin, end); break;
      case 4: MultiplyTile<4>(f, row, column, first, begin, end); break;
      case 5: MultiplyTile<5>(f, row, column, first, begin, end); break;
#endif
      default: MultiplyTile<kLeftRows>(f, row, column, first, begin, end);
    }
  }
}

// The rows of c are cut, each of which is the same bits whoever computes it.
void RowProduct_float32(const Arguments *arguments) {
  const int64_t *sizes = arguments->sizes;
  const Factors f{sizes[0], sizes[1], sizes[2], sizes[3] != 0, input<float>(arguments, 0), input<float>(arguments, 1),
                  input<float>(arguments, 2), output<float>(arguments, 0)};
  const auto worth = static_cast<int64_t>(static_cast<double>(f.m) * f.n * f.k / MultiplicationGrain());
  const int64_t parts = std::max<int64_t>(1, std::min({worth, f.m, int64_t{team_threads}}));
  ParallelFor(parts, 1, [&](int64_t part, int64_t end_part) {
    const int64_t first = f.m * part / parts, last = f.m * end_part / parts;
    for (int64_t begin = 0; begin < f.k; begin += kPart) {
      for (int64_t row = first; row < last; row += kLeftRows) {
        MultiplyRows(f, row, std::min<int64_t>(kLeftRows, last - row), begin, std::min(begin + kPart, f.k));
      }
    }
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

HWY_EXPORT(RowProduct_float32);
const Registration enter_row_product(
    "row_product", [](const Arguments *arguments) { HWY_DYNAMIC_DISPATCH(RowProduct_float32)(arguments); }, nullptr);

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
