// The patches of an image as the rows of a matrix, and back: what makes a convolution a matrix product. Used in
// float64, where oneDNN has none, and where a product is the faster one.

#include <algorithm>
#include <cstring>

#include "Parallel.h"
#include "Registry.h"

namespace adjoint {
namespace {

struct Layout {
  int64_t batch, height, width, channels, output_height, output_width, window_height, window_width;
  int64_t stride_height, stride_width, dilation_height, dilation_width, top, left;
  int64_t first, taken;  // the channels of a group

  explicit Layout(const Arguments *arguments) {
    std::memcpy(this, arguments->sizes, sizeof *this);
  }

  // Calls body(pixel or null, place in the matrix) for each element of each window of one image.
  template <typename Body>
  void ForEach(int64_t image, const Body &body) const {
    int64_t place = image * output_height * output_width * window_height * window_width * taken;
    for (int64_t oy = 0; oy < output_height; ++oy) {
      for (int64_t ox = 0; ox < output_width; ++ox) {
        for (int64_t ky = 0; ky < window_height; ++ky) {
          const int64_t y = oy * stride_height + ky * dilation_height - top;
          for (int64_t kx = 0; kx < window_width; ++kx) {
            const int64_t x = ox * stride_width + kx * dilation_width - left;
            const bool is_inside = y >= 0 && y < height && x >= 0 && x < width;
            body(is_inside ? ((image * height + y) * width + x) * channels + first : -1, place);
            place += taken;
          }
        }
      }
    }
  }
};

// rows[image, oy, ox][ky, kx, channel] = x[image, y, x, first + channel], 0 outside.
// sizes as in Layout; inputs x; outputs rows.
template <typename T>
void ImageColumns(const Arguments *arguments) {
  const Layout layout(arguments);
  const T *x = input<T>(arguments, 0);
  T *rows = output<T>(arguments, 0);
  ParallelFor(layout.batch, 1, [&](int64_t begin, int64_t end) {
    for (int64_t image = begin; image < end; ++image) {
      layout.ForEach(image, [&](int64_t pixel, int64_t place) {
        if (pixel < 0) {
          std::fill(rows + place, rows + place + layout.taken, T{});
        } else {
          std::copy(x + pixel, x + pixel + layout.taken, rows + place);
        }
      });
    }
  });
}

// dx[image, y, x, first + channel] = Σ of drows over the windows it lies in; other channels stay.
template <typename T>
void ImageColumnsPullback(const Arguments *arguments) {
  const Layout layout(arguments);
  const T *drows = input<T>(arguments, 0);
  T *dx = output<T>(arguments, 0);
  ParallelFor(layout.batch, 1, [&](int64_t begin, int64_t end) {
    for (int64_t image = begin; image < end; ++image) {
      for (int64_t pixel = 0; pixel < layout.height * layout.width; ++pixel) {
        T *to = dx + (image * layout.height * layout.width + pixel) * layout.channels + layout.first;
        std::fill(to, to + layout.taken, T{0});
      }
      layout.ForEach(image, [&](int64_t pixel, int64_t place) {
        if (pixel < 0) return;
        for (int64_t channel = 0; channel < layout.taken; ++channel) {
          dx[pixel + channel] += drows[place + channel];
        }
      });
    }
  });
}

const Registration enter_columns("image_columns", ImageColumns<float>, ImageColumns<double>,
                                 ImageColumns<BFloat16>);
const Registration enter_pullback("image_columns_pullback", ImageColumnsPullback<float>,
                                  ImageColumnsPullback<double>);

}  // namespace
}  // namespace adjoint
