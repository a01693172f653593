// Images times a number for each channel of each image, and rows times a number for each row.

#include <algorithm>

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ChannelScale.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ChannelPasses-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// Calls body(image) for every image of so many elements, shared out over threads.
template <typename Body>
HWY_INLINE void ForImages(int64_t batch, int64_t elements, const Body &body) {
  const int64_t grain = ElementGrain() / std::max<int64_t>(1, elements) + 1;
  ParallelFor(batch, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t image = begin; image < end; ++image) body(image);
  });
}

// sizes = {batch, pixels, channels}; inputs x, s [batch, channels]; output y = x ∘ s.
template <typename Element>
HWY_INLINE void Scale(const Arguments *arguments) {
  const int64_t pixels = arguments->sizes[1], channels = arguments->sizes[2];
  ForImages(arguments->sizes[0], pixels * channels, [&](int64_t image) HWY_ATTR {
    const FloatTag d;
    const Element *x = input<Element>(arguments, 0) + image * pixels * channels;
    const Element *s = input<Element>(arguments, 1) + image * channels;
    Element *y = output<Element>(arguments, 0) + image * pixels * channels;
    ForVectors(0, pixels, channels,
               [&](auto whole, auto rows, int64_t row, int64_t channel, size_t count)
                   ADJOINT_INLINED {
                     constexpr bool kWhole = decltype(whole)::value;
                     const auto factor = Get<kWhole>(d, s + channel, count);
                     for (int step = 0; step < decltype(rows)::value; ++step) {
                       const int64_t place = (row + step) * channels + channel;
                       Put<kWhole>(d, hn::Mul(Get<kWhole>(d, x + place, count), factor), y + place,
                                   count);
                     }
                   });
  });
}

// inputs dy, x, s; outputs ds = Σ over pixels of dy ∘ x, and dx = dy ∘ s or null.
template <typename Element>
HWY_INLINE void ScalePullback(const Arguments *arguments) {
  const int64_t pixels = arguments->sizes[1], channels = arguments->sizes[2];
  ForImages(arguments->sizes[0], pixels * channels, [&](int64_t image) HWY_ATTR {
    const FloatTag d;
    const Element *dy = input<Element>(arguments, 0) + image * pixels * channels;
    const Element *x = input<Element>(arguments, 1) + image * pixels * channels;
    const Element *s = input<Element>(arguments, 2) + image * channels;
    Element *dx = output<Element>(arguments, 1);
    if (dx != nullptr) dx += image * pixels * channels;
    const Scratch<float> part(2 * channels);
    float *sums = part.data(), *totals = sums + channels;
    std::fill(totals, totals + channels, 0.0f);
    const int64_t size = RowsOfBlock(channels);
    for (int64_t begin = 0; begin < pixels; begin += size) {
      std::fill(sums, sums + channels, 0.0f);
      ForVectors(begin, std::min(pixels, begin + size), channels,
                 [&](auto whole, auto rows, int64_t row, int64_t channel, size_t count)
                     ADJOINT_INLINED {
                       constexpr bool kWhole = decltype(whole)::value;
                       const auto factor = Get<kWhole>(d, s + channel, count);
                       auto sum = Get<kWhole>(d, sums + channel, count);
                       for (int step = 0; step < decltype(rows)::value; ++step) {
                         const int64_t place = (row + step) * channels + channel;
                         const auto cotangent = Get<kWhole>(d, dy + place, count);
                         sum = hn::MulAdd(cotangent, Get<kWhole>(d, x + place, count), sum);
                         if (dx != nullptr) {
                           Put<kWhole>(d, hn::Mul(cotangent, factor), dx + place, count);
                         }
                       }
                       Put<kWhole>(d, sum, sums + channel, count);
                     });
      for (int64_t c = 0; c < channels; ++c) totals[c] += sums[c];
    }
    Element *ds = output<Element>(arguments, 0) + image * channels;
    ForVectors(0, 1, channels,
               [&](auto whole, auto, int64_t, int64_t channel, size_t count) ADJOINT_INLINED {
                 constexpr bool kWhole = decltype(whole)::value;
                 Put<kWhole>(d, Get<kWhole>(d, totals + channel, count), ds + channel, count);
               });
  });
}

void ScaleChannels_float32(const Arguments *arguments) { Scale<float>(arguments); }
void ScaleChannels_bfloat16(const Arguments *arguments) { Scale<BFloat16>(arguments); }
void ScaleChannels_float64(const Arguments *arguments) {
  const int64_t pixels = arguments->sizes[1], channels = arguments->sizes[2];
  const int64_t count = arguments->sizes[0] * pixels * channels;
  for (int64_t place = 0; place < count; ++place) {
    output<double>(arguments, 0)[place] =
        input<double>(arguments, 0)[place] *
        input<double>(arguments, 1)[place / (pixels * channels) * channels + place % channels];
  }
}

void ScaleChannelsPullback_float32(const Arguments *arguments) { ScalePullback<float>(arguments); }
void ScaleChannelsPullback_bfloat16(const Arguments *arguments) {
  ScalePullback<BFloat16>(arguments);
}
void ScaleChannelsPullback_float64(const Arguments *arguments) {
  const int64_t batch = arguments->sizes[0], pixels = arguments->sizes[1];
  const int64_t channels = arguments->sizes[2];
  const double *dy = input<double>(arguments, 0), *x = input<double>(arguments, 1);
  double *ds = output<double>(arguments, 0), *dx = output<double>(arguments, 1);
  std::fill(ds, ds + batch * channels, 0.0);
  for (int64_t place = 0; place < batch * pixels * channels; ++place) {
    const int64_t at = place / (pixels * channels) * channels + place % channels;
    ds[at] += dy[place] * x[place];
    if (dx != nullptr) dx[place] = dy[place] * input<double>(arguments, 2)[at];
  }
}

// sizes = {rows, length}; inputs x and a factor for each row, float32 where x is bfloat16; output y.
template <typename Element>
HWY_INLINE void ScaleRows(const Arguments *arguments) {
  const int64_t length = arguments->sizes[1];
  ForImages(arguments->sizes[0], length, [&](int64_t row) HWY_ATTR {
    const FloatTag d;
    const auto factor = hn::Set(d, input<float>(arguments, 1)[row]);
    const Element *x = input<Element>(arguments, 0) + row * length;
    Element *y = output<Element>(arguments, 0) + row * length;
    ForVectors(0, 1, length,
               [&](auto whole, auto, int64_t, int64_t place, size_t count) ADJOINT_INLINED {
                 constexpr bool kWhole = decltype(whole)::value;
                 Put<kWhole>(d, hn::Mul(Get<kWhole>(d, x + place, count), factor), y + place, count);
               });
  });
}

void ScaleRows_float32(const Arguments *arguments) { ScaleRows<float>(arguments); }
void ScaleRows_bfloat16(const Arguments *arguments) { ScaleRows<BFloat16>(arguments); }
void ScaleRows_float64(const Arguments *arguments) {
  const int64_t length = arguments->sizes[1];
  for (int64_t place = 0; place < arguments->sizes[0] * length; ++place) {
    output<double>(arguments, 0)[place] =
        input<double>(arguments, 0)[place] * input<double>(arguments, 1)[place / length];
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(scale_channels, ScaleChannels)
ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(scale_channels_pullback, ScaleChannelsPullback)
ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(scale_rows, ScaleRows)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
