#include <hwy/targets.h>

#include "CKernels.h"

namespace {

// The compiled targets all have lower bits than the baseline's; the best supported one is the lowest. 0 for the
// baseline.
int64_t Target() {
  const int64_t compiled = HWY_SSE4 | HWY_AVX2 | HWY_AVX3 | HWY_NEON;
  const int64_t usable = hwy::SupportedTargets() & compiled;
  return usable & -usable;
}

}  // namespace

extern "C" const char *adjoint_vector_target(void) {
  const int64_t target = Target();
  return target == 0 ? "baseline" : hwy::TargetName(target);
}

extern "C" const char *adjoint_compiler(void) { return __VERSION__; }

extern "C" int64_t adjoint_vector_bytes(void) {
  const int64_t target = Target();
  return target == HWY_AVX3 ? 64 : target == HWY_AVX2 ? 32 : 16;
}
