// Philox on vectors: as many blocks at once as there are lanes. Included once for each instruction set.

#include "Philox.h"

// clang-format off
#if defined(ADJOINT_PHILOX_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ADJOINT_PHILOX_INL_H
#undef ADJOINT_PHILOX_INL_H
#else
#define ADJOINT_PHILOX_INL_H
#endif
// clang-format on

#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {

using WordTag = hn::ScalableTag<uint32_t>;
using WordVector = hn::Vec<WordTag>;

// The upper and lower halves of word · factor in each lane.
HWY_INLINE void MultiplyWords(WordTag d, WordVector words, uint32_t factor, WordVector &high,
                              WordVector &low) {
  const hn::RepartitionToWide<WordTag> wide;
  const auto factors = hn::Set(d, factor);
  const auto even = hn::MulEven(words, factors);
  const auto odd =
      hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, words))), factors);
  high = hn::OddEven(hn::BitCast(d, odd), hn::BitCast(d, hn::ShiftRight<32>(even)));
  low = hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(odd)), hn::BitCast(d, even));
}

// The blocks first, first + 1, … of Philox(key, ·, stream): words[w] has word w of each.
HWY_INLINE void PhiloxVector(WordTag d, uint64_t key, uint64_t first, uint64_t stream,
                             WordVector words[4]) {
  const auto low = hn::Set(d, static_cast<uint32_t>(first));
  auto c0 = hn::Add(low, hn::Iota(d, 0));
  // Where the lower word overflowed, one is carried.
  auto c1 = hn::Sub(hn::Set(d, static_cast<uint32_t>(first >> 32)),
                    hn::VecFromMask(d, hn::Lt(c0, low)));
  auto c2 = hn::Set(d, static_cast<uint32_t>(stream));
  auto c3 = hn::Set(d, static_cast<uint32_t>(stream >> 32));
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    WordVector high0, low0, high1, low1;
    MultiplyWords(d, c0, 0xD2511F53, high0, low0);
    MultiplyWords(d, c2, 0xCD9E8D57, high1, low1);
    c0 = hn::Xor(hn::Xor(high1, c1), hn::Set(d, k0));
    c1 = low1;
    c2 = hn::Xor(hn::Xor(high0, c3), hn::Set(d, k1));
    c3 = low0;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
