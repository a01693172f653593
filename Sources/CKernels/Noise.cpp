// Normal numbers and draws of 0 or 1, by Philox, four elements to a block.

#include <cmath>
#include <cstring>

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "Noise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Philox-inl.h"
#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// Elements that are drawn before any is transformed: enough to fill vectors, little enough for the stack.
constexpr int64_t kChunk = 256;
constexpr float kUnit = 5.9604644775390625e-8f;  // 2⁻²⁴

// Words as numbers in (0, 1] and [0, 1): of each block, words 0 and 2 go to u, words 1 and 3 to v.
HWY_INLINE void StorePairs(const WordVector words[4], float *u, float *v) {
  const FloatTag d;
  const hn::RebindToSigned<FloatTag> whole;
  const WordTag word;
  const auto unit = hn::Set(d, kUnit);
  const auto number = [&](int index, uint32_t offset) HWY_ATTR {
    const auto top = hn::Add(hn::ShiftRight<8>(words[index]), hn::Set(word, offset));
    return hn::Mul(hn::ConvertTo(d, hn::BitCast(whole, top)), unit);
  };
  hn::StoreInterleaved2(number(0, 1), number(2, 1), d, u);
  hn::StoreInterleaved2(number(1, 0), number(3, 0), d, v);
}

// Box and Muller: of each block, words 0 and 1 make elements 0 and 1, words 2 and 3 the others.
// radius² = −2 ln u with u in (0, 1], angle = 2π v with v in [0, 1), both multiples of 2⁻²⁴.
// sizes = {count, key, stream}.
template <typename T, typename Pairs>
HWY_INLINE void ForChunks(const Arguments *arguments, const Pairs &pairs) {
  const int64_t count = arguments->sizes[0];
  const auto key = static_cast<uint64_t>(arguments->sizes[1]);
  const auto stream = static_cast<uint64_t>(arguments->sizes[2]);
  T *y = output<T>(arguments, 0);
  ParallelFor((count + kChunk - 1) / kChunk, 16, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t chunk = begin; chunk < end; ++chunk) {
      HWY_ALIGN float u[kChunk / 2];
      HWY_ALIGN float v[kChunk / 2];
      const int64_t size = std::min(kChunk, count - chunk * kChunk);
      const WordTag d;
      const auto lanes = static_cast<int64_t>(hn::Lanes(d));
      for (int64_t block = 0; 4 * block < size; block += lanes) {
        WordVector random[4];
        PhiloxVector(d, key, static_cast<uint64_t>(chunk * kChunk / 4 + block), stream, random);
        StorePairs(random, u + 2 * block, v + 2 * block);
      }
      T first[kChunk / 2], second[kChunk / 2];
      pairs(u, v, first, second, (size + 1) / 2);
      for (int64_t index = 0; index < size; ++index) {
        y[chunk * kChunk + index] = index % 2 == 0 ? first[index / 2] : second[index / 2];
      }
    }
  });
}

void GaussianNoise_float32(const Arguments *arguments) {
  ForChunks<float>(arguments, [](const float *u, const float *v, float *first, float *second,
                                 int64_t count) HWY_ATTR {
    const FloatTag d;
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    for (int64_t index = 0; index < count; index += lanes) {
      const auto rest = static_cast<size_t>(std::min(lanes, count - index));
      const auto logarithm = SafeLog(d, LoadFirst(d, u + index, rest));
      const auto radius = hn::Sqrt(hn::Mul(hn::Set(d, -2.0f), logarithm));
      const auto angle = hn::Mul(hn::Set(d, 6.28318531f), LoadFirst(d, v + index, rest));
      StoreFirst(d, hn::Mul(radius, SafeSinOrCos<true>(d, angle)), first + index, rest);
      StoreFirst(d, hn::Mul(radius, SafeSinOrCos<false>(d, angle)), second + index, rest);
    }
  });
}

void GaussianNoise_float64(const Arguments *arguments) {
  ForChunks<double>(arguments, [](const float *u, const float *v, double *first, double *second,
                                  int64_t count) {
    for (int64_t index = 0; index < count; ++index) {
      const double radius = std::sqrt(-2.0 * std::log(static_cast<double>(u[index])));
      const double angle = 6.28318530717958647692 * static_cast<double>(v[index]);
      first[index] = radius * std::cos(angle);
      second[index] = radius * std::sin(angle);
    }
  });
}

// y = 1 with probability p, else 0: a word below 2³² p. sizes = {count, key, stream}; input: p.
template <typename T>
void BernoulliDraw(const Arguments *arguments) {
  const int64_t count = arguments->sizes[0];
  const auto key = static_cast<uint64_t>(arguments->sizes[1]);
  const auto stream = static_cast<uint64_t>(arguments->sizes[2]);
  const T *p = input<T>(arguments, 0);
  T *y = output<T>(arguments, 0);
  ParallelFor((count + 3) / 4, ElementGrain() / 16, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const PhiloxBlock random = Philox(key, static_cast<uint64_t>(block), stream);
      for (int64_t index = 4 * block; index < std::min(4 * block + 4, count); ++index) {
        const double threshold = 4294967296.0 * static_cast<double>(p[index]);
        y[index] = random.word[index % 4] < threshold ? T{1} : T{0};
      }
    }
  });
}
void BernoulliDraw_float32(const Arguments *arguments) { BernoulliDraw<float>(arguments); }
void BernoulliDraw_float64(const Arguments *arguments) { BernoulliDraw<double>(arguments); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL(gaussian_noise, GaussianNoise)
ADJOINT_ENTER_KERNEL(bernoulli_draw, BernoulliDraw)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
