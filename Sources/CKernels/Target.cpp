#include <hwy/targets.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "CKernels.h"

namespace {

// The compiled targets all have lower bits than the baseline's; the best supported one is the lowest. 0 for the
// baseline.
int64_t Target() {
  const int64_t compiled = HWY_SSE4 | HWY_AVX2 | HWY_AVX3 | HWY_NEON;
  const int64_t usable = hwy::SupportedTargets() & compiled;
  return usable & -usable;
}

// Zen 4, AMD's family 25 as far as it has AVX-512, computes a vector of 64 bytes in two halves.
bool HasHalvedVectors() {
#if defined(__x86_64__)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (Target() != HWY_AVX3 || !__get_cpuid(0, &eax, &ebx, &ecx, &edx)) return false;
  const bool is_amd = ebx == signature_AMD_ebx && ecx == signature_AMD_ecx && edx == signature_AMD_edx;
  if (!is_amd || !__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return false;
  const unsigned family = (eax >> 8 & 0xf) + (eax >> 20 & 0xff);
  return family == 25;
#else
  return false;
#endif
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

extern "C" int64_t adjoint_path_bytes(void) {
  static const int64_t bytes = HasHalvedVectors() ? 32 : adjoint_vector_bytes();
  return bytes;
}
