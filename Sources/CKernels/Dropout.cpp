// Dropout and its mask, drawn by Philox, four elements to a block.

#include <cmath>

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "Dropout.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Philox-inl.h"
#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// What a mask is drawn from: 0 where a word is below the threshold.
template <typename T>
struct Draw {
  explicit Draw(const Arguments *arguments)
      : key(static_cast<uint64_t>(arguments->sizes[1])),
        stream(static_cast<uint64_t>(arguments->sizes[2])),
        threshold(static_cast<uint32_t>(
            std::min(arguments->scalars[0] * 4294967296.0 + 0.5, 4294967295.0))),
        kept(static_cast<T>(arguments->scalars[1])) {}

  const uint64_t key, stream;
  const uint32_t threshold;
  const T kept;
};

// The elements of the blocks begin ..< end, one by one.
template <typename T>
void MaskBlocks(const Draw<T> &draw, const T *x, T *y, T *mask, int64_t count, int64_t begin,
                int64_t end) {
  for (int64_t block = begin; block < end; ++block) {
    const PhiloxBlock random = Philox(draw.key, static_cast<uint64_t>(block), draw.stream);
    for (int64_t index = 4 * block; index < std::min(4 * block + 4, count); ++index) {
      mask[index] = random.word[index % 4] < draw.threshold ? T{0} : draw.kept;
      if (y != nullptr) y[index] = x[index] * mask[index];
    }
  }
}

void Mask(const Draw<double> &draw, const double *x, double *y, double *mask, int64_t count,
          int64_t begin, int64_t end) {
  MaskBlocks(draw, x, y, mask, count, begin, end);
}

void Mask(const Draw<float> &draw, const float *x, float *y, float *mask, int64_t count,
          int64_t begin, int64_t end) {
  const FloatTag d;
  const WordTag words_tag;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto threshold = hn::Set(words_tag, draw.threshold);
  const auto kept = hn::Set(d, draw.kept);
  int64_t block = begin;
  for (; block + lanes <= end && 4 * (block + lanes) <= count; block += lanes) {
    WordVector words[4];
    PhiloxVector(words_tag, draw.key, static_cast<uint64_t>(block), draw.stream, words);
    const auto part = [&](int word) HWY_ATTR {
      const auto dropped = hn::Lt(words[word], threshold);
      return hn::IfThenZeroElse(hn::RebindMask(d, dropped), kept);
    };
    float *to = mask + 4 * block;
    hn::StoreInterleaved4(part(0), part(1), part(2), part(3), d, to);
    if (y == nullptr) continue;
    for (int64_t index = 4 * block; index < 4 * (block + lanes); index += lanes) {
      hn::StoreU(hn::Mul(hn::LoadU(d, x + index), hn::LoadU(d, mask + index)), d, y + index);
    }
  }
  MaskBlocks(draw, x, y, mask, count, block, end);
}

// y = x mask with mask = 0 with probability scalars[0], else scalars[1].
// sizes = {count, key, stream}; inputs: x or null for the mask alone; outputs: mask, y.
template <typename T>
void Dropout(const Arguments *arguments) {
  const Draw<T> draw(arguments);
  const int64_t count = arguments->sizes[0];
  const T *x = input<T>(arguments, 0);
  T *mask = output<T>(arguments, 0), *y = x == nullptr ? nullptr : output<T>(arguments, 1);
  ParallelFor((count + 3) / 4, ElementGrain() / 4, [&](int64_t begin, int64_t end) HWY_ATTR {
    Mask(draw, x, y, mask, count, begin, end);
  });
}

void Dropout_float32(const Arguments *arguments) { Dropout<float>(arguments); }
void Dropout_float64(const Arguments *arguments) { Dropout<double>(arguments); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL(dropout, Dropout)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
