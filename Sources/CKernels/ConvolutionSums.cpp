// The gradient of a convolution's weights, straight from the images: for each element of the window a product of the
// outputs' cotangents and the pixels under them, summed over all positions that have one. A few rows of images at a
// time: their pixels are brought into a panel of a few channels, which stays in a cache near the core for all outputs
// and the whole window. Neither padding nor a matrix of patches is written.
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
  // How many of so many parts a thread takes at least: all of them, where they are too little to share out.
  int64_t Grain(int64_t parts) const {
    const double multiplications =
        static_cast<double>(weights()) * static_cast<double>(batch * output_height * output_width);
    return multiplications >= static_cast<double>(parts * MultiplicationGrain()) ? 1 : parts;
  }
  // Floats of a panel with the pixels under so many rows of the output.
  int64_t PanelSize(int64_t rows) const {
    const int64_t under = (rows - 1) * stride_height + (window_height - 1) * dilation_height + 1;
    return std::min(height, under) * width * kTileColumns;
  }
};

// Begin ..< end.
struct Range {
  int64_t begin, end;
};

// Rows of the output of some images, whose pixels are in the panel together.
struct Strip {
  int64_t image, images, row, rows;

  int64_t Steps(const Lengths &n) const { return images * rows * n.output_width; }
  // The rows of pixels under it.
  Range Pixels(const Lengths &n) const {
    const int64_t first = row * n.stride_height - n.top;
    const int64_t end = first + (rows - 1) * n.stride_height + (n.window_height - 1) * n.dilation_height + 1;
    const int64_t begin = std::clamp<int64_t>(first, 0, n.height);
    return {begin, std::clamp(end, begin, n.height)};
  }
};

// Several small images or some rows of a large one: as many as take 80 KB. In the first-level cache they would be read
// faster, but the sums brought from memory more often, and those of 512 channels are more than a cache holds.
Strip LargestStrip(const Lengths &n) {
  constexpr int64_t kPanel = 20480;
  const int64_t whole = n.PanelSize(n.output_height);
  if (whole <= kPanel) return {0, std::min(n.batch, kPanel / whole), 0, n.output_height};
  int64_t rows = n.output_height;
  while (rows > 1 && n.PanelSize(rows) > kPanel) --rows;
  return {0, 1, 0, rows};
}

// Channels of pixels from `channel` on: pixel after pixel, each of all images, with zeros past the last channel.
void PackPixels(const Lengths &n, const Strip &strip, const float *x, int64_t channel, float *panel) {
  const int64_t count = std::min(kTileColumns, n.inputs - channel), image_size = n.height * n.width * n.inputs;
  const Range rows = strip.Pixels(n);
  x += strip.image * image_size + channel;
  for (int64_t pixel = rows.begin * n.width; pixel < rows.end * n.width; ++pixel) {
    for (int64_t image = 0; image < strip.images; ++image, panel += kTileColumns) {
      CopyToPanel(x + image * image_size + pixel * n.inputs, count, panel);
    }
  }
}

// What a thread sums up: images begin ..< end, outputs first ..< last.
struct Share {
  int64_t begin, end, first, last;
};

// The cotangents of six outputs after those of six others: position after position, each of all images.
void PackCotangents(const Lengths &n, const Strip &strip, const Share &share, const float *dy, float *tiles) {
  const int64_t positions = strip.rows * n.output_width, image_size = n.output_height * n.output_width * n.outputs;
  dy += strip.image * image_size + strip.row * n.output_width * n.outputs + share.first;
  for (int64_t position = 0; position < positions; ++position, dy += n.outputs) {
    PackColumns(dy, image_size, share.last - share.first, strip.images, strip.Steps(n), position * strip.images, tiles);
  }
}

// Those of `count` positions, `stride` apart, of which `first` is where the first lies, that are inside of 0 ..< length.
Range Inside(int64_t first, int64_t stride, int64_t count, int64_t length) {
  const int64_t begin = first < 0 ? (stride - 1 - first) / stride : 0;
  const int64_t end = first < length ? (length - first + stride - 1) / stride : 0;
  return {std::min(begin, count), std::min(end, count)};
}

// One element of the window over a strip: the positions of the output at which it has a pixel under it, and the number in
// the panel of the pixel under the first position, be there one or not.
struct Tap {
  Range rows, columns;
  int64_t pixel;

  Tap(const Lengths &n, const Strip &strip, int64_t index) {
    const int64_t row = index / n.window_width * n.dilation_height + strip.row * n.stride_height - n.top;
    const int64_t column = index % n.window_width * n.dilation_width - n.left;
    rows = Inside(row, n.stride_height, strip.rows, n.height);
    columns = Inside(column, n.stride_width, n.output_width, n.width);
    pixel = (row - strip.Pixels(n).begin) * n.width + column;
  }
};

// Some rows and columns of dw, of what one element of the window gets from a strip; or adds it to what is there.
HWY_INLINE void SumTap(const Lengths &n, const Strip &strip, const Tap &tap, const float *cotangents,
                       const float *panel, bool add, float *dw, int64_t height, int64_t width) {
  const int64_t pitch = n.taps() * n.inputs, columns = tap.columns.end - tap.columns.begin;
  // What lies one after the other in both: a row of one image, or all images at a position, with a stride of 1 all of a row.
  const bool is_whole_row = strip.images == 1 || n.stride_width == 1;
  const int64_t steps = is_whole_row ? columns * strip.images : strip.images;
  const int64_t next = strip.images == 1 ? n.stride_width * kTileColumns : kTileColumns;
  // Fetched while the sums are made.
  for (int64_t r = 0; r < height; ++r) __builtin_prefetch(dw + r * pitch);
  WithTile(height, [&](auto tile) HWY_ATTR {
    for (int64_t row = tap.rows.begin; row < tap.rows.end; ++row) {
      for (int64_t column = tap.columns.begin; column < tap.columns.end; column += is_whole_row ? columns : 1) {
        const int64_t position = row * n.output_width + column;
        const int64_t pixel = tap.pixel + row * n.stride_height * n.width + column * n.stride_width;
        tile.Add(cotangents + position * strip.images * kTileRows, 1, kTileRows,
                 panel + pixel * strip.images * kTileColumns, next, steps);
      }
    }
    tile.Store(add, dw, pitch, width);
  });
}

// A strip's part of dw. The first of a share puts it there, the others add to it.
HWY_INLINE void SumStrip(const Lengths &n, const Strip &strip, const Share &share, const float *x, const float *dy,
                         float *tiles, float *panel, float *dw) {
  const int64_t steps = strip.Steps(n);
  const bool add = strip.image > share.begin || strip.row > 0;
  PackCotangents(n, strip, share, dy, tiles);
  for (int64_t channel = 0; channel < n.inputs; channel += kTileColumns) {
    PackPixels(n, strip, x, channel, panel);
    const int64_t count = std::min(kTileColumns, n.inputs - channel);
    for (int64_t output = share.first; output < share.last; output += kTileRows) {
      const int64_t height = std::min<int64_t>(kTileRows, share.last - output);
      const float *cotangents = tiles + (output - share.first) * steps;
      for (int64_t tap = 0; tap < n.taps(); ++tap) {
        float *to = dw + (output * n.taps() + tap) * n.inputs + channel;
        SumTap(n, strip, Tap(n, strip, tap), cotangents, panel, add, to, height, count);
      }
    }
  }
}

// A share's part of dw.
void SumShare(const Lengths &n, const Share &share, const float *x, const float *dy, float *dw) {
  const Strip largest = LargestStrip(n);
  thread_local Workspace workspace;
  const int64_t of_tiles = n.tiles() * kTileRows * largest.Steps(n);
  auto *const tiles =
      workspace.Take<float>(static_cast<size_t>(of_tiles + largest.images * n.PanelSize(largest.rows)));
  for (int64_t image = share.begin; image < share.end; image += largest.images) {
    for (int64_t row = 0; row < n.output_height; row += largest.rows) {
      const Strip strip{image, std::min(largest.images, share.end - image), row,
                        std::min(largest.rows, n.output_height - row)};
      SumStrip(n, strip, share, x, dy, tiles, tiles + of_tiles, dw);
    }
  }
}

// As many parts of the outputs as threads.
void ShareOutputs(const Lengths &n, int64_t threads, const float *x, const float *dy, float *dw) {
  const auto edge = [&](int64_t part) { return std::min(n.outputs, n.tiles() * part / threads * kTileRows); };
  ParallelFor(threads, n.Grain(threads), [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      SumShare(n, {0, n.batch, edge(part), edge(part + 1)}, x, dy, dw);
    }
  });
}

// As many parts of the batch as threads, whose sums are added in their order.
void ShareBatch(const Lengths &n, int64_t threads, const float *x, const float *dy, float *dw) {
  const int64_t parts = std::min(threads, n.batch), weights = n.weights();
  thread_local Workspace workspace;
  auto *const others = workspace.Take<float>(static_cast<size_t>((parts - 1) * weights));
  ParallelFor(parts, n.Grain(parts), [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      SumShare(n, {n.batch * part / parts, n.batch * (part + 1) / parts, 0, n.outputs}, x, dy,
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

// With the outputs shared out every thread packs all pixels; with the batch, every thread has sums for all weights. The
// lesser of both, where there are enough tiles for all.
void ConvolutionSums_float32(const Arguments *arguments) {
  const Lengths n(arguments);
  const int64_t threads = team_threads, pixels = n.batch * n.height * n.width;
  const bool by_outputs = n.tiles() >= 8 * threads && pixels < n.outputs * n.taps();
  (by_outputs ? ShareOutputs : ShareBatch)(n, threads, input<float>(arguments, 0), input<float>(arguments, 1),
                                           output<float>(arguments, 0));
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
