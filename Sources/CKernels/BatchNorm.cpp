// Batch normalisation of the channels of an image, or of any rows: statistics in one pass, the map with residual
// and rectifier in a second; backwards two sums in one pass, the cotangent of the input in a second.
// Arrays are [rows, channels]; what belongs to channels is float32 where the array is bfloat16.

#include <algorithm>

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "BatchNorm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "BatchNorm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// sizes = {rows, channels}; input x; outputs the mean and the biased variance of every channel.
template <typename Element>
HWY_INLINE void Statistics(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], channels = arguments->sizes[1];
  const Element *x = input<Element>(arguments, 0);
  float *mean = output<float>(arguments, 0), *variance = output<float>(arguments, 1);
  const int64_t size = RowsOfBlock(channels);
  const int64_t blocks = (rows + size - 1) / size;
  const Scratch<double> moments(2 * blocks * channels);
  ForBlocks(rows, channels, [&](int64_t block, int64_t begin, int64_t end) HWY_ATTR {
    double *means = moments.data() + 2 * block * channels;
    BlockMoments(x, means, means + channels, begin, end, channels);
  });
  // The blocks' moments put together, in their order (Chan, Golub and LeVeque, 1983).
  const int64_t grain = ElementGrain() / (2 * blocks) + 1;
  ParallelFor(channels, grain, [&](int64_t first, int64_t last) HWY_ATTR {
    const Scratch<double> scratch(2 * channels);
    double *total = scratch.data(), *deviation = total + channels;
    std::fill(total, total + 2 * channels, 0.0);
    for (int64_t block = 0; block < blocks; ++block) {
      const double *means = moments.data() + 2 * block * channels;
      const auto count = static_cast<double>(std::min(size, rows - block * size));
      for (int64_t c = first; c < last; ++c) total[c] += count * means[c];
    }
    const double share = 1.0 / static_cast<double>(rows);
    for (int64_t c = first; c < last; ++c) total[c] *= share;
    for (int64_t block = 0; block < blocks; ++block) {
      const double *means = moments.data() + 2 * block * channels, *own = means + channels;
      const auto count = static_cast<double>(std::min(size, rows - block * size));
      for (int64_t c = first; c < last; ++c) {
        const double apart = means[c] - total[c];
        deviation[c] += own[c] + count * apart * apart;
      }
    }
    for (int64_t c = first; c < last; ++c) {
      mean[c] = static_cast<float>(total[c]);
      variance[c] = static_cast<float>(deviation[c] * share);
    }
  });
}

void Statistics_float32(const Arguments *arguments) { Statistics<float>(arguments); }
void Statistics_bfloat16(const Arguments *arguments) { Statistics<BFloat16>(arguments); }
void Statistics_float64(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], channels = arguments->sizes[1];
  const double *x = input<double>(arguments, 0);
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0, squares = 0;
    for (int64_t row = 0; row < rows; ++row) sum += x[row * channels + c];
    const double mean = sum / static_cast<double>(rows);
    for (int64_t row = 0; row < rows; ++row) {
      squares += (x[row * channels + c] - mean) * (x[row * channels + c] - mean);
    }
    output<double>(arguments, 0)[c] = mean;
    output<double>(arguments, 1)[c] = squares / static_cast<double>(rows);
  }
}

// sizes = {channels}; scalars[0] = ε; inputs mean, variance, γ, β, the last two or one of them null.
// Output [4, channels]: mean, γ / √(variance + ε), β, 1 / √(variance + ε).
template <typename T>
HWY_INLINE void FindCoefficients(const Arguments *arguments) {
  const int64_t channels = arguments->sizes[0];
  const T *mean = input<T>(arguments, 0), *variance = input<T>(arguments, 1);
  const T *gamma = input<T>(arguments, 2), *beta = input<T>(arguments, 3);
  T *to = output<T>(arguments, 0);
  for (int64_t c = 0; c < channels; ++c) {
    const double inverse =
        1.0 / std::sqrt(static_cast<double>(variance[c]) + arguments->scalars[0]);
    to[c] = mean[c];
    to[channels + c] = static_cast<T>(gamma == nullptr ? inverse : gamma[c] * inverse);
    to[2 * channels + c] = beta == nullptr ? T(0) : beta[c];
    to[3 * channels + c] = static_cast<T>(inverse);
  }
}

void FindCoefficients_float32(const Arguments *arguments) { FindCoefficients<float>(arguments); }
void FindCoefficients_float64(const Arguments *arguments) { FindCoefficients<double>(arguments); }

// sizes = {rows, channels, rectify}; inputs x, residual or null, coefficients; output y.
template <bool kResidual, bool kRectify, typename Element>
HWY_INLINE void MapAll(const Arguments *arguments) {
  const int64_t channels = arguments->sizes[1];
  const ChannelMap map = Coefficients(input<float>(arguments, 2), channels).map;
  ForRowsBackwards(arguments->sizes[0], channels, [&](int64_t begin, int64_t end) HWY_ATTR {
    MapRows<kResidual, kRectify>(input<Element>(arguments, 0), input<Element>(arguments, 1),
                                 output<Element>(arguments, 0), map, begin, end, channels);
  });
}

template <typename Element>
HWY_INLINE void Normalize(const Arguments *arguments) {
  const bool adds = arguments->inputs[1] != nullptr, rectifies = arguments->sizes[2] == 1;
  if (adds) {
    if (rectifies) return MapAll<true, true, Element>(arguments);
    return MapAll<true, false, Element>(arguments);
  }
  if (rectifies) return MapAll<false, true, Element>(arguments);
  return MapAll<false, false, Element>(arguments);
}

void Normalize_float32(const Arguments *arguments) { Normalize<float>(arguments); }
void Normalize_bfloat16(const Arguments *arguments) { Normalize<BFloat16>(arguments); }
void Normalize_float64(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], channels = arguments->sizes[1];
  const double *x = input<double>(arguments, 0), *residual = input<double>(arguments, 1);
  const double *map = input<double>(arguments, 2);
  for (int64_t place = 0; place < rows * channels; ++place) {
    const int64_t c = place % channels;
    double z = (x[place] - map[c]) * map[channels + c] + map[2 * channels + c];
    if (residual != nullptr) z += residual[place];
    output<double>(arguments, 0)[place] = arguments->sizes[2] == 1 && z <= 0 ? 0.0 : z;
  }
}

// What the pullback is asked for: sizes = {rows, channels, rectified, statistics are those of x, sums are
// wanted}; inputs dy, x, y (where there was a residual in front of the rectifier, else null), coefficients;
// outputs dγ, dβ, dx or null, dz or null (only with y).
struct Pulled {
  int64_t rows, channels;
  bool rectified, has_statistics, wants_sums;

  explicit Pulled(const Arguments *arguments)
      : rows(arguments->sizes[0]),
        channels(arguments->sizes[1]),
        rectified(arguments->sizes[2] == 1),
        has_statistics(arguments->sizes[3] == 1),
        wants_sums(arguments->sizes[4] == 1) {}
};

// Finds the sums, and sets dz if `kStore`.
template <Mask kMask, bool kStore, typename Element>
HWY_INLINE void SumProducts(const Arguments *arguments, const Pulled &pulled, ChannelMap map,
                            PulledSums &sums) {
  const int64_t channels = pulled.channels, size = RowsOfBlock(channels);
  const int64_t blocks = (pulled.rows + size - 1) / size;
  const Scratch<float> parts(2 * blocks * channels);
  ForBlocks(pulled.rows, channels, [&](int64_t block, int64_t begin, int64_t end) HWY_ATTR {
    float *own = parts.data() + 2 * block * channels;
    std::fill(own, own + 2 * channels, 0.0f);
    AddProducts<kMask, kStore>(input<Element>(arguments, 0), input<Element>(arguments, 1),
                               input<Element>(arguments, 2), output<Element>(arguments, 3), map,
                               own, own + channels, begin, end, channels);
  });
  sums.Add(parts.data(), blocks);
}

template <Mask kMask, bool kStatistics, typename Element>
HWY_INLINE void PullAll(const Element *dy, const Element *x, const Element *y, Element *dx,
                        const Pulled &pulled, ChannelMap map, const float *slopes,
                        const float *offsets) {
  ForRowsBackwards(pulled.rows, pulled.channels, [&](int64_t begin, int64_t end) HWY_ATTR {
    PullRows<kMask, kStatistics>(dy, x, y, dx, map, slopes, offsets, begin, end, pulled.channels);
  });
}

template <Mask kMask, typename Element>
HWY_INLINE void PullWith(const Arguments *arguments) {
  const Pulled pulled(arguments);
  const int64_t channels = pulled.channels;
  const Element *dy = input<Element>(arguments, 0), *x = input<Element>(arguments, 1);
  const Element *y = input<Element>(arguments, 2);
  const Coefficients coefficients(input<float>(arguments, 3), channels);
  const ChannelMap map = coefficients.map;
  Element *dx = output<Element>(arguments, 2), *dz = output<Element>(arguments, 3);
  const bool stores = kMask == Mask::kFromOutput && dz != nullptr;
  PulledSums sums(channels);
  if (stores) {
    SumProducts<kMask, kMask == Mask::kFromOutput, Element>(arguments, pulled, map, sums);
  } else if (pulled.wants_sums || pulled.has_statistics) {
    SumProducts<kMask, false, Element>(arguments, pulled, map, sums);
  }
  if (pulled.wants_sums) {
    sums.StoreParameters(coefficients, output<float>(arguments, 0), output<float>(arguments, 1));
  }
  if (dx == nullptr) return;
  if (pulled.has_statistics) sums.FindLines(coefficients, pulled.rows);
  const float *slopes = sums.slopes(), *offsets = sums.offsets();
  // A dz that has been written is read again, instead of dy and y.
  const Element *from = stores ? dz : dy;
  if (stores && pulled.has_statistics) {
    PullAll<Mask::kNone, true>(from, x, y, dx, pulled, map, slopes, offsets);
  } else if (stores) {
    PullAll<Mask::kNone, false>(from, x, y, dx, pulled, map, slopes, offsets);
  } else if (pulled.has_statistics) {
    PullAll<kMask, true>(from, x, y, dx, pulled, map, slopes, offsets);
  } else {
    PullAll<kMask, false>(from, x, y, dx, pulled, map, slopes, offsets);
  }
}

template <typename Element>
HWY_INLINE void Pullback(const Arguments *arguments) {
  if (arguments->sizes[2] == 0) return PullWith<Mask::kNone, Element>(arguments);
  if (arguments->inputs[2] == nullptr) return PullWith<Mask::kFromInput, Element>(arguments);
  return PullWith<Mask::kFromOutput, Element>(arguments);
}

void Pullback_float32(const Arguments *arguments) { Pullback<float>(arguments); }
void Pullback_bfloat16(const Arguments *arguments) { Pullback<BFloat16>(arguments); }
void Pullback_float64(const Arguments *arguments) {
  const Pulled pulled(arguments);
  const int64_t rows = pulled.rows, channels = pulled.channels;
  const double *dy = input<double>(arguments, 0), *x = input<double>(arguments, 1);
  const double *y = input<double>(arguments, 2), *map = input<double>(arguments, 3);
  double *dx = output<double>(arguments, 2), *dz = output<double>(arguments, 3);
  for (int64_t c = 0; c < channels; ++c) {
    const double mean = map[c], scale = map[channels + c], shift = map[2 * channels + c];
    const double inverse = map[3 * channels + c];
    const auto masked = [&](int64_t place) {
      const double z = y == nullptr ? (x[place] - mean) * scale + shift : y[place];
      return pulled.rectified && z <= 0 ? 0.0 : dy[place];
    };
    double sum = 0, product = 0;
    for (int64_t place = c; place < rows * channels; place += channels) {
      sum += masked(place);
      product += masked(place) * (x[place] - mean) * inverse;
      if (dz != nullptr) dz[place] = masked(place);
    }
    if (pulled.wants_sums) {
      output<double>(arguments, 0)[c] = product;
      output<double>(arguments, 1)[c] = sum;
    }
    if (dx == nullptr) continue;
    const double share = pulled.has_statistics ? 1.0 / static_cast<double>(rows) : 0;
    for (int64_t place = c; place < rows * channels; place += channels) {
      const double normal = (x[place] - mean) * inverse;
      dx[place] = scale * (masked(place) - share * sum - share * normal * product);
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

ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(channel_statistics, Statistics)
ADJOINT_ENTER_KERNEL(batch_norm_coefficients, FindCoefficients)
ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(batch_norm, Normalize)
ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(batch_norm_pullback, Pullback)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
