// What Highway 1.0 lacks for our loops: tails that never touch a neighbour's bytes, and the
// elementary functions continued to every float (its own are undefined outside a stated range).
// Included once for each instruction set, hence the guard that toggles.

#include "Registry.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

// clang-format off
#if defined(ADJOINT_VECTOR_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ADJOINT_VECTOR_INL_H
#undef ADJOINT_VECTOR_INL_H
#else
#define ADJOINT_VECTOR_INL_H
#endif
// clang-format on

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using FloatVector = hn::Vec<FloatTag>;

// The first `count` lanes from memory, zeros in the others.
HWY_INLINE FloatVector LoadFirst(FloatTag d, const float *from, size_t count) {
#if HWY_TARGET <= HWY_AVX2
  return hn::MaskedLoad(hn::FirstN(d, count), d, from);
#else
  HWY_ALIGN float lanes[hn::MaxLanes(d)] = {};
  std::memcpy(lanes, from, count * sizeof(float));
  return hn::Load(d, lanes);
#endif
}

HWY_INLINE void StoreFirst(FloatTag d, FloatVector value, float *to, size_t count) {
#if HWY_TARGET <= HWY_AVX2
  hn::BlendedStore(value, hn::FirstN(d, count), d, to);
#else
  HWY_ALIGN float lanes[hn::MaxLanes(d)];
  hn::Store(value, d, lanes);
  std::memcpy(to, lanes, count * sizeof(float));
#endif
}

// A vector of float32 from elements of either type, and back.
HWY_INLINE FloatVector LoadElements(FloatTag d, const float *from) { return hn::LoadU(d, from); }
HWY_INLINE void StoreElements(FloatTag d, FloatVector value, float *to) { hn::StoreU(value, d, to); }
HWY_INLINE FloatVector LoadFirstElements(FloatTag d, const float *from, size_t count) {
  return LoadFirst(d, from, count);
}
HWY_INLINE void StoreFirstElements(FloatTag d, FloatVector value, float *to, size_t count) {
  StoreFirst(d, value, to, count);
}

HWY_INLINE FloatVector LoadElements(FloatTag d, const BFloat16 *from) {
  const hn::Rebind<uint16_t, FloatTag> half;
  const hn::RebindToUnsigned<FloatTag> bits;
  const auto narrow = hn::LoadU(half, reinterpret_cast<const uint16_t *>(from));
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(bits, narrow)));
}

// Rounds to nearest, ties to even; a NaN stays one.
HWY_INLINE void StoreElements(FloatTag, FloatVector value, BFloat16 *to) {
  const hn::Rebind<uint16_t, FloatTag> half;
  const hn::RebindToUnsigned<FloatTag> bits;
  const auto wide = hn::BitCast(bits, value);
  const auto odd = hn::And(hn::ShiftRight<16>(wide), hn::Set(bits, 1));
  const auto rounded = hn::Add(hn::Add(wide, hn::Set(bits, 0x7FFF)), odd);
  const auto quiet = hn::Or(wide, hn::Set(bits, 0x400000));
  const auto chosen = hn::IfThenElse(hn::RebindMask(bits, hn::IsNaN(value)), quiet, rounded);
  hn::StoreU(hn::TruncateTo(half, hn::ShiftRight<16>(chosen)), half, reinterpret_cast<uint16_t *>(to));
}

HWY_INLINE FloatVector LoadFirstElements(FloatTag d, const BFloat16 *from, size_t count) {
  BFloat16 lanes[hn::MaxLanes(d)] = {};
  std::memcpy(lanes, from, count * sizeof(BFloat16));
  return LoadElements(d, lanes);
}

HWY_INLINE void StoreFirstElements(FloatTag d, FloatVector value, BFloat16 *to, size_t count) {
  BFloat16 lanes[hn::MaxLanes(d)];
  StoreElements(d, value, lanes);
  std::memcpy(to, lanes, count * sizeof(BFloat16));
}

// The rectifier, max(x, 0) with NaN kept, and what it lets through of a cotangent: where y > 0 or y is NaN, be y its
// output or its input. Not Max, which loses a NaN.
template <typename D>
HWY_INLINE hn::Vec<D> Rectified(D d, hn::Vec<D> x) {
  return hn::IfThenZeroElse(hn::Le(x, hn::Zero(d)), x);
}
template <typename D>
HWY_INLINE hn::Vec<D> RectifiedCotangent(D d, hn::Vec<D> dy, hn::Vec<D> y) {
  return hn::IfThenZeroElse(hn::Le(y, hn::Zero(d)), dy);
}

// e^x for every float: 0 below −104, +∞ above 88.73, NaN for NaN.
HWY_INLINE FloatVector SafeExp(FloatTag d, FloatVector x) {
  const auto highest = hn::Set(d, 104.0f);
  const auto value = hn::Exp(d, hn::IfThenElse(hn::Gt(x, highest), highest, x));
  return hn::IfThenElse(hn::IsNaN(x), x, value);
}

// ln x for every float: −∞ at zero, NaN below, +∞ at +∞.
HWY_INLINE FloatVector SafeLog(FloatTag d, FloatVector x) {
  const auto zero = hn::Zero(d);
  const auto infinity = hn::Set(d, std::numeric_limits<float>::infinity());
  auto value = hn::Log(d, x);
  value = hn::IfThenElse(hn::Eq(x, zero), hn::Neg(infinity), value);
  value = hn::IfThenElse(hn::Eq(x, infinity), infinity, value);
  return hn::IfThenElse(hn::Ge(x, zero), value, hn::Set(d, std::numeric_limits<float>::quiet_NaN()));
}

HWY_INLINE FloatVector SafeTanh(FloatTag d, FloatVector x) {
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Tanh(d, x));
}

// Sine and cosine: where an argument is too large for the fast reduction, the C library's. A value
// must not depend on its neighbours, so the others keep theirs.
template <bool kCosine>
HWY_INLINE FloatVector SafeSinOrCos(FloatTag d, FloatVector x) {
  const auto in_range = hn::Le(hn::Abs(x), hn::Set(d, 39000.0f));
  auto value = kCosine ? hn::Cos(d, x) : hn::Sin(d, x);
  // The reduction turns −0 into 0.
  if (!kCosine) value = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, value);
  if (HWY_LIKELY(hn::AllTrue(d, in_range))) return value;
  HWY_ALIGN float lanes[hn::MaxLanes(d)];
  hn::Store(x, d, lanes);
  for (float &lane : lanes) lane = kCosine ? std::cos(lane) : std::sin(lane);
  return hn::IfThenElse(in_range, value, hn::Load(d, lanes));
}

// 1 / (1 + e^−x), without overflow on either side.
HWY_INLINE FloatVector Logistic(FloatTag d, FloatVector x) {
  const auto one = hn::Set(d, 1.0f);
  const auto small = SafeExp(d, hn::Neg(hn::Abs(x)));
  const auto positive = hn::Div(one, hn::Add(one, small));
  const auto value = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Mul(small, positive), positive);
  return hn::IfThenElse(hn::IsNaN(x), x, value);
}

// The standard normal's distribution function, Φ(x) = ½ erfc(−x/√2), to about 2e-7 relative on both
// tails: erfc(z) = t e^(−z²) P(t) with t = 1/(1 + z/2), P fitted on Chebyshev nodes to 5e-8.
HWY_INLINE FloatVector NormalDistribution(FloatTag d, FloatVector x) {
  constexpr float kCoefficients[] = {
      0.282083184f, 0.282436311f,  0.242630303f, 0.204673097f,  -0.0315702818f,
      0.285580605f, -0.4940359f, 0.287994415f, -0.0597917512f};
  const auto one = hn::Set(d, 1.0f);
  const auto z = hn::Mul(hn::Abs(x), hn::Set(d, 0.70710678118654752f));
  const auto t = hn::Div(one, hn::MulAdd(hn::Set(d, 0.5f), z, one));
  auto polynomial = hn::Set(d, kCoefficients[8]);
  for (int index = 7; index >= 0; --index) {
    polynomial = hn::MulAdd(polynomial, t, hn::Set(d, kCoefficients[index]));
  }
  // e^(−x²/2) would multiply the rounding error of x² by x²/2. So x = h + l with twelve digits of h,
  // whose square is exact: e^(−x²/2) = e^(−h²/2) e^(−r) with r = l (x + h) / 2, below 0.03.
  const hn::RebindToUnsigned<FloatTag> bits;
  const auto half = hn::Set(d, 0.5f);
  const auto h = hn::BitCast(d, hn::And(hn::BitCast(bits, x), hn::Set(bits, 0xFFFFF000u)));
  const auto square = hn::Mul(h, h);
  // Far out, where l might be the difference of infinities, the first factor is zero.
  const auto is_far = hn::Gt(square, hn::Set(d, 256.0f));
  const auto r = hn::IfThenZeroElse(is_far, hn::Mul(hn::Mul(half, hn::Sub(x, h)), hn::Add(x, h)));
  auto correction = hn::NegMulAdd(hn::Set(d, 0.16666667f), r, half);
  correction = hn::NegMulAdd(correction, r, one);
  correction = hn::NegMulAdd(correction, r, one);
  const auto gaussian = hn::Mul(SafeExp(d, hn::Mul(square, hn::Set(d, -0.5f))), correction);
  const auto tail = hn::Mul(hn::Mul(half, t), hn::Mul(gaussian, polynomial));
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), tail, hn::Sub(one, tail));
}

// Combines the lanes of each of four vectors, as one 128-bit vector; combine(v, w) takes vectors of any length.
template <typename Combine>
HWY_INLINE hn::Vec<hn::Full128<float>> FoldsOfFour(FloatTag d, FloatVector a, FloatVector b, FloatVector c,
                                                   FloatVector e, const Combine &combine) {
  const hn::Repartition<double, FloatTag> pairs;
  const auto ab = combine(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
  const auto ce = combine(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e));
  const auto low = hn::BitCast(
      d, hn::InterleaveLower(pairs, hn::BitCast(pairs, ab), hn::BitCast(pairs, ce)));
  const auto high = hn::BitCast(
      d, hn::InterleaveUpper(pairs, hn::BitCast(pairs, ab), hn::BitCast(pairs, ce)));
  const auto blocks = combine(low, high);
#if HWY_MAX_BYTES == 64
  const hn::Half<FloatTag> half;
  const hn::Half<decltype(half)> quarter;
  const auto two = combine(hn::LowerHalf(half, blocks), hn::UpperHalf(half, blocks));
  return combine(hn::LowerHalf(quarter, two), hn::UpperHalf(quarter, two));
#elif HWY_MAX_BYTES == 32
  const hn::Half<FloatTag> half;
  return combine(hn::LowerHalf(half, blocks), hn::UpperHalf(half, blocks));
#else
  return blocks;
#endif
}

// Adds the lanes of four vectors: {Σa, Σb, Σc, Σd}.
HWY_INLINE hn::Vec<hn::Full128<float>> SumsOfFour(FloatTag d, FloatVector a, FloatVector b, FloatVector c,
                                                  FloatVector e) {
  return FoldsOfFour(d, a, b, c, e, [](auto v, auto w) HWY_ATTR { return hn::Add(v, w); });
}

}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#endif  // toggle
