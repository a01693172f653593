// The gradient of a convolution's weights in tiles of 2×2 outputs, for windows of 3×3 and a stride of 1: the way forward
// transposed, see WinogradTiles-inl.h. For each of the 16 positions a product of the transformed cotangents and the
// transformed pixels, summed over all tiles, and at the end one transform for each window.
//
// Channels are a multiple of sixteen.
//
// sizes = {batch, height, width, inputs, output height, output width, outputs, top, left}
// inputs: x [batch, height, width, inputs], dy [batch, output height, output width, outputs];
// outputs: dw [outputs, 3, 3, inputs].

#include <algorithm>

#include "Parallel.h"
#include "Registry.h"
#include "Workspace.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "WinogradSums.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "WinogradTiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// Whole groups of a tile's rows and whole vectors.
constexpr int64_t kOutputPanel = 8 * kTileRows;

struct Sums {
  TileGrid pixels, cotangents;
  const float *x, *dy;

  int64_t inputs() const { return pixels.channels; }
  int64_t outputs() const { return cotangents.channels; }
  int64_t tiles() const { return pixels.tiles(); }
  int64_t position() const { return outputs() * inputs() + TileLayout::kGap; }
  int64_t size() const { return kPositions * position(); }
};

// What a thread sums up: tiles begin ..< end, outputs first ..< last.
struct Share {
  int64_t begin, end, first, last;
};

// Adds the products of some tiles to the sums, or puts them there.
void SumTiles(const Sums &s, const Share &share, const TileLayout &pixels, const float *v, const TileLayout &cotangents,
              const float *dm, bool add, float *sums) {
  for (int64_t position = 0; position < kPositions; ++position) {
    const float *of_pixels = v + position * pixels.position(), *left = dm + position * cotangents.position();
    float *to = sums + position * s.position() + share.first * s.inputs();
    for (int64_t channel = 0; channel < s.inputs(); channel += kTileColumns) {
      const float *right = of_pixels + pixels.place(0, channel);
      const int64_t columns = std::min(kTileColumns, s.inputs() - channel);
      for (int64_t output = 0; output < cotangents.channels; output += kTileRows) {
        float *place = to + output * s.inputs() + channel;
        const int64_t rows = std::min<int64_t>(kTileRows, cotangents.channels - output);
        // Fetched while the sums are made.
        if (add) {
          for (int64_t row = 0; row < rows; ++row) {
            __builtin_prefetch(place + row * s.inputs(), 1);
            __builtin_prefetch(place + row * s.inputs() + TileLayout::kGap, 1);
          }
        }
        WithTile(rows, [&](auto tile) HWY_ATTR {
          tile.Add(left + cotangents.place(0, output), 1, kOutputPanel, right, kTileColumns, pixels.tiles);
          tile.Store(add, place, s.inputs(), columns);
        });
      }
    }
  }
}

// A share's sums.
void SumShare(const Sums &s, const Share &share, float *sums) {
  constexpr int64_t kMost = 192;
  const int64_t outputs = share.last - share.first;
  const Scratch<float> v(TileLayout{kMost, s.inputs(), kTileColumns}.size());
  const Scratch<float> dm(TileLayout{kMost, outputs, kOutputPanel}.size());
  for (int64_t tile = share.begin; tile < share.end;) {
    const int64_t left = share.end - tile, parts = (left + kMost - 1) / kMost, tiles = (left + parts - 1) / parts;
    const TileLayout pixels{tiles, s.inputs(), kTileColumns}, cotangents{tiles, outputs, kOutputPanel};
    TransformTiles<kInputSide>(s.pixels, tile, s.x, pixels, 0, tiles, v.data(),
                               [](const auto &line, auto &result) HWY_ATTR { TransformPixels(line, result); });
    TransformTiles<kOutputSide>(s.cotangents, tile, s.dy + share.first, cotangents, 0, tiles, dm.data(),
                                [](const auto &line, auto &result) HWY_ATTR { TransposeSums(line, result); });
    SumTiles(s, share, pixels, v.data(), cotangents, dm.data(), tile > share.begin, sums);
    tile += tiles;
  }
}

// Outputs begin ..< end of dw, from so many parts of the sums, which are added in their order.
void StoreWindows(const Sums &s, int64_t begin, int64_t end, const float *sums, int64_t parts, float *dw) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t output = begin; output < end; ++output) {
    for (int64_t channel = 0; channel < s.inputs(); channel += lanes) {
      Square du;
      for (int position = 0; position < kPositions; ++position) {
        const float *from = sums + position * s.position() + output * s.inputs() + channel;
        auto sum = hn::LoadU(d, from);
        for (int64_t part = 1; part < parts; ++part) sum = hn::Add(sum, hn::LoadU(d, from + part * s.size()));
        du[position / kInputSide][position % kInputSide] = sum;
      }
      FloatVector dg[kWindowSide][kWindowSide];
      TransformBoth(du, dg, [](const auto &line, auto &to) HWY_ATTR { TransposeWindow(line, to); });
      for (int e = 0; e < kElements; ++e) {
        hn::StoreU(dg[e / kWindowSide][e % kWindowSide], d, dw + (output * kElements + e) * s.inputs() + channel);
      }
    }
  }
}

void WinogradSums_float32(const Arguments *arguments) {
  const int64_t *z = arguments->sizes;
  const int64_t rows = (z[4] + 1) / kOutputSide, columns = (z[5] + 1) / kOutputSide;
  const Sums s{{z[0], z[1], z[2], z[3], rows, columns, z[7], z[8]},
               {z[0], z[4], z[5], z[6], rows, columns, 0, 0},
               input<float>(arguments, 0),
               input<float>(arguments, 1)};
  auto *const dw = output<float>(arguments, 0);
  // With the outputs shared out every thread transforms all pixels; with the tiles, every thread has sums for all
  // windows. The lesser of both, where there are enough outputs for all.
  constexpr int64_t kUnit = 16;
  const int64_t threads = team_threads, units = s.outputs() / kUnit;
  const bool by_outputs = units >= 4 * threads && s.tiles() < 2 * s.outputs();
  const int64_t shares = by_outputs ? threads : std::min(threads, s.tiles());
  const int64_t parts = by_outputs ? 1 : shares;
  const Scratch<float> sums(parts * s.size());
  // Whether they are done side by side makes no difference to the sums.
  const bool is_worth = s.tiles() * kPositions * s.inputs() * s.outputs() >= shares * MultiplicationGrain();
  ParallelFor(shares, is_worth ? 1 : shares, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (by_outputs) {
        SumShare(s, {0, s.tiles(), units * i / shares * kUnit, units * (i + 1) / shares * kUnit}, sums.data());
      } else {
        SumShare(s, {s.tiles() * i / parts, s.tiles() * (i + 1) / parts, 0, s.outputs()}, sums.data() + i * s.size());
      }
    }
  });
  ParallelFor(s.outputs(), ElementGrain() / (kPositions * s.inputs()) + 1, [&](int64_t begin, int64_t end) {
    StoreWindows(s, begin, end, sums.data(), parts, dw);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

HWY_EXPORT(WinogradSums_float32);
const Registration enter_winograd_sums(
    "winograd_sums", [](const Arguments *arguments) { HWY_DYNAMIC_DISPATCH(WinogradSums_float32)(arguments); }, nullptr);

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
