// The gradient of a convolution's weights, straight from the images: for each element of the window a product of the
// outputs' cotangents and the pixels under them, summed over all positions. A few rows of images at a time: their
// pixels are brought into a panel of a few channels with its padding, which stays in the first-level cache for
// all outputs and the whole window. No matrix of patches is written.
//
// sizes = {batch, height, width, inputs, outputs, output height, output width, window height, window width,
//          stride height, stride width, dilation height, dilation width, top, left}
// inputs: x [batch, height, width, inputs], dy [batch, output height, output width, outputs];
// outputs: dw [outputs, window height, window width, inputs].

#include <algorithm>
#include <cstring>

#include "Parallel.h"
#include "Registry.h"
#include "Workspace.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ConvolutionSums.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "SumTile-inl.h"
#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

struct Lengths {
  int64_t batch, height, width, inputs, outputs, output_height, output_width, window_height, window_width;
  int64_t stride_height, stride_width, dilation_height, dilation_width, top, left;

  explicit Lengths(const Arguments *arguments) { std::memcpy(this, arguments->sizes, sizeof *this); }

  int64_t taps() const { return window_height * window_width; }
  int64_t weights() const { return outputs * taps() * inputs; }
  int64_t tiles() const { return (outputs + kTileRows - 1) / kTileRows; }
  // Rows and columns of pixels under so many rows of the output.
  int64_t PanelHeight(int64_t rows) const {
    return (rows - 1) * stride_height + (window_height - 1) * dilation_height + 1;
  }
  int64_t PanelWidth() const {
    return (output_width - 1) * stride_width + (window_width - 1) * dilation_width + 1;
  }
  int64_t PanelSize(int64_t rows) const { return PanelHeight(rows) * PanelWidth() * kTileColumns; }
};

// Rows of the output of some images, whose pixels are in the panel together.
struct Strip {
  int64_t image, images, row, rows;

  int64_t Steps(const Lengths &n) const { return images * rows * n.output_width; }
};

// Several small images or some rows of a large one: as many as take 20 KB, of a first-level cache of 32.
Strip LargestStrip(const Lengths &n) {
  constexpr int64_t kPanel = 5120;
  const int64_t whole = n.PanelSize(n.output_height);
  if (whole <= kPanel) return {0, std::min(n.batch, kPanel / whole), 0, n.output_height};
  int64_t rows = n.output_height;
  while (rows > 1 && n.PanelSize(rows) > kPanel) --rows;
  return {0, 1, 0, rows};
}

// Channels of pixels from `channel` on, with zeros around the images and past the last channel.
void PackPixels(const Lengths &n, const Strip &strip, const float *x, int64_t channel, float *panel) {
  const int64_t count = std::min(kTileColumns, n.inputs - channel);
  const int64_t height = n.PanelHeight(strip.rows), width = n.PanelWidth();
  for (int64_t image = strip.image; image < strip.image + strip.images; ++image) {
    for (int64_t y = 0; y < height; ++y) {
      const int64_t row = strip.row * n.stride_height + y - n.top;
      const float *pixels = x + ((image * n.height + row) * n.width - n.left) * n.inputs + channel;
      for (int64_t column = 0; column < width; ++column, pixels += n.inputs, panel += kTileColumns) {
        const bool is_inside =
            row >= 0 && row < n.height && column >= n.left && column - n.left < n.width;
        CopyToPanel(pixels, is_inside ? count : 0, panel);
      }
    }
  }
}

// The cotangents of six outputs after those of six others.
void PackCotangents(const Lengths &n, const Strip &strip, const float *dy, float *tiles) {
  const int64_t row_steps = strip.rows * n.output_width;
  for (int64_t image = 0; image < strip.images; ++image) {
    const int64_t first = (strip.image + image) * n.output_height + strip.row;
    PackColumns(dy + first * n.output_width * n.outputs, n.outputs, n.outputs, row_steps, strip.Steps(n),
                image * row_steps, tiles);
  }
}

// Adds to some rows and columns of dw what one element of the window gets from a strip. `panel` is where that element
// lies under the first position.
HWY_INLINE void AddTile(const Lengths &n, const Strip &strip, const float *cotangents, const float *panel, float *dw,
                        int64_t height, int64_t width) {
  const int64_t next = n.stride_width * kTileColumns, next_row = n.stride_height * n.PanelWidth() * kTileColumns;
  const int64_t image_size = n.PanelSize(strip.rows), pitch = n.taps() * n.inputs;
  // Fetched while the sums are made.
  for (int64_t r = 0; r < height; ++r) __builtin_prefetch(dw + r * pitch);
  WithTile(height, [&](auto tile) HWY_ATTR {
    const float *left = cotangents;
    for (int64_t image = 0; image < strip.images; ++image) {
      for (int64_t row = 0; row < strip.rows; ++row, left += n.output_width * kTileRows) {
        tile.Add(left, 1, kTileRows, panel + image * image_size + row * next_row, next, n.output_width);
      }
    }
    tile.Store(true, dw, pitch, width);
  });
}

// Adds a strip's part to dw.
HWY_INLINE void AddStrip(const Lengths &n, const Strip &strip, const float *x, const float *dy, float *tiles,
                         float *panel, float *dw) {
  const int64_t steps = strip.Steps(n), width = n.PanelWidth();
  PackCotangents(n, strip, dy, tiles);
  for (int64_t channel = 0; channel < n.inputs; channel += kTileColumns) {
    PackPixels(n, strip, x, channel, panel);
    const int64_t count = std::min(kTileColumns, n.inputs - channel);
    for (int64_t tile = 0; tile < n.tiles(); ++tile) {
      const int64_t output = tile * kTileRows, height = std::min<int64_t>(kTileRows, n.outputs - output);
      const float *cotangents = tiles + tile * steps * kTileRows;
      for (int64_t tap = 0; tap < n.taps(); ++tap) {
        const int64_t row = tap / n.window_width * n.dilation_height;
        const int64_t column = tap % n.window_width * n.dilation_width;
        const float *under = panel + (row * width + column) * kTileColumns;
        float *to = dw + (output * n.taps() + tap) * n.inputs + channel;
        AddTile(n, strip, cotangents, under, to, height, count);
      }
    }
  }
}

// dw of the images begin ..< end.
void SumImages(const Lengths &n, const float *x, const float *dy, int64_t begin, int64_t end, float *dw) {
  const Strip largest = LargestStrip(n);
  thread_local Workspace workspace;
  const int64_t of_tiles = n.tiles() * kTileRows * largest.Steps(n);
  auto *const tiles =
      workspace.Take<float>(static_cast<size_t>(of_tiles + largest.images * n.PanelSize(largest.rows)));
  std::fill(dw, dw + n.weights(), 0.0f);
  for (int64_t image = begin; image < end; image += largest.images) {
    for (int64_t row = 0; row < n.output_height; row += largest.rows) {
      const Strip strip{image, std::min(largest.images, end - image), row,
                        std::min(largest.rows, n.output_height - row)};
      AddStrip(n, strip, x, dy, tiles, tiles + of_tiles, dw);
    }
  }
}

// As many parts of the batch as threads, whose sums are added in their order.
void ConvolutionSums_float32(const Arguments *arguments) {
  const Lengths n(arguments);
  const float *x = input<float>(arguments, 0), *dy = input<float>(arguments, 1);
  float *dw = output<float>(arguments, 0);
  const int64_t parts = std::min<int64_t>(team_threads, n.batch), weights = n.weights();
  thread_local Workspace workspace;
  auto *const others = workspace.Take<float>(static_cast<size_t>((parts - 1) * weights));
  const double multiplications =
      static_cast<double>(weights) * static_cast<double>(n.batch * n.output_height * n.output_width);
  const bool is_worth_it = multiplications >= static_cast<double>(parts * MultiplicationGrain());
  ParallelFor(parts, is_worth_it ? 1 : parts, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      SumImages(n, x, dy, n.batch * part / parts, n.batch * (part + 1) / parts,
                part == 0 ? dw : others + (part - 1) * weights);
    }
  });
  ParallelFor(weights, ElementGrain(), [=](int64_t begin, int64_t end) {
    for (int64_t part = 1; part < parts; ++part) {
      const float *other = others + (part - 1) * weights;
      for (int64_t i = begin; i < end; ++i) dw[i] += other[i];
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

HWY_EXPORT(ConvolutionSums_float32);
const Registration enter_convolution_sums(
    "convolution_sums",
    [](const Arguments *arguments) { HWY_DYNAMIC_DISPATCH(ConvolutionSums_float32)(arguments); }, nullptr);

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
