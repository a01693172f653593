// Dropout's mask, drawn by Philox, four elements to a block.

#include <cmath>

#include "Parallel.h"
#include "Philox.h"
#include "Registry.h"

namespace adjoint {
namespace {

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
      const PhiloxBlock random = Philox(key, static_cast<uint64_t>(block), stream);
      for (int64_t index = 4 * block; index < std::min(4 * block + 4, count); ++index) {
        mask[index] = random.word[index % 4] < threshold ? T{0} : kept;
      }
    }
  });
}

const Registration enter_dropout_mask("dropout_mask", DropoutMask<float>, DropoutMask<double>);

}  // namespace
}  // namespace adjoint
