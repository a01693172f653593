#include <hwy/targets.h>

#include "CKernels.h"

// The compiled targets all have lower bits than the baseline's; the best supported one is the lowest.
extern "C" const char *adjoint_vector_target(void) {
  const int64_t compiled = HWY_SSE4 | HWY_AVX2 | HWY_AVX3 | HWY_NEON;
  const int64_t usable = hwy::SupportedTargets() & compiled;
  return usable == 0 ? "baseline" : hwy::TargetName(usable & -usable);
}
