// What convolutions with windows of 3×3 and a stride of 1 have in common that are carried out in tiles of 2×2 outputs.
// For each tile 16 products are made of each pair of channels where the window takes 36: F(2×2, 3×3) of Lavin and Gray,
// "Fast algorithms for convolutional neural networks", CVPR 2016, which is Winograd's minimal filtering. Its factors are
// 1, −1 and ½, so that it rounds as little as the sums themselves do. Included once for each instruction set.
//
// In one dimension, from four pixels d and three elements g of the window, two outputs y:
//   v = (d₀ − d₂, d₁ + d₂, d₂ − d₁, d₁ − d₃)
//   u = (g₀, (g₀ + g₁ + g₂)/2, (g₀ − g₁ + g₂)/2, g₂)
//   m = u v, summed over the inputs
//   y = (m₀ + m₁ + m₂, m₁ − m₂ − m₃)
// in two that along the columns and then along the rows. The way back to the window is the same transposed.

#include <algorithm>
#include <cstdint>

#include "Workspace.h"

// clang-format off
#if defined(ADJOINT_WINOGRAD_TILES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ADJOINT_WINOGRAD_TILES_INL_H
#undef ADJOINT_WINOGRAD_TILES_INL_H
#else
#define ADJOINT_WINOGRAD_TILES_INL_H
#endif
// clang-format on

#include <hwy/highway.h>

#include "SumTile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {

constexpr int kWindowSide = 3;
constexpr int kElements = kWindowSide * kWindowSide;
constexpr int kInputSide = 4;
constexpr int kOutputSide = 2;
constexpr int kPositions = kInputSide * kInputSide;

using Four = FloatVector[kInputSide];
using Square = FloatVector[kInputSide][kInputSide];

// v of d.
HWY_INLINE void TransformPixels(const Four &d, Four &v) {
  v[0] = hn::Sub(d[0], d[2]);
  v[1] = hn::Add(d[1], d[2]);
  v[2] = hn::Sub(d[2], d[1]);
  v[3] = hn::Sub(d[1], d[3]);
}

// u of g.
HWY_INLINE void TransformWindow(const FloatVector (&g)[kWindowSide], Four &u) {
  const auto half = hn::Set(FloatTag(), 0.5f);
  const auto outer = hn::Add(g[0], g[2]);
  u[0] = g[0];
  u[1] = hn::Mul(half, hn::Add(outer, g[1]));
  u[2] = hn::Mul(half, hn::Sub(outer, g[1]));
  u[3] = g[2];
}

// The cotangent of g from that of u.
HWY_INLINE void TransposeWindow(const Four &du, FloatVector (&dg)[kWindowSide]) {
  const auto half = hn::Set(FloatTag(), 0.5f);
  const auto outer = hn::Mul(half, hn::Add(du[1], du[2]));
  dg[0] = hn::Add(du[0], outer);
  dg[1] = hn::Mul(half, hn::Sub(du[1], du[2]));
  dg[2] = hn::Add(outer, du[3]);
}

// y of m.
HWY_INLINE void TransformSums(const Four &m, FloatVector (&y)[kOutputSide]) {
  y[0] = hn::Add(hn::Add(m[0], m[1]), m[2]);
  y[1] = hn::Sub(hn::Sub(m[1], m[2]), m[3]);
}

// The cotangent of m from that of y.
HWY_INLINE void TransposeSums(const FloatVector (&dy)[kOutputSide], Four &dm) {
  dm[0] = dy[0];
  dm[1] = hn::Add(dy[0], dy[1]);
  dm[2] = hn::Sub(dy[0], dy[1]);
  dm[3] = hn::Neg(dy[1]);
}

// Calls transform(line, result) along both dimensions of a square: from `kFrom` to `kTo` elements in each.
template <int kFrom, int kTo, typename Transform>
HWY_INLINE void TransformBoth(const FloatVector (&from)[kFrom][kFrom], FloatVector (&to)[kTo][kTo],
                              const Transform &transform) {
  FloatVector between[kFrom][kTo];
  for (int row = 0; row < kFrom; ++row) transform(from[row], between[row]);
  for (int column = 0; column < kTo; ++column) {
    FloatVector line[kFrom], result[kTo];
    for (int row = 0; row < kFrom; ++row) line[row] = between[row][column];
    transform(line, result);
    for (int row = 0; row < kTo; ++row) to[row][column] = result[row];
  }
}

// Where one value for each position, tile and channel lies: channels in panels of so many side by side, in a panel tile
// after tile. A line between the positions keeps them from meeting in the same part of a cache.
struct TileLayout {
  int64_t tiles, channels, panel;

  static constexpr int64_t kGap = 16;
  int64_t position() const { return (channels + panel - 1) / panel * panel * tiles + kGap; }
  int64_t size() const { return kPositions * position(); }
  int64_t place(int64_t tile, int64_t channel) const {
    return channel / panel * panel * tiles + tile * panel + channel % panel;
  }
};

// Images in tiles: of which tile after tile, row after row, image after image.
struct TileGrid {
  int64_t batch, height, width, channels;  // of the images
  int64_t rows, columns;                   // of tiles on each
  int64_t top, left;                       // by how much the first tile begins outside of the image

  int64_t tiles() const { return batch * rows * columns; }

  // Sets where each pixel of a tile of that side begins, `outside` where it has none.
  template <int kSide, typename Float>
  HWY_INLINE void FindPixels(int64_t tile, Float *image, Float *outside, Float *(&pixels)[kSide][kSide]) const {
    const int64_t row = tile / columns % rows * kOutputSide - top, column = tile % columns * kOutputSide - left;
    image += tile / (rows * columns) * height * width * channels;
    for (int64_t i = 0; i < kSide; ++i) {
      const bool is_row = row + i >= 0 && row + i < height;
      for (int64_t j = 0; j < kSide; ++j) {
        const bool is_pixel = is_row && column + j >= 0 && column + j < width;
        pixels[i][j] = is_pixel ? image + ((row + i) * width + column + j) * channels : outside;
      }
    }
  }
};

// Tiles begin ..< end of a layout, whose first is tile `first` of the images, transformed: pixels with kSide 4 and
// TransformPixels, cotangents of outputs with kSide 2 and TransposeSums. `images` begins at the layout's first channel.
template <int kSide, typename Transform>
HWY_INLINE void TransformTiles(const TileGrid &grid, int64_t first, const float *images, const TileLayout &layout,
                               int64_t begin, int64_t end, float *to, const Transform &transform) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const Scratch<float> zeros(layout.channels);
  std::fill_n(zeros.data(), layout.channels, 0.0f);
  const int64_t step = layout.position();
  for (int64_t tile = begin; tile < end; ++tile) {
    const float *pixels[kSide][kSide];
    grid.FindPixels<kSide, const float>(first + tile, images, zeros.data(), pixels);
    for (int64_t panel = 0; panel < layout.channels; panel += layout.panel) {
      const int64_t channels = std::min(layout.panel, layout.channels - panel);
      float *place = to + layout.place(tile, panel);
      for (int64_t channel = 0; channel < channels; channel += lanes) {
        FloatVector square[kSide][kSide];
        for (int i = 0; i < kSide; ++i) {
          for (int j = 0; j < kSide; ++j) square[i][j] = hn::LoadU(d, pixels[i][j] + panel + channel);
        }
        Square result;
        TransformBoth(square, result, transform);
        for (int position = 0; position < kPositions; ++position) {
          hn::StoreU(result[position / kInputSide][position % kInputSide], d, place + position * step + channel);
        }
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
