// How a kernel enters itself: one static object in the file that defines it.
#pragma once

#include <cmath>
#include <cstring>

#include "CKernels.h"

namespace adjoint {

using Arguments = adjoint_arguments;

// The upper half of a float32.
struct BFloat16 {
  uint16_t bits;
};

// Rounds to nearest, ties to even; a NaN stays one.
inline BFloat16 RoundedToBFloat16(float value) {
  uint32_t wide;
  std::memcpy(&wide, &value, sizeof wide);
  const uint32_t rounded = std::isnan(value) ? wide | 0x400000 : wide + 0x7FFF + (wide >> 16 & 1);
  return {static_cast<uint16_t>(rounded >> 16)};
}

struct Registration {
  Registration(const char *name, adjoint_function float32, adjoint_function float64,
               adjoint_function bfloat16 = nullptr);
};

template <typename T>
const T *input(const Arguments *arguments, int index) {
  return static_cast<const T *>(arguments->inputs[index]);
}

template <typename T>
T *output(const Arguments *arguments, int index) {
  return static_cast<T *>(arguments->outputs[index]);
}

}  // namespace adjoint

// Enters the kernel `name`, whose functions are `Function_float32` and `Function_float64` of every
// instruction set; the best one for the processor is chosen when it is called.
#define ADJOINT_ENTER_KERNEL(name, Function)                                                       \
  HWY_EXPORT(Function##_float32);                                                                  \
  HWY_EXPORT(Function##_float64);                                                                  \
  const Registration enter_##name(                                                                 \
      #name,                                                                                       \
      [](const Arguments *arguments) { HWY_DYNAMIC_DISPATCH(Function##_float32)(arguments); },     \
      [](const Arguments *arguments) { HWY_DYNAMIC_DISPATCH(Function##_float64)(arguments); });

// The same for a kernel that has a `Function_bfloat16` too.
#define ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(name, Function)                                         \
  HWY_EXPORT(Function##_float32);                                                                  \
  HWY_EXPORT(Function##_float64);                                                                  \
  HWY_EXPORT(Function##_bfloat16);                                                                 \
  const Registration enter_##name(                                                                 \
      #name,                                                                                       \
      [](const Arguments *arguments) { HWY_DYNAMIC_DISPATCH(Function##_float32)(arguments); },     \
      [](const Arguments *arguments) { HWY_DYNAMIC_DISPATCH(Function##_float64)(arguments); },     \
      [](const Arguments *arguments) { HWY_DYNAMIC_DISPATCH(Function##_bfloat16)(arguments); });

// The same for a kernel that has a `Function_float32` and a `Function_bfloat16`, and nothing in float64.
#define ADJOINT_ENTER_SINGLE_KERNEL(name, Function)                                                \
  HWY_EXPORT(Function##_float32);                                                                  \
  HWY_EXPORT(Function##_bfloat16);                                                                 \
  const Registration enter_##name(                                                                 \
      #name,                                                                                       \
      [](const Arguments *arguments) { HWY_DYNAMIC_DISPATCH(Function##_float32)(arguments); },     \
      nullptr,                                                                                     \
      [](const Arguments *arguments) { HWY_DYNAMIC_DISPATCH(Function##_bfloat16)(arguments); });
