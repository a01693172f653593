// Philox 4×32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405): what is drawn is a function of key,
// stream and position, and of nothing else, whatever the number of threads.
#pragma once

#include <cstdint>

namespace adjoint {

struct PhiloxBlock {
  uint32_t word[4];
};

inline PhiloxBlock Philox(uint64_t key, uint64_t low, uint64_t high) {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  PhiloxBlock c = {{static_cast<uint32_t>(low), static_cast<uint32_t>(low >> 32),
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

}  // namespace adjoint
