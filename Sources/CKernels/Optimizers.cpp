// One step of an optimiser is one pass over memory: each element of parameter, gradient and state is
// read once and written once. sizes[0] elements; inputs[0] is the gradient; outputs[0] is the
// parameter and outputs[1…] the state, changed in place. A gradient is first multiplied by
// scalars[7], which is how clipping by norm costs no pass of its own, and clamped to ±scalars[6].


#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "Optimizers.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// The arithmetic is written once, over a type that is either a vector of floats or a double.
struct Floats {
  FloatVector value;
  explicit Floats(FloatVector v) : value(v) {}
  HWY_INLINE explicit Floats(double v) : value(hn::Set(FloatTag(), static_cast<float>(v))) {}
};
HWY_INLINE Floats operator+(Floats a, Floats b) { return Floats(hn::Add(a.value, b.value)); }
HWY_INLINE Floats operator-(Floats a, Floats b) { return Floats(hn::Sub(a.value, b.value)); }
HWY_INLINE Floats operator*(Floats a, Floats b) { return Floats(hn::Mul(a.value, b.value)); }
HWY_INLINE Floats operator/(Floats a, Floats b) { return Floats(hn::Div(a.value, b.value)); }
HWY_INLINE Floats SquareRoot(Floats a) { return Floats(hn::Sqrt(a.value)); }
HWY_INLINE double SquareRoot(double a) { return std::sqrt(a); }
HWY_INLINE Floats Clamp(Floats a, Floats limit) {
  const auto value = hn::Min(hn::Max(a.value, hn::Neg(limit.value)), limit.value);
  return Floats(hn::IfThenElse(hn::IsNaN(a.value), a.value, value));
}
HWY_INLINE double Clamp(double a, double limit) {
  return a != a ? a : std::min(std::max(a, -limit), limit);
}
HWY_INLINE Floats NotNegative(Floats a) {
  const auto zero = hn::Zero(FloatTag());
  return Floats(hn::IfThenElse(hn::Lt(a.value, zero), zero, a.value));
}
HWY_INLINE double NotNegative(double a) { return a < 0 ? 0 : a; }

template <typename N>
struct Gradient {
  N scale, limit;
  bool clamped;
  explicit Gradient(const double *s)
      : scale(s[7]), limit(s[6]), clamped(std::isfinite(s[6])) {}
  HWY_INLINE N operator()(N g) const {
    g = g * scale;
    return clamped ? Clamp(g, limit) : g;
  }
};

// p ← p − η (g + λ p); scalars: η, λ.
template <typename N>
struct SGD {
  static constexpr int kState = 0;
  Gradient<N> gradient;
  N rate, decay;
  explicit SGD(const double *s) : gradient(s), rate(s[0]), decay(s[1]) {}
  HWY_INLINE N operator()(N p, N g, N *) const { return p - rate * (gradient(g) + decay * p); }
};

// v ← μ v + (1 − δ) g;  p ← p − η v, or with Nesterov p − η (g + μ v); scalars: η, λ, μ, 1 − δ, Nesterov.
template <typename N>
struct Momentum {
  static constexpr int kState = 1;
  Gradient<N> gradient;
  N rate, decay, momentum, fresh;
  bool nesterov;
  explicit Momentum(const double *s)
      : gradient(s), rate(s[0]), decay(s[1]), momentum(s[2]), fresh(s[3]), nesterov(s[4] != 0) {}
  HWY_INLINE N operator()(N p, N g, N *state) const {
    g = gradient(g) + decay * p;
    state[0] = momentum * state[0] + fresh * g;
    return p - rate * (nesterov ? g + momentum * state[0] : state[0]);
  }
};

// Adam, with the weight decay in the gradient (scalars[4]) or on the parameter, as AdamW has it
// (scalars[5] = 1 − η λ, else 1). Both corrections are folded into two numbers, since with r = √(1 − β₂ᵗ)
// η/(1 − β₁ᵗ) m / (√v/r + ε) = [η r/(1 − β₁ᵗ)] m / (√v + [ε r]):
// scalars[0] = η r/(1 − β₁ᵗ), [1] = β₁, [2] = β₂, [3] = ε r.
template <typename N>
struct Adam {
  static constexpr int kState = 2;
  Gradient<N> gradient;
  N rate, fresh1, beta2, fresh2, epsilon, decay, keep;
  explicit Adam(const double *s)
      : gradient(s),
        rate(s[0]),
        fresh1(1 - s[1]),
        beta2(s[2]),
        fresh2(1 - s[2]),
        epsilon(s[3]),
        decay(s[4]),
        keep(s[5]) {}
  HWY_INLINE N operator()(N p, N g, N *state) const {
    g = gradient(g) + decay * p;
    state[0] = state[0] + fresh1 * (g - state[0]);
    state[1] = beta2 * state[1] + fresh2 * (g * g);
    return p * keep - rate * state[0] / (SquareRoot(state[1]) + epsilon);
  }
};

// s ← α s + (1 − α) g²;  d = g / (√s + ε);  p ← p − η d; scalars: η, λ, α, ε, μ.
// Centred, m ← m + (1 − α) (g − m) and √(s − m²) in place of √s; with momentum v ← μ v + d;  p ← p − η v.
// The state is s, then m, then v, as far as there are any.
template <typename N, bool kIsCentered, bool kHasMomentum>
struct RMSProp {
  static constexpr int kState = 1 + kIsCentered + kHasMomentum;
  Gradient<N> gradient;
  N rate, decay, alpha, fresh, epsilon, momentum;
  explicit RMSProp(const double *s)
      : gradient(s),
        rate(s[0]),
        decay(s[1]),
        alpha(s[2]),
        fresh(1 - s[2]),
        epsilon(s[3]),
        momentum(s[4]) {}
  HWY_INLINE N operator()(N p, N g, N *state) const {
    g = gradient(g) + decay * p;
    state[0] = alpha * state[0] + fresh * (g * g);
    N square = state[0];
    if constexpr (kIsCentered) {
      state[1] = state[1] + fresh * (g - state[1]);
      // Never below zero but for rounding, where gradients are nearly the same.
      square = NotNegative(square - state[1] * state[1]);
    }
    N direction = g / (SquareRoot(square) + epsilon);
    if constexpr (kHasMomentum) {
      direction = momentum * state[kState - 1] + direction;
      state[kState - 1] = direction;
    }
    return p - rate * direction;
  }
};
template <typename N>
using PlainRMSProp = RMSProp<N, false, false>;
template <typename N>
using RMSPropMomentum = RMSProp<N, false, true>;
template <typename N>
using CenteredRMSProp = RMSProp<N, true, false>;
template <typename N>
using CenteredRMSPropMomentum = RMSProp<N, true, true>;

// s ← s + g²;  p ← p − η g / (√s + ε); scalars: η, λ, ε.
template <typename N>
struct Adagrad {
  static constexpr int kState = 1;
  Gradient<N> gradient;
  N rate, decay, epsilon;
  explicit Adagrad(const double *s) : gradient(s), rate(s[0]), decay(s[1]), epsilon(s[2]) {}
  HWY_INLINE N operator()(N p, N g, N *state) const {
    g = gradient(g) + decay * p;
    state[0] = state[0] + g * g;
    return p - rate * g / (SquareRoot(state[0]) + epsilon);
  }
};

// Tensors of state that a rule changes beside the parameter.
constexpr int kMostState = 3;

template <typename Rule>
HWY_INLINE void StepFloats(const Arguments *arguments, const Rule &rule) {
  const FloatTag d;
  const float *gradient = input<float>(arguments, 0);
  float *parameter = output<float>(arguments, 0);
  float *state[kMostState];
  for (int which = 0; which < kMostState; ++which) state[which] = output<float>(arguments, 1 + which);
  ParallelFor(arguments->sizes[0], ElementGrain(), [&](int64_t begin, int64_t end) HWY_ATTR {
    const auto lanes = static_cast<int64_t>(hn::Lanes(d));
    const int64_t whole = begin + (end - begin) / lanes * lanes;
    for (int64_t index = begin; index < whole; index += lanes) {
      Floats states[kMostState] = {Floats(0.0), Floats(0.0), Floats(0.0)};
      for (int which = 0; which < Rule::kState; ++which) {
        states[which] = Floats(hn::LoadU(d, state[which] + index));
      }
      const Floats g(hn::LoadU(d, gradient + index));
      const Floats p(hn::LoadU(d, parameter + index));
      hn::StoreU(rule(p, g, states).value, d, parameter + index);
      for (int which = 0; which < Rule::kState; ++which) {
        hn::StoreU(states[which].value, d, state[which] + index);
      }
    }
    if (whole < end) {
      const int64_t index = whole;
      const auto width = static_cast<size_t>(end - whole);
      const auto load = [&](const float *from) HWY_ATTR {
        return Floats(LoadFirst(d, from, width));
      };
      const auto store = [&](Floats value, float *to) HWY_ATTR {
        StoreFirst(d, value.value, to, width);
      };
      Floats states[kMostState] = {Floats(0.0), Floats(0.0), Floats(0.0)};
      for (int which = 0; which < Rule::kState; ++which) states[which] = load(state[which] + index);
      store(rule(load(parameter + index), load(gradient + index), states), parameter + index);
      for (int which = 0; which < Rule::kState; ++which) store(states[which], state[which] + index);
    }
  });
}

template <typename Rule>
void StepDoubles(const Arguments *arguments, const Rule &rule) {
  const double *gradient = input<double>(arguments, 0);
  double *parameter = output<double>(arguments, 0);
  double *state[kMostState];
  for (int which = 0; which < kMostState; ++which) state[which] = output<double>(arguments, 1 + which);
  for (int64_t index = 0; index < arguments->sizes[0]; ++index) {
    double states[kMostState] = {};
    for (int which = 0; which < Rule::kState; ++which) states[which] = state[which][index];
    parameter[index] = rule(parameter[index], gradient[index], states);
    for (int which = 0; which < Rule::kState; ++which) state[which][index] = states[which];
  }
}

#define ADJOINT_STEP(name, Rule)                                                                   \
  void name##_float32(const Arguments *arguments) {                                                \
    StepFloats(arguments, Rule<Floats>(arguments->scalars));                                       \
  }                                                                                                \
  void name##_float64(const Arguments *arguments) {                                                \
    StepDoubles(arguments, Rule<double>(arguments->scalars));                                      \
  }

ADJOINT_STEP(SGDStep, SGD)
ADJOINT_STEP(MomentumStep, Momentum)
ADJOINT_STEP(AdamStep, Adam)
ADJOINT_STEP(RMSPropStep, PlainRMSProp)
ADJOINT_STEP(RMSPropMomentumStep, RMSPropMomentum)
ADJOINT_STEP(CenteredRMSPropStep, CenteredRMSProp)
ADJOINT_STEP(CenteredRMSPropMomentumStep, CenteredRMSPropMomentum)
ADJOINT_STEP(AdagradStep, Adagrad)

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL(sgd_step, SGDStep)
ADJOINT_ENTER_KERNEL(momentum_step, MomentumStep)
ADJOINT_ENTER_KERNEL(adam_step, AdamStep)
ADJOINT_ENTER_KERNEL(rmsprop_step, RMSPropStep)
ADJOINT_ENTER_KERNEL(rmsprop_momentum_step, RMSPropMomentumStep)
ADJOINT_ENTER_KERNEL(centered_rmsprop_step, CenteredRMSPropStep)
ADJOINT_ENTER_KERNEL(centered_rmsprop_momentum_step, CenteredRMSPropMomentumStep)
ADJOINT_ENTER_KERNEL(adagrad_step, AdagradStep)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
