// Passes over rows of channels that normalisations of images are made of. An array is read row by row, four at
// a time, with sums and coefficients of the channels in the first-level cache; sums of a block of rows are kept
// by themselves, so that errors do not grow with the number of rows, nor results depend on the threads.
// Included once for each instruction set, hence the guard that toggles.

#include <type_traits>

#include "Parallel.h"
#include "Registry.h"
#include "Workspace.h"

// clang-format off
#if defined(ADJOINT_CHANNEL_PASSES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ADJOINT_CHANNEL_PASSES_INL_H
#undef ADJOINT_CHANNEL_PASSES_INL_H
#else
#define ADJOINT_CHANNEL_PASSES_INL_H
#endif
// clang-format on

#include "Vector-inl.h"

// A lambda that becomes part of the loop it is called in.
#define ADJOINT_INLINED HWY_ATTR __attribute__((always_inline))

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {

// Rows whose sums are added up in single precision: a function of the shape alone.
HWY_INLINE int64_t RowsOfBlock(int64_t channels) {
  return std::clamp<int64_t>(16384 / std::max<int64_t>(1, channels), 8, 128);
}

// Calls body(block, first row, end) for every block of rows, shared out over threads.
template <typename Body>
HWY_INLINE void ForBlocks(int64_t rows, int64_t channels, const Body &body) {
  const int64_t size = RowsOfBlock(channels);
  const int64_t blocks = (rows + size - 1) / size;
  const int64_t grain = ElementGrain() / std::max<int64_t>(1, size * channels) + 1;
  ParallelFor(blocks, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t block = begin; block < end; ++block) {
      body(block, block * size, std::min(rows, (block + 1) * size));
    }
  });
}

// Calls body(first row, end) for ranges of rows, from the last to the first: what a pass in front has read last
// is still in the cache.
template <typename Body>
HWY_INLINE void ForRowsBackwards(int64_t rows, int64_t channels, const Body &body) {
  const int64_t size = RowsOfBlock(channels);
  const int64_t grain = ElementGrain() / std::max<int64_t>(1, channels) + 1;
  ParallelFor(rows, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t last = end; last > begin; last -= size) body(std::max(begin, last - size), last);
  });
}

// The elements of a vector of channels: all, or the first `count`.
template <bool kWhole, typename Element>
HWY_INLINE FloatVector Get(FloatTag d, const Element *from, size_t count) {
  return kWhole ? LoadElements(d, from) : LoadFirstElements(d, from, count);
}
template <bool kWhole, typename Element>
HWY_INLINE void Put(FloatTag d, FloatVector value, Element *to, size_t count) {
  if (kWhole) {
    StoreElements(d, value, to);
  } else {
    StoreFirstElements(d, value, to, count);
  }
}

// Calls body(is whole, number of rows, row, channel, count) for every vector of channels of every four rows, and
// then of the rows that are left.
template <typename Body>
HWY_INLINE void ForVectors(int64_t begin, int64_t end, int64_t channels, const Body &body) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(FloatTag()));
  int64_t row = begin;
  const auto columns = [&](auto rows) ADJOINT_INLINED {
    int64_t channel = 0;
    for (; channel + lanes <= channels; channel += lanes) {
      body(std::true_type(), rows, row, channel, static_cast<size_t>(lanes));
    }
    if (channel < channels) {
      body(std::false_type(), rows, row, channel, static_cast<size_t>(channels - channel));
    }
  };
  for (; row + 4 <= end; row += 4) columns(std::integral_constant<int, 4>());
  for (; row < end; ++row) columns(std::integral_constant<int, 1>());
}

// Adds Σ (x − shift) and Σ (x − shift)² over the rows begin..<end to `sums` and `squares`. With a row of x as
// the shift no digits are lost where the mean is far from zero.
template <typename Element>
HWY_INLINE void AddMoments(const Element *x, const float *shift, float *sums, float *squares,
                           int64_t begin, int64_t end, int64_t channels) {
  const FloatTag d;
  ForVectors(begin, end, channels,
             [&](auto whole, auto rows, int64_t row, int64_t channel, size_t count) ADJOINT_INLINED {
               constexpr bool kWhole = decltype(whole)::value;
               const auto from = Get<kWhole>(d, shift + channel, count);
               auto sum = Get<kWhole>(d, sums + channel, count);
               auto square = Get<kWhole>(d, squares + channel, count);
               for (int step = 0; step < decltype(rows)::value; ++step) {
                 const auto value =
                     hn::Sub(Get<kWhole>(d, x + (row + step) * channels + channel, count), from);
                 sum = hn::Add(sum, value);
                 square = hn::MulAdd(value, value, square);
               }
               Put<kWhole>(d, sum, sums + channel, count);
               Put<kWhole>(d, square, squares + channel, count);
             });
}

// The mean of the rows begin..<end of every channel, and Σ (x − mean)², in double.
template <typename Element>
HWY_INLINE void BlockMoments(const Element *x, double *means, double *deviations, int64_t begin,
                             int64_t end, int64_t channels) {
  const FloatTag d;
  const Scratch<float> scratch(3 * channels);
  float *shift = scratch.data(), *sums = shift + channels, *squares = sums + channels;
  for (int64_t channel = 0; channel < channels; ++channel) {
    shift[channel] = hn::GetLane(LoadFirstElements(d, x + begin * channels + channel, 1));
    sums[channel] = squares[channel] = 0;
  }
  AddMoments(x, shift, sums, squares, begin, end, channels);
  const double share = 1.0 / static_cast<double>(end - begin);
  for (int64_t channel = 0; channel < channels; ++channel) {
    const double sum = sums[channel];
    means[channel] = shift[channel] + sum * share;
    const double deviation = squares[channel] - sum * sum * share;
    // A NaN stays one.
    deviations[channel] = deviation < 0 ? 0 : deviation;
  }
}

// What a channel is multiplied by and what is added: y = (x − mean) scale + shift.
struct ChannelMap {
  const float *mean, *scale, *shift;
};

// y = (x − mean) scale + shift (+ residual), rectified if so.
template <bool kResidual, bool kRectify, typename Element>
HWY_INLINE void MapRows(const Element *x, const Element *residual, Element *y, ChannelMap map,
                        int64_t begin, int64_t end, int64_t channels) {
  const FloatTag d;
  ForVectors(begin, end, channels,
             [&](auto whole, auto rows, int64_t row, int64_t channel, size_t count) ADJOINT_INLINED {
               constexpr bool kWhole = decltype(whole)::value;
               const auto mean = Get<kWhole>(d, map.mean + channel, count);
               const auto scale = Get<kWhole>(d, map.scale + channel, count);
               const auto shift = Get<kWhole>(d, map.shift + channel, count);
               for (int step = 0; step < decltype(rows)::value; ++step) {
                 const int64_t place = (row + step) * channels + channel;
                 auto z = hn::MulAdd(hn::Sub(Get<kWhole>(d, x + place, count), mean), scale, shift);
                 if (kResidual) z = hn::Add(z, Get<kWhole>(d, residual + place, count));
                 Put<kWhole>(d, kRectify ? Rectified(d, z) : z, y + place, count);
               }
             });
}

// Where the mask of a rectifier comes from: there is none; the sign of the map, computed once more, which is
// cheaper than to read the output; the output.
enum class Mask { kNone, kFromInput, kFromOutput };

// The cotangent behind the rectifier; there is a y only where the mask comes from the output.
template <Mask kMask, bool kWhole, typename Element>
HWY_INLINE FloatVector Masked(FloatTag d, FloatVector dy, FloatVector centred, FloatVector scale,
                              FloatVector shift, const Element *y, int64_t place, size_t count) {
  if (kMask == Mask::kNone) return dy;
  const auto z = kMask == Mask::kFromInput ? hn::MulAdd(centred, scale, shift)
                                           : Get<kWhole>(d, y + place, count);
  return RectifiedCotangent(d, dy, z);
}

// Adds Σ dz and Σ dz (x − mean) over the rows begin..<end, and writes dz if `kStore`.
template <Mask kMask, bool kStore, typename Element>
HWY_INLINE void AddProducts(const Element *dy, const Element *x, const Element *y, Element *dz,
                            ChannelMap map, float *sums, float *products, int64_t begin,
                            int64_t end, int64_t channels) {
  const FloatTag d;
  ForVectors(
      begin, end, channels,
      [&](auto whole, auto rows, int64_t row, int64_t channel, size_t count) ADJOINT_INLINED {
        constexpr bool kWhole = decltype(whole)::value;
        constexpr bool kFromInput = kMask == Mask::kFromInput;
        const auto mean = Get<kWhole>(d, map.mean + channel, count);
        const auto scale = kFromInput ? Get<kWhole>(d, map.scale + channel, count) : hn::Zero(d);
        const auto shift = kFromInput ? Get<kWhole>(d, map.shift + channel, count) : hn::Zero(d);
        auto sum = Get<kWhole>(d, sums + channel, count);
        auto product = Get<kWhole>(d, products + channel, count);
        for (int step = 0; step < decltype(rows)::value; ++step) {
          const int64_t place = (row + step) * channels + channel;
          const auto centred = hn::Sub(Get<kWhole>(d, x + place, count), mean);
          const auto value = Masked<kMask, kWhole>(d, Get<kWhole>(d, dy + place, count), centred,
                                                   scale, shift, y, place, count);
          if (kStore) Put<kWhole>(d, value, dz + place, count);
          sum = hn::Add(sum, value);
          product = hn::MulAdd(value, centred, product);
        }
        Put<kWhole>(d, sum, sums + channel, count);
        Put<kWhole>(d, product, products + channel, count);
      });
}

// dx = dz scale + (x − mean) slope + offset; without statistics of x only dz scale.
template <Mask kMask, bool kStatistics, typename Element>
HWY_INLINE void PullRows(const Element *dy, const Element *x, const Element *y, Element *dx,
                         ChannelMap map, const float *slopes, const float *offsets, int64_t begin,
                         int64_t end, int64_t channels) {
  const FloatTag d;
  ForVectors(
      begin, end, channels,
      [&](auto whole, auto rows, int64_t row, int64_t channel, size_t count) ADJOINT_INLINED {
        constexpr bool kWhole = decltype(whole)::value;
        constexpr bool kNeedsInput = kStatistics || kMask == Mask::kFromInput;
        const auto mean = Get<kWhole>(d, map.mean + channel, count);
        const auto scale = Get<kWhole>(d, map.scale + channel, count);
        const auto shift =
            kMask == Mask::kFromInput ? Get<kWhole>(d, map.shift + channel, count) : hn::Zero(d);
        const auto slope = kStatistics ? Get<kWhole>(d, slopes + channel, count) : hn::Zero(d);
        const auto offset = kStatistics ? Get<kWhole>(d, offsets + channel, count) : hn::Zero(d);
        for (int step = 0; step < decltype(rows)::value; ++step) {
          const int64_t place = (row + step) * channels + channel;
          const auto centred =
              kNeedsInput ? hn::Sub(Get<kWhole>(d, x + place, count), mean) : hn::Zero(d);
          const auto value = Masked<kMask, kWhole>(d, Get<kWhole>(d, dy + place, count), centred,
                                                   scale, shift, y, place, count);
          const auto own = hn::Mul(value, scale);
          Put<kWhole>(
              d, kStatistics ? hn::Add(own, hn::MulAdd(centred, slope, offset)) : own, dx + place,
              count);
        }
      });
}

}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#endif  // toggle
