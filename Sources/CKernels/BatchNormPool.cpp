// Batch normalisation with rectifier and the maxima of windows in one pass: the normalised image, the largest of
// all where windows lie a stride apart, is never written, forwards or backwards. Arrays are images; coefficients
// are those of `BatchNorm-inl.h`. sizes are those of a `Pool`, then {rectified, statistics are those of x}. In float64
// the two operations run one after the other.

#include <algorithm>

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "BatchNormPool.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "BatchNorm-inl.h"
#include "Pooling-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

enum Extra { kRectified = 16, kHasStatistics };

// The coefficients of a vector of channels.
struct VectorMap {
  FloatVector mean, scale, shift;

  HWY_INLINE FloatVector Normal(FloatVector x) const {
    return hn::MulAdd(hn::Sub(x, mean), scale, shift);
  }
};

template <bool kWhole>
HWY_INLINE VectorMap GetMap(FloatTag d, const ChannelMap &map, int64_t channel, size_t count) {
  return {Get<kWhole>(d, map.mean + channel, count), Get<kWhole>(d, map.scale + channel, count),
          Get<kWhole>(d, map.shift + channel, count)};
}

// inputs x, coefficients; outputs y, the positions of the maxima, and x there.
template <bool kRectify, typename Element, typename Position>
HWY_INLINE void MaxOfNormal(const Arguments *arguments) {
  const Pool pool(arguments->sizes);
  const ChannelMap map = Coefficients(input<float>(arguments, 1), pool.channels).map;
  Maxima<true>(pool, input<Element>(arguments, 0), output<Element>(arguments, 0),
         output<Position>(arguments, 1), output<Element>(arguments, 2),
         [map](FloatTag d, auto whole, int64_t channel, size_t count) ADJOINT_INLINED {
           const VectorMap own = GetMap<decltype(whole)::value>(d, map, channel, count);
           return [d, own](FloatVector x) ADJOINT_INLINED {
             const auto z = own.Normal(x);
             return kRectify ? Rectified(d, z) : z;
           };
         });
}

// inputs dy, x at the maxima, coefficients; outputs dγ, dβ and what the pullback takes, [5, channels]: mean, scale,
// shift, slope, offset in dx = dz scale + (x − mean) slope + offset. Cotangents are not zero at maxima alone, so
// that the sums go over these only.
template <typename Element>
HWY_INLINE void FindLines(const Arguments *arguments) {
  const Pool pool(arguments->sizes);
  const int64_t channels = pool.channels;
  const int64_t rows = pool.batch * pool.rows.outputs * pool.columns.outputs;
  const float *from = input<float>(arguments, 2);
  const Coefficients coefficients(from, channels);
  const int64_t size = RowsOfBlock(channels), blocks = (rows + size - 1) / size;
  const Scratch<float> parts(2 * blocks * channels);
  ForBlocks(rows, channels, [&](int64_t block, int64_t begin, int64_t end) HWY_ATTR {
    const auto *dy = input<Element>(arguments, 0), *x = input<Element>(arguments, 1);
    float *sums = parts.data() + 2 * block * channels, *products = sums + channels;
    std::fill(sums, sums + 2 * channels, 0.0f);
    Element *const no_dz = nullptr;
    if (arguments->sizes[kRectified] == 1) {
      AddProducts<Mask::kFromInput, false>(dy, x, x, no_dz, coefficients.map, sums, products, begin,
                                           end, channels);
    } else {
      AddProducts<Mask::kNone, false>(dy, x, x, no_dz, coefficients.map, sums, products, begin, end,
                                      channels);
    }
  });
  PulledSums sums(channels);
  sums.Add(parts.data(), blocks);
  sums.StoreParameters(coefficients, output<float>(arguments, 0), output<float>(arguments, 1));
  float *lines = std::copy(from, from + 3 * channels, output<float>(arguments, 2));
  if (arguments->sizes[kHasStatistics] == 1) {
    sums.FindLines(coefficients, pool.batch * pool.rows.length * pool.columns.length);
    std::copy(sums.offsets(), sums.offsets() + channels,
              std::copy(sums.slopes(), sums.slopes() + channels, lines));
  } else {
    std::fill(lines, lines + 2 * channels, 0.0f);
  }
}

void FindLines_float32(const Arguments *arguments) { FindLines<float>(arguments); }
void FindLines_bfloat16(const Arguments *arguments) { FindLines<BFloat16>(arguments); }

// inputs dy, positions, x, lines; output dx.
template <bool kRectify, typename Element, typename Position>
HWY_INLINE void PullNormal(const Arguments *arguments) {
  const Pool pool(arguments->sizes);
  const int64_t channels = pool.channels, length = pool.columns.length;
  const float *lines = input<float>(arguments, 3);
  const ChannelMap map{lines, lines + channels, lines + 2 * channels};
  ForImageRows(pool.batch, pool.rows.length, length * channels, [&](int64_t image, int64_t row) HWY_ATTR {
    const Covers covers(pool, image, row, false);
    const Element *x = input<Element>(arguments, 2) + pool.Input(image, row, 0);
    Element *dx = output<Element>(arguments, 0) + pool.Input(image, row, 0);
    ForChannels(channels, [&](auto whole, int64_t channel, size_t count) ADJOINT_INLINED {
      constexpr bool kWhole = decltype(whole)::value;
      const FloatTag d;
      const VectorMap own = GetMap<kWhole>(d, map, channel, count);
      const auto slope = Get<kWhole>(d, lines + 3 * channels + channel, count);
      const auto offset = Get<kWhole>(d, lines + 4 * channels + channel, count);
      for (int64_t column = 0; column < length; ++column) {
        const int64_t place = column * channels + channel;
        const auto centred = hn::Sub(Get<kWhole>(d, x + place, count), own.mean);
        auto dz = CotangentOfMaxima<kWhole>(d, covers, column, input<Element>(arguments, 0),
                                            input<Position>(arguments, 1), channel, count);
        if (kRectify) {
          const auto z = hn::MulAdd(centred, own.scale, own.shift);
          dz = RectifiedCotangent(d, dz, z);
        }
        Put<kWhole>(d, hn::MulAdd(dz, own.scale, hn::MulAdd(centred, slope, offset)), dx + place, count);
      }
    });
  });
}

template <typename Element>
HWY_INLINE void Forward(const Arguments *arguments) {
  const bool rectifies = arguments->sizes[kRectified] == 1;
  if (FitsByte(arguments)) {
    return rectifies ? MaxOfNormal<true, Element, uint8_t>(arguments)
                     : MaxOfNormal<false, Element, uint8_t>(arguments);
  }
  return rectifies ? MaxOfNormal<true, Element, int32_t>(arguments)
                   : MaxOfNormal<false, Element, int32_t>(arguments);
}

template <typename Element>
HWY_INLINE void Pullback(const Arguments *arguments) {
  const bool rectified = arguments->sizes[kRectified] == 1;
  if (FitsByte(arguments)) {
    return rectified ? PullNormal<true, Element, uint8_t>(arguments)
                     : PullNormal<false, Element, uint8_t>(arguments);
  }
  return rectified ? PullNormal<true, Element, int32_t>(arguments)
                   : PullNormal<false, Element, int32_t>(arguments);
}

void Forward_float32(const Arguments *arguments) { Forward<float>(arguments); }
void Forward_bfloat16(const Arguments *arguments) { Forward<BFloat16>(arguments); }
void Pullback_float32(const Arguments *arguments) { Pullback<float>(arguments); }
void Pullback_bfloat16(const Arguments *arguments) { Pullback<BFloat16>(arguments); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_SINGLE_KERNEL(batch_norm_max_pool, Forward)
ADJOINT_ENTER_SINGLE_KERNEL(batch_norm_max_pool_lines, FindLines)
ADJOINT_ENTER_SINGLE_KERNEL(batch_norm_max_pool_pullback, Pullback)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
