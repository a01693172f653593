// A convolution with windows of 3×3 and a stride of 1 in tiles of 2×2 outputs, or its way back to the images: see
// WinogradTiles-inl.h. Tiles are transformed, multiplied with the transformed windows, one product for each of the 16
// positions, and transformed back. Every element is summed up by one thread in one order: the result depends neither on
// their number nor on how the work is cut.
//
// Channels are a multiple of sixteen. On the way back cotangents of outputs come in and those of inputs come out, and
// windows are turned by half a turn.

#include <algorithm>

#include "Parallel.h"
#include "Registry.h"
#include "Workspace.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "WinogradProduct.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Transpose-inl.h"
#include "WinogradTiles-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// The channels that come in and that come out. Those that come out are worked on in panels of a tile's width.
struct Channels {
  int64_t in, out;

  int64_t panels() const { return (out + kTileColumns - 1) / kTileColumns; }
  // With a line between panels, which keeps them from meeting in the same part of a cache.
  int64_t panel_size() const { return in * kTileColumns + TileLayout::kGap; }
  int64_t columns(int64_t panel) const { return std::min(kTileColumns, out - panel * kTileColumns); }
};

// A weight [outputs, 3, 3, inputs].
struct Windows {
  const float *weight;
  int64_t outputs, inputs;
  bool is_back;

  Channels channels() const { return is_back ? Channels{outputs, inputs} : Channels{inputs, outputs}; }
};

// One panel from rows of channels that come out: for each element of the window, `element` apart, one for every channel
// that comes in, `row` apart. A panel has such rows for each position, `step` apart.
void TransformRows(const Windows &w, const float *from, int64_t element, int64_t row, int64_t columns, int64_t step,
                   float *to) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t rows = w.channels().in;
  for (int64_t index = 0; index < rows; ++index, from += row, to += kTileColumns) {
    for (int64_t column = 0; column < kTileColumns; column += lanes) {
      FloatVector g[kWindowSide][kWindowSide];
      for (int e = 0; e < kElements; ++e) {
        const float *place = from + (w.is_back ? kElements - 1 - e : e) * element + column;
        g[e / kWindowSide][e % kWindowSide] = column < columns ? hn::LoadU(d, place) : hn::Zero(d);
      }
      Square u;
      TransformBoth(g, u, [](const auto &line, auto &result) HWY_ATTR { TransformWindow(line, result); });
      for (int position = 0; position < kPositions; ++position) {
        hn::StoreU(u[position / kInputSide][position % kInputSide], d, to + position * step + column);
      }
    }
  }
}

// On the way back the inputs, which come out, lie side by side; on the way forward the outputs are brought so first, all
// of the panel's windows in one go, since memory is read faster in long rows.
void TransformPanel(const Windows &w, int64_t panel, int64_t step, float *to) {
  const int64_t first = panel * kTileColumns, columns = w.channels().columns(panel), length = kElements * w.inputs;
  if (w.is_back) return TransformRows(w, w.weight + first, w.inputs, length, columns, step, to);
  const Scratch<float> turned(columns * length);
  for (int64_t place = 0; place < length; place += kTile) {
    TransposeTile(w.weight + first * length, turned.data(), columns, length, 0, columns, place,
                  std::min(place + kTile, length));
  }
  TransformRows(w, turned.data(), w.inputs * columns, columns, columns, step, to);
}

// sizes = {outputs, inputs, whether for the way back}
// inputs: weight; outputs: the transformed windows, for each position panel after panel: at most 16 (in + 2) out, the
// channels that come out rounded up to a multiple of 32.
void WinogradWeight_float32(const Arguments *arguments) {
  const int64_t *sizes = arguments->sizes;
  const Windows w{input<float>(arguments, 0), sizes[0], sizes[1], sizes[2] != 0};
  auto *to = output<float>(arguments, 0);
  const Channels channels = w.channels();
  const int64_t size = channels.panel_size();
  ParallelFor(channels.panels(), ElementGrain() / (kPositions * size) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; ++panel) {
      TransformPanel(w, panel, channels.panels() * size, to + panel * size);
    }
  });
}

// Multiplies tiles with a panel at one position, into columns of the sums.
void MultiplyPanel(const TileLayout &pixels, const float *v, const float *panel, const TileLayout &outputs,
                   int64_t columns, float *m) {
  for (int64_t tile = 0; tile < pixels.tiles; tile += kTileRows) {
    WithTile(std::min<int64_t>(kTileRows, pixels.tiles - tile), [&](auto block) HWY_ATTR {
      block.Add(v + pixels.place(tile, 0), pixels.channels, 1, panel, kTileColumns, pixels.channels);
      block.Store(false, m + outputs.place(tile, 0), outputs.panel, columns);
    });
  }
}

// The outputs of a layout's tiles, whose first is tile `first` of the images; `y` begins at its first channel.
void StoreOutputs(const TileGrid &grid, int64_t first, const TileLayout &layout, const float *m, float *y) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t step = layout.position();
  // What lies outside of the images goes here.
  const Scratch<float> outside(layout.channels);
  for (int64_t tile = 0; tile < layout.tiles; ++tile) {
    float *pixels[kOutputSide][kOutputSide];
    grid.FindPixels(first + tile, y, outside.data(), pixels);
    const float *sums = m + layout.place(tile, 0);
    for (int64_t channel = 0; channel < layout.channels; channel += lanes) {
      Square square;
      for (int position = 0; position < kPositions; ++position) {
        square[position / kInputSide][position % kInputSide] = hn::LoadU(d, sums + position * step + channel);
      }
      FloatVector result[kOutputSide][kOutputSide];
      TransformBoth(square, result, [](const auto &line, auto &to) HWY_ATTR { TransformSums(line, to); });
      for (int i = 0; i < kOutputSide; ++i) {
        for (int j = 0; j < kOutputSide; ++j) hn::StoreU(result[i][j], d, pixels[i][j] + channel);
      }
    }
  }
}

struct Call {
  TileGrid from, to;
  const float *x;
  float *y;

  Channels channels() const { return {from.channels, to.channels}; }
  int64_t tiles() const { return from.tiles(); }
  // In how many shares of at most so many parts it is worth doing.
  int64_t Shares(int64_t parts) const {
    const int64_t worth = tiles() * kPositions * from.channels * to.channels / MultiplicationGrain();
    return std::max<int64_t>(1, std::min({worth, parts, int64_t{team_threads}}));
  }
};

// Calls body(begin, end) with as many parts of 0 ..< count as `shares`, which are as long as each other, on the team.
template <typename Body>
void InShares(int64_t shares, int64_t count, const Body &body) {
  ParallelFor(shares, 1, [&](int64_t first, int64_t last) {
    for (int64_t share = first; share < last; ++share) body(count * share / shares, count * (share + 1) / shares);
  });
}

// Tiles begin ..< end of a layout that holds the images' tiles from `first` on.
void TransformImages(const Call &call, int64_t first, const TileLayout &layout, int64_t begin, int64_t end, float *v) {
  TransformTiles<kInputSide>(call.from, first, call.x, layout, begin, end, v,
                             [](const auto &line, auto &result) HWY_ATTR { TransformPixels(line, result); });
}

// Many tiles: a few after the other, which stay in a cache near the core. `u` are the transformed windows.
void MultiplyByTiles(const Call &call, const float *u) {
  const Channels channels = call.channels();
  // As many groups of a block's rows as the second-level cache has room for, but enough to read the windows for.
  constexpr int64_t kFloats = 196608, kFewest = 16, kMost = 64;
  const int64_t most = std::clamp(kFloats / (kPositions * (channels.in + channels.out) * kTileRows), kFewest, kMost);
  const int64_t groups = (call.tiles() + kTileRows - 1) / kTileRows;
  InShares(call.Shares(groups), groups, [&](int64_t begin, int64_t end) {
    const Scratch<float> v(TileLayout{most * kTileRows, channels.in, channels.in}.size());
    const Scratch<float> m(TileLayout{most * kTileRows, channels.out, channels.out}.size());
    while (begin < end) {
      const int64_t parts = (end - begin + most - 1) / most, next = begin + (end - begin + parts - 1) / parts;
      const int64_t first = begin * kTileRows, tiles = std::min(next * kTileRows, call.tiles()) - first;
      const TileLayout pixels{tiles, channels.in, channels.in}, outputs{tiles, channels.out, channels.out};
      TransformImages(call, first, pixels, 0, tiles, v.data());
      for (int64_t position = 0; position < kPositions; ++position) {
        for (int64_t panel = 0; panel < channels.panels(); ++panel) {
          MultiplyPanel(pixels, v.data() + position * pixels.position(),
                        u + (position * channels.panels() + panel) * channels.panel_size(), outputs,
                        channels.columns(panel), m.data() + position * outputs.position() + panel * kTileColumns);
        }
      }
      StoreOutputs(call.to, first, outputs, m.data(), call.y);
      begin = next;
    }
  });
}

// Few tiles and many channels: all tiles together, and a panel of the windows after the other, which is transformed
// where it is used and never written to memory.
void MultiplyByPanels(const Call &call, const Windows &windows) {
  const Channels channels = call.channels();
  const TileLayout pixels{call.tiles(), channels.in, channels.in};
  const Scratch<float> v(pixels.size());
  InShares(call.Shares(call.tiles()), call.tiles(), [&](int64_t begin, int64_t end) {
    TransformImages(call, 0, pixels, begin, end, v.data());
  });
  InShares(call.Shares(channels.panels()), channels.panels(), [&](int64_t begin, int64_t end) {
    const Scratch<float> u(kPositions * channels.panel_size());
    const Scratch<float> m(TileLayout{call.tiles(), kTileColumns, kTileColumns}.size());
    for (int64_t panel = begin; panel < end; ++panel) {
      const TileLayout outputs{call.tiles(), channels.columns(panel), kTileColumns};
      TransformPanel(windows, panel, channels.panel_size(), u.data());
      for (int64_t position = 0; position < kPositions; ++position) {
        MultiplyPanel(pixels, v.data() + position * pixels.position(), u.data() + position * channels.panel_size(),
                      outputs, outputs.channels, m.data() + position * outputs.position());
      }
      StoreOutputs(call.to, 0, outputs, m.data(), call.y + panel * kTileColumns);
    }
  });
}

// sizes = {batch, height, width, channels, output height, output width, output channels, top, left, whether back}
// inputs: x [batch, height, width, channels], the transformed windows or null, the weight;
// outputs: y [batch, output height, output width, output channels].
void WinogradProduct_float32(const Arguments *arguments) {
  const int64_t *s = arguments->sizes;
  const int64_t rows = (s[4] + 1) / kOutputSide, columns = (s[5] + 1) / kOutputSide;
  const Call call{{s[0], s[1], s[2], s[3], rows, columns, s[7], s[8]},
                  {s[0], s[4], s[5], s[6], rows, columns, 0, 0},
                  input<float>(arguments, 0),
                  output<float>(arguments, 0)};
  const auto *u = input<float>(arguments, 1), *weight = input<float>(arguments, 2);
  if (u != nullptr) return MultiplyByTiles(call, u);
  const bool is_back = s[9] != 0;
  const Channels channels = call.channels();
  MultiplyByPanels(call, {weight, is_back ? channels.in : channels.out, is_back ? channels.out : channels.in, is_back});
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

HWY_EXPORT(WinogradWeight_float32);
HWY_EXPORT(WinogradProduct_float32);
const Registration enter_winograd_weight(
    "winograd_weight", [](const Arguments *arguments) { HWY_DYNAMIC_DISPATCH(WinogradWeight_float32)(arguments); },
    nullptr);
const Registration enter_winograd_product(
    "winograd_product", [](const Arguments *arguments) { HWY_DYNAMIC_DISPATCH(WinogradProduct_float32)(arguments); },
    nullptr);

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
