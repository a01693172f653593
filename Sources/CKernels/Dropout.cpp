// Dropout's mask, drawn by Philox 4×32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405): four
// elements to a block, so that the mask is a function of key, stream and position, and of nothing else.

#include <cmath>

#include "Parallel.h"
#include "Registry.h"

namespace adjoint {
namespace {

struct Block {
  uint32_t word[4];
};

inline Block Philox(uint64_t key, uint64_t low, uint64_t high) {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  Block c = {{static_cast<uint32_t>(low), static_cast<uint32_t>(low >> 32),
              static_cast<uint32_t>(high), static_cast<uint32_t>(high >> 32)}};
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * c.word[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * c.word[2];
    c = {{static_cast<uint32_t>(p1 >> 32) ^ c.word[1] ^ k0, static_cast<uint32_t>(p1),
          static_cast<uint32_t>(p0 >> 32) ^ c.word[3] ^ k1, static_cast<uint32_t>(p0)}};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

// mask = 0 with probability scalars[0], else scalars[1]. sizes = {count, key, stream}.
template <typename T>
void DropoutMask(const Arguments *arguments) {
  const int64_t count = arguments->sizes[0];
  const auto key = static_cast<uint64_t>(arguments->sizes[1]);
  const auto stream = static_cast<uint64_t>(arguments->sizes[2]);
  const auto threshold = static_cast<uint64_t>(std::llround(arguments->scalars[0] * 4294967296.0));
  const auto kept = static_cast<T>(arguments->scalars[1]);
  T *mask = output<T>(arguments, 0);
  ParallelFor((count + 3) / 4, kElementGrain / 16, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const Block random = Philox(key, static_cast<uint64_t>(block), stream);
      for (int64_t index = 4 * block; index < std::min(4 * block + 4, count); ++index) {
        mask[index] = random.word[index % 4] < threshold ? T{0} : kept;
      }
    }
  });
}

const Registration enter_dropout_mask("dropout_mask", DropoutMask<float>, DropoutMask<double>);

}  // namespace
}  // namespace adjoint
