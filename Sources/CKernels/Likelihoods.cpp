// Likelihoods, divergences and draws of variational autoencoders.
//
// A Gaussian head is a matrix [rows, 2n]: each row holds n means μ, then n logarithms s of standard
// deviations. sizes = {rows, n}.

#include <cmath>

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "Likelihoods.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// Calls body(at, count) for vectors of `n` elements: `count` lanes from element `at` on.
template <typename Body>
HWY_INLINE void ForVectors(int64_t n, const Body &body) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(FloatTag()));
  for (int64_t at = 0; at < n; at += lanes) {
    body(at, static_cast<size_t>(std::min(lanes, n - at)));
  }
}

template <typename Body>
HWY_INLINE void ForRows(const Arguments *arguments, const Body &body) {
  const int64_t n = std::max<int64_t>(1, arguments->sizes[1]);
  ParallelFor(arguments->sizes[0], ElementGrain() / 8 / n + 1, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t row = begin; row < end; ++row) body(row);
  });
}

// z = μ + e^s ∘ ε. inputs: head, ε [rows, n].
void Reparameterize_float32(const Arguments *arguments) {
  const int64_t n = arguments->sizes[1];
  ForRows(arguments, [&](int64_t row) HWY_ATTR {
    const float *mean = input<float>(arguments, 0) + row * 2 * n;
    const float *noise = input<float>(arguments, 1) + row * n;
    float *z = output<float>(arguments, 0) + row * n;
    ForVectors(n, [&](int64_t at, size_t count) HWY_ATTR {
      const FloatTag d;
      const auto deviation = SafeExp(d, LoadFirst(d, mean + n + at, count));
      const auto value = hn::MulAdd(deviation, LoadFirst(d, noise + at, count),
                                    LoadFirst(d, mean + at, count));
      StoreFirst(d, value, z + at, count);
    });
  });
}
void Reparameterize_float64(const Arguments *arguments) {
  const int64_t n = arguments->sizes[1];
  ForRows(arguments, [&](int64_t row) {
    const double *mean = input<double>(arguments, 0) + row * 2 * n;
    const double *noise = input<double>(arguments, 1) + row * n;
    double *z = output<double>(arguments, 0) + row * n;
    for (int64_t i = 0; i < n; ++i) z[i] = mean[i] + std::exp(mean[n + i]) * noise[i];
  });
}

// dμ = dz, ds = dz ∘ e^s ∘ ε. inputs: dz [rows, n], head, ε.
void ReparameterizePullback_float32(const Arguments *arguments) {
  const int64_t n = arguments->sizes[1];
  ForRows(arguments, [&](int64_t row) HWY_ATTR {
    const float *dz = input<float>(arguments, 0) + row * n;
    const float *s = input<float>(arguments, 1) + row * 2 * n + n;
    const float *noise = input<float>(arguments, 2) + row * n;
    float *dhead = output<float>(arguments, 0) + row * 2 * n;
    ForVectors(n, [&](int64_t at, size_t count) HWY_ATTR {
      const FloatTag d;
      const auto slope = LoadFirst(d, dz + at, count);
      const auto scaled = hn::Mul(SafeExp(d, LoadFirst(d, s + at, count)),
                                  LoadFirst(d, noise + at, count));
      StoreFirst(d, slope, dhead + at, count);
      StoreFirst(d, hn::Mul(slope, scaled), dhead + n + at, count);
    });
  });
}
void ReparameterizePullback_float64(const Arguments *arguments) {
  const int64_t n = arguments->sizes[1];
  ForRows(arguments, [&](int64_t row) {
    const double *dz = input<double>(arguments, 0) + row * n;
    const double *s = input<double>(arguments, 1) + row * 2 * n + n;
    const double *noise = input<double>(arguments, 2) + row * n;
    double *dhead = output<double>(arguments, 0) + row * 2 * n;
    for (int64_t i = 0; i < n; ++i) {
      dhead[i] = dz[i];
      dhead[n + i] = dz[i] * std::exp(s[i]) * noise[i];
    }
  });
}

// Σ over rows of what `row` gives, divided by their number. Rows are added up in double, in order.
template <typename T, typename Row>
HWY_INLINE void MeanOfRows(const Arguments *arguments, const Row &row) {
  double total = 0;
  for (int64_t index = 0; index < arguments->sizes[0]; ++index) total += row(index);
  *output<T>(arguments, 0) = static_cast<T>(total / static_cast<double>(arguments->sizes[0]));
}

// Mean over rows of Σ ½ ln 2π + s + ½ (x − μ)² e^(−2s). inputs: x [rows, n], head.
void GaussianHeadNLL_float32(const Arguments *arguments) {
  const int64_t n = arguments->sizes[1];
  MeanOfRows<float>(arguments, [&](int64_t row) HWY_ATTR {
    const float *x = input<float>(arguments, 0) + row * n;
    const float *mean = input<float>(arguments, 1) + row * 2 * n;
    const FloatTag d;
    auto sums = hn::Zero(d);
    ForVectors(n, [&](int64_t at, size_t count) HWY_ATTR {
      const auto s = LoadFirst(d, mean + n + at, count);
      const auto difference = hn::Sub(LoadFirst(d, x + at, count), LoadFirst(d, mean + at, count));
      const auto scaled = hn::Mul(difference, SafeExp(d, hn::Neg(s)));
      sums = hn::Add(sums, hn::MulAdd(hn::Mul(hn::Set(d, 0.5f), scaled), scaled, s));
    });
    return hn::GetLane(hn::SumOfLanes(d, sums)) + 0.91893853320467274178 * static_cast<double>(n);
  });
}
void GaussianHeadNLL_float64(const Arguments *arguments) {
  const int64_t n = arguments->sizes[1];
  MeanOfRows<double>(arguments, [&](int64_t row) {
    const double *x = input<double>(arguments, 0) + row * n;
    const double *mean = input<double>(arguments, 1) + row * 2 * n;
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double scaled = (x[i] - mean[i]) * std::exp(-mean[n + i]);
      sum += 0.91893853320467274178 + mean[n + i] + 0.5 * scaled * scaled;
    }
    return sum;
  });
}

// dμ = c (μ − x) e^(−2s), ds = c (1 − (x − μ)² e^(−2s)), c = scalars[0]. inputs: x, head.
void GaussianHeadNLLPullback_float32(const Arguments *arguments) {
  const int64_t n = arguments->sizes[1];
  ForRows(arguments, [&](int64_t row) HWY_ATTR {
    const float *x = input<float>(arguments, 0) + row * n;
    const float *mean = input<float>(arguments, 1) + row * 2 * n;
    float *dhead = output<float>(arguments, 0) + row * 2 * n;
    ForVectors(n, [&](int64_t at, size_t count) HWY_ATTR {
      const FloatTag d;
      const auto c = hn::Set(d, static_cast<float>(arguments->scalars[0]));
      const auto precision = SafeExp(d, hn::Neg(LoadFirst(d, mean + n + at, count)));
      const auto difference = hn::Sub(LoadFirst(d, x + at, count), LoadFirst(d, mean + at, count));
      const auto scaled = hn::Mul(difference, precision);
      StoreFirst(d, hn::Neg(hn::Mul(c, hn::Mul(scaled, precision))), dhead + at, count);
      const auto rest = hn::NegMulAdd(scaled, scaled, hn::Set(d, 1.0f));
      StoreFirst(d, hn::Mul(c, rest), dhead + n + at, count);
    });
  });
}
void GaussianHeadNLLPullback_float64(const Arguments *arguments) {
  const int64_t n = arguments->sizes[1];
  const double c = arguments->scalars[0];
  ForRows(arguments, [&](int64_t row) {
    const double *x = input<double>(arguments, 0) + row * n;
    const double *mean = input<double>(arguments, 1) + row * 2 * n;
    double *dhead = output<double>(arguments, 0) + row * 2 * n;
    for (int64_t i = 0; i < n; ++i) {
      const double precision = std::exp(-mean[n + i]);
      const double scaled = (x[i] - mean[i]) * precision;
      dhead[i] = -c * scaled * precision;
      dhead[n + i] = c * (1.0 - scaled * scaled);
    }
  });
}

// Mean over rows of Σ −s − ½ + ½ (μ² + e^(2s)). inputs: head.
void GaussianHeadKL_float32(const Arguments *arguments) {
  const int64_t n = arguments->sizes[1];
  MeanOfRows<float>(arguments, [&](int64_t row) HWY_ATTR {
    const float *mean = input<float>(arguments, 0) + row * 2 * n;
    const FloatTag d;
    auto sums = hn::Zero(d);
    ForVectors(n, [&](int64_t at, size_t count) HWY_ATTR {
      const auto mu = LoadFirst(d, mean + at, count);
      const auto s = LoadFirst(d, mean + n + at, count);
      const auto squares = hn::MulAdd(mu, mu, SafeExp(d, hn::Add(s, s)));
      // Lanes past the end hold e⁰ − 1 = 0.
      sums = hn::Add(sums, hn::Sub(hn::Mul(hn::Set(d, 0.5f), hn::Sub(squares, hn::Set(d, 1.0f))), s));
    });
    return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sums)));
  });
}
void GaussianHeadKL_float64(const Arguments *arguments) {
  const int64_t n = arguments->sizes[1];
  MeanOfRows<double>(arguments, [&](int64_t row) {
    const double *mean = input<double>(arguments, 0) + row * 2 * n;
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double s = mean[n + i];
      sum += 0.5 * (mean[i] * mean[i] + std::exp(2 * s) - 1.0) - s;
    }
    return sum;
  });
}

// dμ = c μ, ds = c (e^(2s) − 1), c = scalars[0]. inputs: head.
void GaussianHeadKLPullback_float32(const Arguments *arguments) {
  const int64_t n = arguments->sizes[1];
  ForRows(arguments, [&](int64_t row) HWY_ATTR {
    const float *mean = input<float>(arguments, 0) + row * 2 * n;
    float *dhead = output<float>(arguments, 0) + row * 2 * n;
    ForVectors(n, [&](int64_t at, size_t count) HWY_ATTR {
      const FloatTag d;
      const auto c = hn::Set(d, static_cast<float>(arguments->scalars[0]));
      const auto s = LoadFirst(d, mean + n + at, count);
      const auto excess = hn::Sub(SafeExp(d, hn::Add(s, s)), hn::Set(d, 1.0f));
      StoreFirst(d, hn::Mul(c, LoadFirst(d, mean + at, count)), dhead + at, count);
      StoreFirst(d, hn::Mul(c, excess), dhead + n + at, count);
    });
  });
}
void GaussianHeadKLPullback_float64(const Arguments *arguments) {
  const int64_t n = arguments->sizes[1];
  const double c = arguments->scalars[0];
  ForRows(arguments, [&](int64_t row) {
    const double *mean = input<double>(arguments, 0) + row * 2 * n;
    double *dhead = output<double>(arguments, 0) + row * 2 * n;
    for (int64_t i = 0; i < n; ++i) {
      dhead[i] = c * mean[i];
      dhead[n + i] = c * (std::exp(2 * mean[n + i]) - 1.0);
    }
  });
}

// Mean over rows of Σ ln(1 + e^l) − x l. inputs: x, logits l, both [rows, n].
void BernoulliNLL_float32(const Arguments *arguments) {
  const int64_t n = arguments->sizes[1];
  MeanOfRows<float>(arguments, [&](int64_t row) HWY_ATTR {
    const float *x = input<float>(arguments, 0) + row * n;
    const float *l = input<float>(arguments, 1) + row * n;
    const FloatTag d;
    auto sums = hn::Zero(d);
    ForVectors(n, [&](int64_t at, size_t count) HWY_ATTR {
      const auto logits = LoadFirst(d, l + at, count);
      const auto tail = hn::Log1p(d, SafeExp(d, hn::Neg(hn::Abs(logits))));
      const auto linear = hn::NegMulAdd(LoadFirst(d, x + at, count), logits,
                                        hn::Max(logits, hn::Zero(d)));
      const auto term = hn::Add(linear, tail);
      // Lanes past the end would hold ln(1 + e⁰).
      sums = hn::Add(sums, hn::IfThenElseZero(hn::FirstN(d, count), term));
    });
    return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sums)));
  });
}
void BernoulliNLL_float64(const Arguments *arguments) {
  const int64_t n = arguments->sizes[1];
  MeanOfRows<double>(arguments, [&](int64_t row) {
    const double *x = input<double>(arguments, 0) + row * n;
    const double *l = input<double>(arguments, 1) + row * n;
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      sum += std::max(l[i], 0.0) - x[i] * l[i] + std::log1p(std::exp(-std::fabs(l[i])));
    }
    return sum;
  });
}

// dl = c (1/(1 + e^−l) − x), c = scalars[0]. sizes = {count}; inputs: x, l.
void BernoulliNLLPullback_float32(const Arguments *arguments) {
  const float *x = input<float>(arguments, 0);
  const float *l = input<float>(arguments, 1);
  float *dl = output<float>(arguments, 0);
  ParallelFor(arguments->sizes[0], ElementGrain(), [&](int64_t begin, int64_t end) HWY_ATTR {
    ForVectors(end - begin, [&](int64_t at, size_t count) HWY_ATTR {
      const FloatTag d;
      const auto c = hn::Set(d, static_cast<float>(arguments->scalars[0]));
      const auto p = Logistic(d, LoadFirst(d, l + begin + at, count));
      const auto slope = hn::Mul(c, hn::Sub(p, LoadFirst(d, x + begin + at, count)));
      StoreFirst(d, slope, dl + begin + at, count);
    });
  });
}
void BernoulliNLLPullback_float64(const Arguments *arguments) {
  const double *x = input<double>(arguments, 0);
  const double *l = input<double>(arguments, 1);
  double *dl = output<double>(arguments, 0);
  const double c = arguments->scalars[0];
  for (int64_t i = 0; i < arguments->sizes[0]; ++i) {
    dl[i] = c * (1.0 / (1.0 + std::exp(-l[i])) - x[i]);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL(reparameterize, Reparameterize)
ADJOINT_ENTER_KERNEL(reparameterize_pullback, ReparameterizePullback)
ADJOINT_ENTER_KERNEL(gaussian_head_nll, GaussianHeadNLL)
ADJOINT_ENTER_KERNEL(gaussian_head_nll_pullback, GaussianHeadNLLPullback)
ADJOINT_ENTER_KERNEL(gaussian_head_kl, GaussianHeadKL)
ADJOINT_ENTER_KERNEL(gaussian_head_kl_pullback, GaussianHeadKLPullback)
ADJOINT_ENTER_KERNEL(bernoulli_nll, BernoulliNLL)
ADJOINT_ENTER_KERNEL(bernoulli_nll_pullback, BernoulliNLLPullback)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
