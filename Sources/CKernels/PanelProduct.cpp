// Products with a matrix that is not transposed: its columns are brought, a few at a time, into a panel that stays in
// the first-level cache while all rows of the product are made. The columns of the next panel are fetched meanwhile, and
// what the next tile reads and writes. Read in place, rows that lie a multiple of 4 KB apart would push each other out
// of the cache.
//
// sizes = {m, n, k, whether a is transposed}
// inputs: a [m, k], or [k, m] if it is transposed, b [k, n], v [m, n] and s [m] or null;
// outputs: c [m, n] = op(a) b, or op(a) b − s v with a factor for each row: v is read once and nothing written twice.

#include <algorithm>

#include "Parallel.h"
#include "Registry.h"
#include "Workspace.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "PanelProduct.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "SumTile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

struct Factors {
  int64_t m, n, k;
  bool is_transposed;
  const float *a, *b, *v, *s;
  float *c;
};

// Some rows and columns of c, and a part of the sum over k.
struct Block {
  int64_t row, rows, column, columns, step, steps;

  int64_t groups() const { return (rows + kTileRows - 1) / kTileRows; }
};

// As many steps as take 30 KB of columns and of a tile's rows, of a first-level cache of 32.
constexpr int64_t kMostSteps = 7600 / (kTileColumns + kTileRows);

// Where six rows of op(A) lie, and their strides.
struct Left {
  const float *from;
  int64_t row, step;
};

// In place, or among the columns of A that were brought together.
Left GroupOf(const Factors &f, const Block &block, int64_t group, const float *groups) {
  if (f.is_transposed) return {groups + group * kTileRows * block.steps, 1, kTileRows};
  return {f.a + (block.row + group * kTileRows) * f.k + block.step, f.k, 1};
}

constexpr int64_t kLineFloats = 64 / sizeof(float);

// Fetches one row of a tile of the result, and of what is taken from it.
HWY_INLINE void FetchRow(const Factors &f, int64_t place) {
  for (int64_t column = 0; column < kTileColumns; column += kLineFloats) {
    __builtin_prefetch(f.c + place + column, 1);
    if (f.v != nullptr) __builtin_prefetch(f.v + place + column);
  }
}

void MultiplyBlock(const Factors &f, const Block &block, float *groups, float *panel) {
  if (f.is_transposed) {
    PackColumns(f.a + block.step * f.m + block.row, f.m, block.rows, block.steps, block.steps, 0, groups);
  }
  const int64_t end = block.column + block.columns;
  for (int64_t column = block.column; column < end; column += kTileColumns) {
    const int64_t columns = std::min(kTileColumns, end - column);
    const float *b = f.b + block.step * f.n + column;
    for (int64_t step = 0; step < block.steps; ++step) {
      CopyToPanel(b + step * f.n, columns, panel + step * kTileColumns);
    }
    const float *next = column + kTileColumns < end ? b + kTileColumns : b;
    for (int64_t group = 0; group < block.groups(); ++group) {
      const int64_t row = block.row + group * kTileRows;
      const int64_t place = row * f.n + column;
      const int64_t rows = std::min<int64_t>(kTileRows, block.row + block.rows - row);
      const bool is_last = group + 1 == block.groups();
      const int64_t next_row = is_last ? block.row : row + rows;
      const int64_t next_place = next_row * f.n + column + (is_last ? kTileColumns : 0);
      const int64_t fetched = block.steps * (group + 1) / block.groups();
      for (int64_t step = block.steps * group / block.groups(); step < fetched; ++step) {
        __builtin_prefetch(next + step * f.n);
      }
      const Left left = GroupOf(f, block, group, groups);
      WithTile(rows, [&](auto tile) HWY_ATTR {
        // A row of the next tile with every part of the steps: fetched all at once they would hold up the sums.
        for (int64_t part = 0; part < rows; ++part) {
          const int64_t first = block.steps * part / rows, end = block.steps * (part + 1) / rows;
          FetchRow(f, next_place + part * f.n);
          tile.Add(left.from + first * left.step, left.row, left.step, panel + first * kTileColumns, kTileColumns,
                   end - first);
        }
        if (f.v != nullptr && block.step + block.steps == f.k) tile.Subtract(f.s + row, f.v + place, f.n, columns);
        tile.Store(block.step > 0, f.c + place, f.n, columns);
      });
    }
  }
}

// Some rows and columns of c, whole.
void Multiply(const Factors &f, Block block) {
  const int64_t parts = std::max<int64_t>(1, (f.k + kMostSteps - 1) / kMostSteps), most = (f.k + parts - 1) / parts;
  thread_local Workspace workspace;
  const int64_t of_groups = f.is_transposed ? block.groups() * kTileRows * most : 0;
  auto *const groups = workspace.Take<float>(static_cast<size_t>(of_groups + most * kTileColumns));
  for (int64_t part = 0; part < parts; ++part) {
    block.step = f.k * part / parts;
    block.steps = f.k * (part + 1) / parts - block.step;
    MultiplyBlock(f, block, groups, groups + of_groups);
  }
}

// The longer side of c is cut, so that the result depends on the lengths alone.
void PanelProduct_float32(const Arguments *arguments) {
  const int64_t *sizes = arguments->sizes;
  const Factors f{sizes[0], sizes[1], sizes[2], sizes[3] != 0, input<float>(arguments, 0),
                  input<float>(arguments, 1), input<float>(arguments, 2), input<float>(arguments, 3),
                  output<float>(arguments, 0)};
  const bool by_rows = 2 * f.m > f.n;
  const int64_t side = by_rows ? f.m : f.n, unit = by_rows ? kTileRows : kTileColumns;
  const int64_t units = (side + unit - 1) / unit;
  const int64_t worth = static_cast<int64_t>(static_cast<double>(f.m) * f.n * f.k / MultiplicationGrain());
  const int64_t parts = std::max<int64_t>(1, std::min({worth, units, int64_t{team_threads}}));
  ParallelFor(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      const int64_t first = units * part / parts * unit;
      const int64_t length = std::min(side, units * (part + 1) / parts * unit) - first;
      Multiply(f, by_rows ? Block{first, length, 0, f.n, 0, 0} : Block{0, f.m, first, length, 0, 0});
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

HWY_EXPORT(PanelProduct_float32);
const Registration enter_panel_product(
    "panel_product",
    [](const Arguments *arguments) { HWY_DYNAMIC_DISPATCH(PanelProduct_float32)(arguments); }, nullptr);

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
