// Elementwise kernels of one, two and three inputs: sizes[0] elements, parameters in `scalars`.
// A kernel is a line of the table below: its name, and its value in a vector of floats and in double.

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "Elementwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Vector-inl.h"

// name | expression in float vectors of the inputs a, b, c | the same in double.
// `s` and `t` are the scalars, given as vectors to the first and as doubles to the second; `number` is the first scalar
// as a double to both.
#define ADJOINT_ELEMENTWISE_1(X)                                                                   \
  X(negate, hn::Neg(a), -a)                                                                        \
  X(add_scalar, hn::Add(a, s), a + s)                                                              \
  X(multiply_scalar, hn::Mul(a, s), a *s)                                                          \
  X(divide_scalar, hn::Div(a, s), a / s)                                                           \
  X(scalar_subtract, hn::Sub(s, a), s - a)                                                         \
  X(scalar_divide, hn::Div(s, a), s / a)                                                           \
  X(exp, SafeExp(d, a), std::exp(a))                                                               \
  X(log, SafeLog(d, a), std::log(a))                                                               \
  X(sqrt, hn::Sqrt(a), std::sqrt(a))                                                               \
  X(sin, SafeSinOrCos<false>(d, a), std::sin(a))                                                   \
  X(cos, SafeSinOrCos<true>(d, a), std::cos(a))                                                    \
  X(tanh, SafeTanh(d, a), std::tanh(a))                                                            \
  X(sigmoid, Logistic(d, a), 1.0 / (1.0 + std::exp(-a)))                                           \
  X(relu, Rectified(d, a), a <= 0 ? 0.0 : a)                                                       \
  X(leaky_relu, hn::IfThenElse(hn::Lt(a, hn::Zero(d)), hn::Mul(a, s), a), a < 0 ? a * s : a)       \
  X(gelu, hn::Mul(a, NormalDistribution(d, a)), a *Phi(a))                                         \
  X(gelu_tanh, GeluTanh(d, a), GeluTanh(a))                                                        \
  X(silu, hn::Mul(a, Logistic(d, a)), a / (1.0 + std::exp(-a)))                                    \
  X(softplus, Softplus(d, a), std::max(a, 0.0) + std::log1p(std::exp(-std::fabs(a))))              \
  X(abs, hn::Abs(a), std::fabs(a))                                                                 \
  X(clamp, hn::IfThenElse(hn::Lt(a, s), s, hn::IfThenElse(hn::Gt(a, t), t, a)),                    \
    a < s ? s : (a > t ? t : a))                                                                   \
  X(power, Power(d, a, number), std::pow(a, s))

#define ADJOINT_ELEMENTWISE_2(X)                                                                   \
  X(add, hn::Add(a, b), a + b)                                                                     \
  X(add_relu, Rectified(d, hn::Add(a, b)), a + b <= 0 ? 0.0 : a + b)                               \
  X(subtract, hn::Sub(a, b), a - b)                                                                \
  X(multiply, hn::Mul(a, b), a *b)                                                                 \
  X(divide, hn::Div(a, b), a / b)                                                                  \
  X(add_scaled, hn::MulAdd(s, b, a), a + s * b)                                                    \
  X(sqrt_pullback, hn::Div(hn::Mul(hn::Set(d, 0.5f), a), b), 0.5 * a / b)                          \
  X(sin_pullback, hn::Mul(a, SafeSinOrCos<true>(d, b)), a *std::cos(b))                            \
  X(tanh_pullback, hn::Mul(a, hn::NegMulAdd(b, b, hn::Set(d, 1.0f))), a *(1.0 - b * b))            \
  X(sigmoid_pullback, hn::Mul(a, hn::NegMulAdd(b, b, b)), a *b *(1.0 - b))                         \
  X(relu_pullback, RectifiedCotangent(d, a, b), b <= 0 ? 0.0 : a)                                  \
  X(leaky_relu_pullback, hn::IfThenElse(hn::Gt(b, hn::Zero(d)), a, hn::Mul(a, s)),                 \
    b > 0 ? a : a *s)                                                                              \
  X(gelu_pullback,                                                                                 \
    hn::Mul(a, hn::MulAdd(b, NormalDensity(d, b), NormalDistribution(d, b))),                      \
    a *(Phi(b) + b * NormalDensity(b)))                                                            \
  X(gelu_tanh_pullback, hn::Mul(a, GeluTanhSlope(d, b)), a *GeluTanhSlope(b))                      \
  X(silu_pullback, hn::Mul(a, SiluSlope(d, b)), a *SiluSlope(b))                                   \
  X(softplus_pullback, hn::Mul(a, Logistic(d, b)), a / (1.0 + std::exp(-b)))                       \
  X(maximum, hn::IfThenElse(hn::Or(hn::IsNaN(a), hn::Gt(a, b)), a, b),                             \
    std::isnan(a) || a > b ? a : b)                                                                \
  X(minimum, hn::IfThenElse(hn::Or(hn::IsNaN(a), hn::Lt(a, b)), a, b),                             \
    std::isnan(a) || a < b ? a : b)                                                                \
  X(abs_pullback,                                                                                  \
    hn::IfThenElse(hn::Gt(b, hn::Zero(d)), a,                                                      \
                   hn::IfThenElseZero(hn::Lt(b, hn::Zero(d)), hn::Neg(a))),                        \
    b > 0 ? a : (b < 0 ? -a : 0.0))                                                                \
  X(clamp_pullback, hn::IfThenElseZero(hn::And(hn::Gt(b, s), hn::Lt(b, t)), a),                    \
    b > s && b < t ? a : 0.0)                                                                      \
  X(power_pullback, PowerCotangent(d, a, b, number),                                               \
    s == 0 ? 0.0 : a * (s * std::pow(b, s - 1)))

// What the larger of b and c gets of the cotangent a; half of it where they are equal.
#define ADJOINT_ELEMENTWISE_3(X)                                                                   \
  X(divide_pullback, hn::Neg(hn::Div(hn::Mul(a, b), c)), -(a * b) / c)                             \
  X(larger_pullback,                                                                               \
    hn::IfThenZeroElse(hn::Lt(b, c),                                                               \
                       hn::IfThenElse(hn::Eq(b, c), hn::Mul(a, hn::Set(d, 0.5f)), a)),             \
    b < c ? 0.0 : (b == c ? 0.5 * a : a))

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

constexpr double kSqrtTwoOverPi = 0.79788456080286535588;
constexpr double kGeluCubic = 0.044715;

HWY_INLINE double Phi(double x) { return 0.5 * std::erfc(-x * 0.70710678118654752440); }
HWY_INLINE double NormalDensity(double x) {
  return 0.39894228040143267794 * std::exp(-0.5 * x * x);
}
HWY_INLINE double GeluTanh(double x) {
  return 0.5 * x * (1.0 + std::tanh(kSqrtTwoOverPi * (x + kGeluCubic * x * x * x)));
}
HWY_INLINE double GeluTanhSlope(double x) {
  const double t = std::tanh(kSqrtTwoOverPi * (x + kGeluCubic * x * x * x));
  const double inner = kSqrtTwoOverPi * (1.0 + 3.0 * kGeluCubic * x * x);
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner;
}
HWY_INLINE double SiluSlope(double x) {
  const double s = 1.0 / (1.0 + std::exp(-x));
  return s * (1.0 + x * (1.0 - s));
}

HWY_INLINE FloatVector NormalDensity(FloatTag d, FloatVector x) {
  const auto exponent = hn::Mul(hn::Mul(x, x), hn::Set(d, -0.5f));
  return hn::Mul(hn::Set(d, 0.39894228f), SafeExp(d, exponent));
}
HWY_INLINE FloatVector GeluTanhInner(FloatTag d, FloatVector x) {
  const auto square = hn::Mul(x, x);
  const auto one = hn::Set(d, 1.0f);
  const auto cubic = hn::MulAdd(hn::Set(d, static_cast<float>(kGeluCubic)), square, one);
  return SafeTanh(d, hn::Mul(hn::Mul(hn::Set(d, static_cast<float>(kSqrtTwoOverPi)), x), cubic));
}
HWY_INLINE FloatVector GeluTanh(FloatTag d, FloatVector x) {
  const auto half = hn::Mul(hn::Set(d, 0.5f), x);
  return hn::Mul(half, hn::Add(hn::Set(d, 1.0f), GeluTanhInner(d, x)));
}
HWY_INLINE FloatVector GeluTanhSlope(FloatTag d, FloatVector x) {
  const auto t = GeluTanhInner(d, x);
  const auto one = hn::Set(d, 1.0f);
  const auto half = hn::Set(d, 0.5f);
  const auto three = hn::Set(d, static_cast<float>(3.0 * kGeluCubic));
  const auto inner = hn::Mul(hn::Set(d, static_cast<float>(kSqrtTwoOverPi)),
                             hn::MulAdd(three, hn::Mul(x, x), one));
  const auto curve = hn::Mul(hn::Mul(hn::Mul(half, x), hn::NegMulAdd(t, t, one)), inner);
  return hn::MulAdd(half, hn::Add(one, t), curve);
}
HWY_INLINE FloatVector SiluSlope(FloatTag d, FloatVector x) {
  const auto s = Logistic(d, x);
  const auto one = hn::Set(d, 1.0f);
  return hn::Mul(s, hn::MulAdd(x, hn::Sub(one, s), one));
}
// max(x, 0) + ln(1 + e^−|x|)
HWY_INLINE FloatVector Softplus(FloatTag d, FloatVector x) {
  const auto tail = hn::Log1p(d, SafeExp(d, hn::Neg(hn::Abs(x))));
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Add(hn::Max(x, hn::Zero(d)), tail));
}

// m^p for half a vector of positive numbers. In double: what float32 leaves of p ln m would be off by its last digit,
// which is up to a hundred of the result's.
HWY_INLINE hn::Vec<hn::Half<FloatTag>> HalfOfPower(hn::Vec<hn::Half<FloatTag>> m, double p) {
  const hn::Repartition<double, FloatTag> wide;
  const auto exponent = hn::Mul(hn::Set(wide, p), hn::Log(wide, hn::PromoteTo(wide, m)));
  // Beyond the range of float32, within that of Highway's exponential.
  const auto highest = hn::Set(wide, 700.0);
  return hn::DemoteTo(hn::Half<FloatTag>(), hn::Exp(wide, hn::Min(exponent, highest)));
}

// x^p for every float, as the C library has it: of a negative number NaN, unless p is a whole number.
HWY_INLINE FloatVector Power(FloatTag d, FloatVector x, double p) {
  if (p == 0) return hn::Set(d, 1.0f);
  if (p == 1) return x;
  if (p == 2) return hn::Mul(x, x);
  if (p == 3) return hn::Mul(hn::Mul(x, x), x);
  const hn::Half<FloatTag> half;
  const auto zero = hn::Zero(d);
  const auto infinity = hn::Set(d, std::numeric_limits<float>::infinity());
  const auto m = hn::Abs(x);
  auto value = hn::Combine(d, HalfOfPower(hn::UpperHalf(half, m), p), HalfOfPower(hn::LowerHalf(half, m), p));
  if (std::trunc(p) != p) {
    value = hn::IfThenElse(hn::Lt(x, zero), hn::Set(d, std::numeric_limits<float>::quiet_NaN()), value);
  }
  // After that: a denormal number is a zero, whatever its sign, and the power of −∞ is that of ∞.
  value = hn::IfThenElse(hn::Eq(m, zero), p > 0 ? zero : infinity, value);
  value = hn::IfThenElse(hn::Eq(m, infinity), p > 0 ? infinity : zero, value);
  if (std::fabs(std::fmod(p, 2.0)) == 1) value = hn::CopySign(value, x);
  return hn::IfThenElse(hn::IsNaN(x), x, value);
}
HWY_INLINE FloatVector PowerCotangent(FloatTag d, FloatVector dy, FloatVector x, double p) {
  if (p == 0) return hn::Zero(d);
  return hn::Mul(dy, hn::Mul(hn::Set(d, static_cast<float>(p)), Power(d, x, p - 1)));
}

// In float32, over elements of float32 or bfloat16.
template <int kInputs, typename Element, typename Value>
HWY_INLINE void MapFloats(const Arguments *arguments, const Value &value) {
  const FloatTag d;
  const Element *a = input<Element>(arguments, 0);
  const Element *b = kInputs > 1 ? input<Element>(arguments, 1) : a;
  const Element *c = kInputs > 2 ? input<Element>(arguments, 2) : a;
  Element *y = output<Element>(arguments, 0);
  ParallelFor(arguments->sizes[0], ElementGrain(), [&](int64_t begin, int64_t end) HWY_ATTR {
    const double number = arguments->scalars[0];
    const auto s = hn::Set(d, static_cast<float>(number));
    const auto t = hn::Set(d, static_cast<float>(arguments->scalars[1]));
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    int64_t index = begin;
    for (; index + lanes <= end; index += lanes) {
      const auto va = LoadElements(d, a + index);
      const auto vb = kInputs > 1 ? LoadElements(d, b + index) : va;
      const auto vc = kInputs > 2 ? LoadElements(d, c + index) : va;
      StoreElements(d, value(d, va, vb, vc, s, t, number), y + index);
    }
    if (index < end) {
      const auto rest = static_cast<size_t>(end - index);
      const auto va = LoadFirstElements(d, a + index, rest);
      const auto vb = kInputs > 1 ? LoadFirstElements(d, b + index, rest) : va;
      const auto vc = kInputs > 2 ? LoadFirstElements(d, c + index, rest) : va;
      StoreFirstElements(d, value(d, va, vb, vc, s, t, number), y + index, rest);
    }
  });
}

template <int kInputs, typename Value>
HWY_INLINE void MapDoubles(const Arguments *arguments, const Value &value) {
  const double *a = input<double>(arguments, 0);
  const double *b = kInputs > 1 ? input<double>(arguments, 1) : a;
  const double *c = kInputs > 2 ? input<double>(arguments, 2) : a;
  double *y = output<double>(arguments, 0);
  const double s = arguments->scalars[0], t = arguments->scalars[1];
  ParallelFor(arguments->sizes[0], ElementGrain() / 4, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t index = begin; index < end; ++index) {
      y[index] = value(a[index], b[index], c[index], s, t);
    }
  });
}

#define ADJOINT_DEFINE(inputs, name, vector, scalar)                                               \
  HWY_INLINE FloatVector name##Value(FloatTag d, FloatVector a, FloatVector b, FloatVector c,      \
                                     FloatVector s, FloatVector t, double number) {                \
    (void)d, (void)b, (void)c, (void)s, (void)t, (void)number;                                     \
    return vector;                                                                                 \
  }                                                                                                \
  template <typename Element>                                                                      \
  HWY_INLINE void name##Elements(const Arguments *arguments) {                                     \
    MapFloats<inputs, Element>(arguments,                                                          \
                               [](FloatTag d, FloatVector a, FloatVector b, FloatVector c,         \
                                  FloatVector s, FloatVector t, double number) HWY_ATTR {          \
                                 return name##Value(d, a, b, c, s, t, number);                     \
                               });                                                                 \
  }                                                                                                \
  void name##_float32(const Arguments *arguments) { name##Elements<float>(arguments); }            \
  void name##_bfloat16(const Arguments *arguments) { name##Elements<BFloat16>(arguments); }        \
  void name##_float64(const Arguments *arguments) {                                                \
    MapDoubles<inputs>(arguments, [](double a, double b, double c, double s, double t) {           \
      (void)b, (void)c, (void)s, (void)t;                                                          \
      return scalar;                                                                               \
    });                                                                                            \
  }
#define ADJOINT_DEFINE_1(name, vector, scalar) ADJOINT_DEFINE(1, name, vector, scalar)
#define ADJOINT_DEFINE_2(name, vector, scalar) ADJOINT_DEFINE(2, name, vector, scalar)
#define ADJOINT_DEFINE_3(name, vector, scalar) ADJOINT_DEFINE(3, name, vector, scalar)

ADJOINT_ELEMENTWISE_1(ADJOINT_DEFINE_1)
ADJOINT_ELEMENTWISE_2(ADJOINT_DEFINE_2)
ADJOINT_ELEMENTWISE_3(ADJOINT_DEFINE_3)

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

#define ADJOINT_ENTER(name, vector, scalar) ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(name, name)

ADJOINT_ELEMENTWISE_1(ADJOINT_ENTER)
ADJOINT_ELEMENTWISE_2(ADJOINT_ENTER)
ADJOINT_ELEMENTWISE_3(ADJOINT_ENTER)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
