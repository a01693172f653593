// Normalisation of each row by its own mean and variance. Arrays are [rows, features]; what belongs to rows or
// features is float32 where the array is bfloat16.

#include <algorithm>

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "LayerNorm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ChannelPasses-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// So many vectors of a row are added up in single precision.
constexpr int64_t kVectorsOfBlock = 128;

// Calls body(is whole, place, count) for every vector of a row, and fold() after every block of them.
template <typename Body, typename Fold>
HWY_INLINE void AlongRow(int64_t features, const Body &body, const Fold &fold) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(FloatTag()));
  int64_t place = 0;
  while (place + lanes <= features) {
    const int64_t end = std::min(features - lanes, place + (kVectorsOfBlock - 1) * lanes);
    for (; place <= end; place += lanes) body(std::true_type(), place, static_cast<size_t>(lanes));
    fold();
  }
  if (place < features) {
    body(std::false_type(), place, static_cast<size_t>(features - place));
    fold();
  }
}

// Σ value(vector of the row), in which lanes past the end are zero.
template <typename Value>
HWY_INLINE double SumAlongRow(int64_t features, const Value &value) {
  const FloatTag d;
  auto part = hn::Zero(d);
  double sum = 0;
  AlongRow(
      features,
      [&](auto whole, int64_t place, size_t count)
          ADJOINT_INLINED { part = hn::Add(part, value(whole, place, count)); },
      [&]() ADJOINT_INLINED {
        sum += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, part)));
        part = hn::Zero(d);
      });
  return sum;
}

const auto kNoFold = [] {};

// sizes = {rows, features}; scalars[0] = ε; inputs x, γ or null, β or null; outputs y and [rows, 2]: the mean and
// 1 / √(variance + ε).
template <typename Element>
HWY_INLINE void Forward(const Arguments *arguments) {
  const int64_t features = arguments->sizes[1];
  const float *gamma = input<float>(arguments, 1), *beta = input<float>(arguments, 2);
  const int64_t grain = ElementGrain() / std::max<int64_t>(1, features) + 1;
  ParallelFor(arguments->sizes[0], grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    const FloatTag d;
    for (int64_t row = begin; row < end; ++row) {
      const Element *x = input<Element>(arguments, 0) + row * features;
      Element *y = output<Element>(arguments, 0) + row * features;
      const double share = 1.0 / static_cast<double>(features);
      const auto apart = [&](auto whole, int64_t place, size_t count, FloatVector from) ADJOINT_INLINED {
        constexpr bool kWhole = decltype(whole)::value;
        const auto value = hn::Sub(Get<kWhole>(d, x + place, count), from);
        return kWhole ? value : hn::IfThenElseZero(hn::FirstN(d, count), value);
      };
      // From the first element on: far from zero, sums of the elements themselves would round away what tells them
      // apart.
      const float first = features > 0 ? hn::GetLane(Get<false>(d, x, 1)) : 0;
      const auto origin = hn::Set(d, first);
      const auto mean = static_cast<float>(
          static_cast<double>(first) +
          share * SumAlongRow(features, [&](auto whole, int64_t place, size_t count)
                                            ADJOINT_INLINED { return apart(whole, place, count, origin); }));
      const auto centre = hn::Set(d, mean);
      const double squares = SumAlongRow(
          features, [&](auto whole, int64_t place, size_t count) ADJOINT_INLINED {
            const auto value = apart(whole, place, count, centre);
            return hn::Mul(value, value);
          });
      const auto inverse =
          static_cast<float>(1.0 / std::sqrt(squares * share + arguments->scalars[0]));
      const auto scale = hn::Set(d, inverse);
      AlongRow(
          features,
          [&](auto whole, int64_t place, size_t count) ADJOINT_INLINED {
            constexpr bool kWhole = decltype(whole)::value;
            auto value = hn::Mul(hn::Sub(Get<kWhole>(d, x + place, count), centre), scale);
            if (gamma != nullptr) value = hn::Mul(value, Get<kWhole>(d, gamma + place, count));
            if (beta != nullptr) value = hn::Add(value, Get<kWhole>(d, beta + place, count));
            Put<kWhole>(d, value, y + place, count);
          },
          kNoFold);
      output<float>(arguments, 1)[2 * row] = mean;
      output<float>(arguments, 1)[2 * row + 1] = inverse;
    }
  });
}

// dx = (γ dy − mean of γ dy − x̂ times the mean of γ dy x̂) / σ of a row, and Σ dy x̂ and Σ dy in `sums`.
template <typename Element>
HWY_INLINE void PullRow(const Element *dy, const Element *x, const float *gamma, float mean,
                        float inverse, Element *dx, float *sums, int64_t features) {
  const FloatTag d;
  const auto centre = hn::Set(d, mean), scale = hn::Set(d, inverse);
  const auto cotangent = [&](auto whole, int64_t place, size_t count) ADJOINT_INLINED {
    constexpr bool kWhole = decltype(whole)::value;
    const auto own = Get<kWhole>(d, dy + place, count);
    return gamma == nullptr ? own : hn::Mul(own, Get<kWhole>(d, gamma + place, count));
  };
  const auto normal = [&](auto whole, int64_t place, size_t count) ADJOINT_INLINED {
    constexpr bool kWhole = decltype(whole)::value;
    return hn::Mul(hn::Sub(Get<kWhole>(d, x + place, count), centre), scale);
  };
  if (dx != nullptr) {
    const double share = 1.0 / static_cast<double>(features);
    const auto total = hn::Set(d, static_cast<float>(share * SumAlongRow(features, cotangent)));
    const auto along = hn::Set(
        d, static_cast<float>(
               share * SumAlongRow(features, [&](auto whole, int64_t place, size_t count)
                                                 ADJOINT_INLINED {
                                                   return hn::Mul(cotangent(whole, place, count),
                                                                  normal(whole, place, count));
                                                 })));
    AlongRow(
        features,
        [&](auto whole, int64_t place, size_t count) ADJOINT_INLINED {
          const auto rest = hn::Sub(cotangent(whole, place, count), total);
          const auto value = hn::NegMulAdd(normal(whole, place, count), along, rest);
          Put<decltype(whole)::value>(d, hn::Mul(scale, value), dx + place, count);
        },
        kNoFold);
  }
  if (sums == nullptr) return;
  AlongRow(
      features,
      [&](auto whole, int64_t place, size_t count) ADJOINT_INLINED {
        constexpr bool kWhole = decltype(whole)::value;
        const auto own = Get<kWhole>(d, dy + place, count);
        float *products = sums + place, *plain = products + features;
        const auto product = Get<kWhole>(d, products, count);
        Put<kWhole>(d, hn::MulAdd(own, normal(whole, place, count), product), products, count);
        Put<kWhole>(d, hn::Add(own, Get<kWhole>(d, plain, count)), plain, count);
      },
      kNoFold);
}

// sizes = {rows, features, sums are wanted}; inputs dy, x, the statistics, γ or null; outputs dγ, dβ, dx or null.
template <typename Element>
HWY_INLINE void Pullback(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], features = arguments->sizes[1];
  const bool wants_sums = arguments->sizes[2] == 1;
  const int64_t size = RowsOfBlock(features), blocks = (rows + size - 1) / size;
  const Scratch<float> parts(wants_sums ? 2 * blocks * features : 1);
  const float *statistics = input<float>(arguments, 2);
  ForBlocks(rows, features, [&](int64_t block, int64_t begin, int64_t end) HWY_ATTR {
    float *sums = wants_sums ? parts.data() + 2 * block * features : nullptr;
    if (sums != nullptr) std::fill(sums, sums + 2 * features, 0.0f);
    for (int64_t row = begin; row < end; ++row) {
      Element *dx = output<Element>(arguments, 2);
      PullRow(input<Element>(arguments, 0) + row * features,
              input<Element>(arguments, 1) + row * features, input<float>(arguments, 3),
              statistics[2 * row], statistics[2 * row + 1],
              dx == nullptr ? nullptr : dx + row * features, sums, features);
    }
  });
  if (!wants_sums) return;
  for (int64_t place = 0; place < features; ++place) {
    double product = 0, sum = 0;
    for (int64_t block = 0; block < blocks; ++block) {
      product += parts.data()[2 * block * features + place];
      sum += parts.data()[(2 * block + 1) * features + place];
    }
    output<float>(arguments, 0)[place] = static_cast<float>(product);
    output<float>(arguments, 1)[place] = static_cast<float>(sum);
  }
}

void LayerNorm_float32(const Arguments *arguments) { Forward<float>(arguments); }
void LayerNorm_bfloat16(const Arguments *arguments) { Forward<BFloat16>(arguments); }
void LayerNormPullback_float32(const Arguments *arguments) { Pullback<float>(arguments); }
void LayerNormPullback_bfloat16(const Arguments *arguments) { Pullback<BFloat16>(arguments); }

void LayerNorm_float64(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], features = arguments->sizes[1];
  const double *gamma = input<double>(arguments, 1), *beta = input<double>(arguments, 2);
  const auto count = static_cast<double>(features);
  for (int64_t row = 0; row < rows; ++row) {
    const double *x = input<double>(arguments, 0) + row * features;
    double *y = output<double>(arguments, 0) + row * features;
    double sum = 0, squares = 0;
    for (int64_t place = 0; place < features; ++place) sum += x[place];
    const double mean = sum / count;
    for (int64_t place = 0; place < features; ++place) {
      squares += (x[place] - mean) * (x[place] - mean);
    }
    const double inverse = 1.0 / std::sqrt(squares / count + arguments->scalars[0]);
    for (int64_t place = 0; place < features; ++place) {
      y[place] = (x[place] - mean) * inverse * (gamma == nullptr ? 1.0 : gamma[place]) +
                 (beta == nullptr ? 0.0 : beta[place]);
    }
    output<double>(arguments, 1)[2 * row] = mean;
    output<double>(arguments, 1)[2 * row + 1] = inverse;
  }
}

void LayerNormPullback_float64(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], features = arguments->sizes[1];
  const bool wants_sums = arguments->sizes[2] == 1;
  const double *gamma = input<double>(arguments, 3);
  double *dgamma = output<double>(arguments, 0), *dbeta = output<double>(arguments, 1);
  double *dx = output<double>(arguments, 2);
  if (wants_sums) {
    std::fill(dgamma, dgamma + features, 0.0);
    std::fill(dbeta, dbeta + features, 0.0);
  }
  const auto count = static_cast<double>(features);
  for (int64_t row = 0; row < rows; ++row) {
    const double mean = input<double>(arguments, 2)[2 * row];
    const double inverse = input<double>(arguments, 2)[2 * row + 1];
    const double *dy = input<double>(arguments, 0) + row * features;
    const double *x = input<double>(arguments, 1) + row * features;
    double total = 0, along = 0;
    for (int64_t place = 0; place < features; ++place) {
      const double normal = (x[place] - mean) * inverse;
      const double own = dy[place] * (gamma == nullptr ? 1.0 : gamma[place]);
      total += own;
      along += own * normal;
      if (wants_sums) {
        dgamma[place] += dy[place] * normal;
        dbeta[place] += dy[place];
      }
    }
    for (int64_t place = 0; place < features && dx != nullptr; ++place) {
      const double normal = (x[place] - mean) * inverse;
      const double own = dy[place] * (gamma == nullptr ? 1.0 : gamma[place]);
      dx[row * features + place] = inverse * (own - (total + normal * along) / count);
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

ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(layer_norm, LayerNorm)
ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(layer_norm_pullback, LayerNormPullback)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
