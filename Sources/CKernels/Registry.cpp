#include "Registry.h"

#include <cstring>
#include <string>
#include <unordered_map>

namespace adjoint {
namespace {

// A function's static outlives no registration, whatever the order of static construction.
std::unordered_map<std::string, adjoint_kernel> &kernels() {
  static std::unordered_map<std::string, adjoint_kernel> table;
  return table;
}

}  // namespace

Registration::Registration(const char *name, adjoint_function float32, adjoint_function float64,
                           adjoint_function bfloat16) {
  kernels().emplace(name, adjoint_kernel{name, float32, float64, bfloat16});
}

}  // namespace adjoint

extern "C" {

const adjoint_kernel *adjoint_find_kernel(const char *name) {
  const auto found = adjoint::kernels().find(name);
  return found == adjoint::kernels().end() ? nullptr : &found->second;
}

#if defined(__APPLE__)
extern void (*const adjoint_registry_begin[])(void) __asm("section$start$__DATA$adjoint_registry");
extern void (*const adjoint_registry_end[])(void) __asm("section$end$__DATA$adjoint_registry");
#else
extern void (*const __start_adjoint_registry[])(void) __attribute__((weak));
extern void (*const __stop_adjoint_registry[])(void) __attribute__((weak));
#define adjoint_registry_begin __start_adjoint_registry
#define adjoint_registry_end __stop_adjoint_registry
#endif

size_t adjoint_run_registrations(void) {
  for (auto *entry = adjoint_registry_begin; entry < adjoint_registry_end; ++entry) {
    if (*entry != nullptr) (*entry)();
  }
  return static_cast<size_t>(adjoint_registry_end - adjoint_registry_begin);
}

}  // extern "C"
