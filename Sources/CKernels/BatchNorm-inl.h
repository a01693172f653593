// What both pullbacks of batch normalisation, with and without windows behind it, make of their sums.
// Included once for each instruction set, hence the guard that toggles.

// clang-format off
#if defined(ADJOINT_BATCH_NORM_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ADJOINT_BATCH_NORM_INL_H
#undef ADJOINT_BATCH_NORM_INL_H
#else
#define ADJOINT_BATCH_NORM_INL_H
#endif
// clang-format on

#include "ChannelPasses-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {

// The map of the forward pass, from its coefficients [4, channels]: mean, γ / √(variance + ε), β, 1 / √(variance + ε).
struct Coefficients {
  ChannelMap map;
  const float *inverse;

  HWY_INLINE Coefficients(const float *from, int64_t channels)
      : map{from, from + channels, from + 2 * channels}, inverse(from + 3 * channels) {}
};

// Σ dz and Σ dz (x − mean) of every channel, put together from those of blocks, and what follows from them.
class PulledSums {
 public:
  HWY_INLINE explicit PulledSums(int64_t channels) : channels_(channels), sums_(2 * channels), lines_(2 * channels) {}

  // Adds up `parts`, [blocks, 2, channels].
  HWY_INLINE void Add(const float *parts, int64_t blocks) {
    double *const sums = sums_.data();
    const int64_t channels = channels_;
    ParallelFor(2 * channels, ElementGrain() / blocks + 1, [=](int64_t first, int64_t last) HWY_ATTR {
      std::fill(sums + first, sums + last, 0.0);
      for (int64_t block = 0; block < blocks; ++block) {
        const float *own = parts + 2 * block * channels;
        for (int64_t c = first; c < last; ++c) sums[c] += own[c];
      }
    });
  }

  HWY_INLINE void StoreParameters(const Coefficients &from, float *dgamma, float *dbeta) const {
    for (int64_t c = 0; c < channels_; ++c) {
      dgamma[c] = static_cast<float>(sums_.data()[channels_ + c] * from.inverse[c]);
      dbeta[c] = static_cast<float>(sums_.data()[c]);
    }
  }

  // dx = γ / σ (dz − Σ dz / m − x̂ Σ dz x̂ / m) = dz scale + (x − mean) slope + offset
  HWY_INLINE void FindLines(const Coefficients &from, int64_t rows) {
    const double share = 1.0 / static_cast<double>(rows);
    for (int64_t c = 0; c < channels_; ++c) {
      const double factor = -share * from.map.scale[c], inverse = from.inverse[c];
      lines_.data()[c] =
          static_cast<float>(factor * sums_.data()[channels_ + c] * inverse * inverse);
      lines_.data()[channels_ + c] = static_cast<float>(factor * sums_.data()[c]);
    }
  }
  const float *slopes() const { return lines_.data(); }
  const float *offsets() const { return lines_.data() + channels_; }

 private:
  int64_t channels_;
  Scratch<double> sums_;
  Scratch<float> lines_;
};

}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#endif  // toggle
