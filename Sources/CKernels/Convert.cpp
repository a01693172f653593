// Elements rounded from one type to another. A kernel is named after the type it reads; the precision it is
// called in is the one it writes. sizes[0] elements; x, y.

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "Convert.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// Between float32 and bfloat16.
template <typename From, typename To>
HWY_INLINE void ConvertVectors(const Arguments *arguments) {
  const From *x = input<From>(arguments, 0);
  To *y = output<To>(arguments, 0);
  ParallelFor(arguments->sizes[0], ElementGrain(), [&](int64_t begin, int64_t end) HWY_ATTR {
    const FloatTag d;
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    int64_t index = begin;
    for (; index + lanes <= end; index += lanes) {
      StoreElements(d, LoadElements(d, x + index), y + index);
    }
    const auto rest = static_cast<size_t>(end - index);
    if (rest > 0) StoreFirstElements(d, LoadFirstElements(d, x + index, rest), y + index, rest);
  });
}

// To and from float64: for checks, not for speed.
template <typename From, typename To>
HWY_INLINE void ConvertNumbers(const Arguments *arguments) {
  const From *x = input<From>(arguments, 0);
  To *y = output<To>(arguments, 0);
  for (int64_t index = 0; index < arguments->sizes[0]; ++index) y[index] = static_cast<To>(x[index]);
}

void FromFloat32_float32(const Arguments *a) { ConvertVectors<float, float>(a); }
void FromFloat32_float64(const Arguments *a) { ConvertNumbers<float, double>(a); }
void FromFloat32_bfloat16(const Arguments *a) { ConvertVectors<float, BFloat16>(a); }

void FromFloat64_float32(const Arguments *a) { ConvertNumbers<double, float>(a); }
void FromFloat64_float64(const Arguments *a) { ConvertNumbers<double, double>(a); }

void FromBFloat16_float32(const Arguments *a) { ConvertVectors<BFloat16, float>(a); }
void FromBFloat16_float64(const Arguments *arguments) {
  const FloatTag d;
  for (int64_t index = 0; index < arguments->sizes[0]; ++index) {
    const auto value = LoadFirstElements(d, input<BFloat16>(arguments, 0) + index, 1);
    output<double>(arguments, 0)[index] = hn::GetLane(value);
  }
}
void FromBFloat16_bfloat16(const Arguments *a) { ConvertVectors<BFloat16, BFloat16>(a); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(convert_from_float32, FromFloat32)
ADJOINT_ENTER_KERNEL(convert_from_float64, FromFloat64)
ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(convert_from_bfloat16, FromBFloat16)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
