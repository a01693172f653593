// Normalisation of groups of channels of each image. Arrays are [batch, pixels, channels]; what belongs to
// channels or groups is float32 where the array is bfloat16.

#include <algorithm>

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "GroupNorm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ChannelPasses-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// sizes = {batch, pixels, channels, groups, sums are wanted (pullback only)}.
struct Groups {
  int64_t batch, pixels, channels, groups, width;
  bool wants_sums;

  explicit Groups(const Arguments *arguments)
      : batch(arguments->sizes[0]),
        pixels(arguments->sizes[1]),
        channels(arguments->sizes[2]),
        groups(arguments->sizes[3]),
        width(channels / groups),
        wants_sums(arguments->sizes[4] == 1) {}

  int64_t image() const { return pixels * channels; }
  double count() const { return static_cast<double>(pixels * width); }
};

// Calls body(image) for every image, shared out over threads.
template <typename Body>
HWY_INLINE void ForImages(const Groups &groups, const Body &body) {
  const int64_t grain = ElementGrain() / std::max<int64_t>(1, groups.image()) + 1;
  ParallelFor(groups.batch, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t image = begin; image < end; ++image) body(image);
  });
}

// The mean of every channel of an image and Σ (x − mean)², put together block by block (Chan, Golub and LeVeque,
// 1983).
template <typename Element>
HWY_INLINE void ImageMoments(const Element *x, double *means, double *deviations, int64_t pixels,
                             int64_t channels) {
  const Scratch<double> scratch(2 * channels);
  double *own = scratch.data(), *spread = own + channels;
  const int64_t size = RowsOfBlock(channels);
  std::fill(means, means + channels, 0.0);
  std::fill(deviations, deviations + channels, 0.0);
  for (int64_t begin = 0; begin < pixels; begin += size) {
    const int64_t end = std::min(pixels, begin + size);
    BlockMoments(x, own, spread, begin, end, channels);
    const double share = static_cast<double>(end - begin) / static_cast<double>(end);
    for (int64_t c = 0; c < channels; ++c) {
      const double apart = own[c] - means[c];
      means[c] += apart * share;
      deviations[c] += spread[c] + apart * apart * static_cast<double>(begin) * share;
    }
  }
}

// scalars[0] = ε; inputs x, γ or null, β or null; outputs y and [batch, 2, groups]: the mean and 1 / √(variance +
// ε) of each group.
template <typename Element>
HWY_INLINE void Forward(const Arguments *arguments) {
  const Groups groups(arguments);
  const int64_t channels = groups.channels, width = groups.width;
  const float *gamma = input<float>(arguments, 1), *beta = input<float>(arguments, 2);
  ForImages(groups, [&](int64_t image) HWY_ATTR {
    const Element *x = input<Element>(arguments, 0) + image * groups.image();
    float *mean = output<float>(arguments, 1) + image * 2 * groups.groups;
    float *inverse = mean + groups.groups;
    const Scratch<double> moments(2 * channels);
    double *means = moments.data(), *deviations = means + channels;
    ImageMoments(x, means, deviations, groups.pixels, channels);
    const Scratch<float> lines(3 * channels);
    float *centre = lines.data(), *scale = centre + channels, *shift = scale + channels;
    for (int64_t group = 0; group < groups.groups; ++group) {
      const int64_t first = group * width, last = first + width;
      double total = 0, spread = 0;
      for (int64_t c = first; c < last; ++c) total += means[c];
      total /= static_cast<double>(width);
      for (int64_t c = first; c < last; ++c) {
        const double apart = means[c] - total;
        spread += deviations[c] + static_cast<double>(groups.pixels) * apart * apart;
      }
      mean[group] = static_cast<float>(total);
      inverse[group] =
          static_cast<float>(1.0 / std::sqrt(spread / groups.count() + arguments->scalars[0]));
      for (int64_t c = first; c < last; ++c) {
        centre[c] = mean[group];
        scale[c] = gamma == nullptr ? inverse[group] : gamma[c] * inverse[group];
        shift[c] = beta == nullptr ? 0 : beta[c];
      }
    }
    MapRows<false, false>(x, static_cast<const Element *>(nullptr),
                          output<Element>(arguments, 0) + image * groups.image(),
                          ChannelMap{centre, scale, shift}, 0, groups.pixels, channels);
  });
}

// inputs dy, x, the statistics, γ or null; outputs dγ, dβ, dx or null.
template <typename Element>
HWY_INLINE void Pullback(const Arguments *arguments) {
  const Groups groups(arguments);
  const int64_t channels = groups.channels, width = groups.width;
  const float *gamma = input<float>(arguments, 3);
  const Scratch<double> sums(2 * channels * groups.batch);
  ForImages(groups, [&](int64_t image) HWY_ATTR {
    const Element *dy = input<Element>(arguments, 0) + image * groups.image();
    const Element *x = input<Element>(arguments, 1) + image * groups.image();
    const Element *none = nullptr;
    const float *mean = input<float>(arguments, 2) + image * 2 * groups.groups;
    const float *inverse = mean + groups.groups;
    const Scratch<float> lines(6 * channels);
    float *centre = lines.data(), *scale = centre + channels, *slopes = scale + channels;
    float *offsets = slopes + channels, *sum = offsets + channels, *product = sum + channels;
    double *own = sums.data() + 2 * channels * image, *products = own + channels;
    for (int64_t c = 0; c < channels; ++c) {
      centre[c] = mean[c / width];
      scale[c] = inverse[c / width] * (gamma == nullptr ? 1 : gamma[c]);
    }
    const ChannelMap map{centre, scale, nullptr};
    std::fill(own, own + 2 * channels, 0.0);
    const int64_t size = RowsOfBlock(channels);
    for (int64_t begin = 0; begin < groups.pixels; begin += size) {
      std::fill(sum, sum + 2 * channels, 0.0f);
      AddProducts<Mask::kNone, false>(dy, x, none, static_cast<Element *>(nullptr), map, sum,
                                      product, begin, std::min(groups.pixels, begin + size),
                                      channels);
      for (int64_t c = 0; c < 2 * channels; ++c) own[c] += sum[c];
    }
    if (output<Element>(arguments, 2) != nullptr) {
      // dx = (γ dy − mean of γ dy − x̂ times the mean of γ dy x̂) / σ
      for (int64_t group = 0; group < groups.groups; ++group) {
        const double s = inverse[group];
        double total = 0, along = 0;
        for (int64_t c = group * width; c < (group + 1) * width; ++c) {
          total += own[c] * (gamma == nullptr ? 1.0 : gamma[c]);
          along += products[c] * (gamma == nullptr ? 1.0 : gamma[c]);
        }
        for (int64_t c = group * width; c < (group + 1) * width; ++c) {
          offsets[c] = static_cast<float>(-s * total / groups.count());
          slopes[c] = static_cast<float>(-s * s * s * along / groups.count());
        }
      }
      PullRows<Mask::kNone, true>(dy, x, none, output<Element>(arguments, 2) + image * groups.image(),
                                  map, slopes, offsets, 0, groups.pixels, channels);
    }
    for (int64_t c = 0; c < channels; ++c) products[c] *= inverse[c / width];
  });
  if (!groups.wants_sums) return;
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0, product = 0;
    for (int64_t image = 0; image < groups.batch; ++image) {
      sum += sums.data()[2 * channels * image + c];
      product += sums.data()[2 * channels * image + channels + c];
    }
    output<float>(arguments, 0)[c] = static_cast<float>(product);
    output<float>(arguments, 1)[c] = static_cast<float>(sum);
  }
}

void GroupNorm_float32(const Arguments *arguments) { Forward<float>(arguments); }
void GroupNorm_bfloat16(const Arguments *arguments) { Forward<BFloat16>(arguments); }
void GroupNormPullback_float32(const Arguments *arguments) { Pullback<float>(arguments); }
void GroupNormPullback_bfloat16(const Arguments *arguments) { Pullback<BFloat16>(arguments); }

// Calls body(place, channel) for every element of a group of an image.
template <typename Body>
void ForElements(const Groups &groups, int64_t image, int64_t group, const Body &body) {
  for (int64_t pixel = 0; pixel < groups.pixels; ++pixel) {
    for (int64_t c = group * groups.width; c < (group + 1) * groups.width; ++c) {
      body((image * groups.pixels + pixel) * groups.channels + c, c);
    }
  }
}

void GroupNorm_float64(const Arguments *arguments) {
  const Groups groups(arguments);
  const double *x = input<double>(arguments, 0);
  const double *gamma = input<double>(arguments, 1), *beta = input<double>(arguments, 2);
  double *y = output<double>(arguments, 0), *statistics = output<double>(arguments, 1);
  for (int64_t image = 0; image < groups.batch; ++image) {
    for (int64_t group = 0; group < groups.groups; ++group) {
      double sum = 0, squares = 0;
      ForElements(groups, image, group, [&](int64_t place, int64_t) { sum += x[place]; });
      const double mean = sum / groups.count();
      ForElements(groups, image, group, [&](int64_t place, int64_t) {
        squares += (x[place] - mean) * (x[place] - mean);
      });
      const double s = 1.0 / std::sqrt(squares / groups.count() + arguments->scalars[0]);
      statistics[(2 * image) * groups.groups + group] = mean;
      statistics[(2 * image + 1) * groups.groups + group] = s;
      ForElements(groups, image, group, [&](int64_t place, int64_t c) {
        y[place] = (x[place] - mean) * s * (gamma == nullptr ? 1.0 : gamma[c]) +
                   (beta == nullptr ? 0.0 : beta[c]);
      });
    }
  }
}

void GroupNormPullback_float64(const Arguments *arguments) {
  const Groups groups(arguments);
  const double *dy = input<double>(arguments, 0), *x = input<double>(arguments, 1);
  const double *statistics = input<double>(arguments, 2), *gamma = input<double>(arguments, 3);
  double *dgamma = output<double>(arguments, 0), *dbeta = output<double>(arguments, 1);
  double *dx = output<double>(arguments, 2);
  if (groups.wants_sums) {
    std::fill(dgamma, dgamma + groups.channels, 0.0);
    std::fill(dbeta, dbeta + groups.channels, 0.0);
  }
  for (int64_t image = 0; image < groups.batch; ++image) {
    for (int64_t group = 0; group < groups.groups; ++group) {
      const double mean = statistics[2 * image * groups.groups + group];
      const double s = statistics[(2 * image + 1) * groups.groups + group];
      double total = 0, along = 0;
      ForElements(groups, image, group, [&](int64_t place, int64_t c) {
        const double normal = (x[place] - mean) * s;
        const double own = dy[place] * (gamma == nullptr ? 1.0 : gamma[c]);
        total += own;
        along += own * normal;
        if (groups.wants_sums) {
          dgamma[c] += dy[place] * normal;
          dbeta[c] += dy[place];
        }
      });
      if (dx == nullptr) continue;
      ForElements(groups, image, group, [&](int64_t place, int64_t c) {
        const double normal = (x[place] - mean) * s;
        const double own = dy[place] * (gamma == nullptr ? 1.0 : gamma[c]);
        dx[place] = s * (own - (total + normal * along) / groups.count());
      });
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(group_norm, GroupNorm)
ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(group_norm_pullback, GroupNormPullback)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
