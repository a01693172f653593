// Softmax, its logarithm, and the cross-entropy of its logits, with their pullbacks.
// sizes = {outer, axis, inner}; the axis is the one that is normalised.

#include <vector>

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "Softmax.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

HWY_INLINE float MaximumOf(const float *x, int64_t count) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  if (count < lanes) {
    float maximum = x[0];
    for (int64_t index = 1; index < count; ++index) maximum = std::max(maximum, x[index]);
    return maximum;
  }
  auto maxima = hn::LoadU(d, x);
  for (int64_t index = lanes; index + lanes <= count; index += lanes) {
    maxima = hn::Max(maxima, hn::LoadU(d, x + index));
  }
  maxima = hn::Max(maxima, hn::LoadU(d, x + count - lanes));
  return hn::GetLane(hn::MaxOfLanes(d, maxima));
}

// y = e^(x − maximum); returns Σ y.
HWY_INLINE float ExpShifted(const float *x, float *y, int64_t count, float maximum) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto shift = hn::Set(d, maximum);
  auto sums = hn::Zero(d);
  int64_t index = 0;
  for (; index + lanes <= count; index += lanes) {
    const auto value = SafeExp(d, hn::Sub(hn::LoadU(d, x + index), shift));
    hn::StoreU(value, d, y + index);
    sums = hn::Add(sums, value);
  }
  if (index < count) {
    const auto rest = static_cast<size_t>(count - index);
    const auto value = SafeExp(d, hn::Sub(LoadFirst(d, x + index, rest), shift));
    StoreFirst(d, value, y + index, rest);
    sums = hn::Add(sums, hn::IfThenElseZero(hn::FirstN(d, rest), value));
  }
  return hn::GetLane(hn::SumOfLanes(d, sums));
}

HWY_INLINE void MultiplyRow(float *y, int64_t count, float factor) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto f = hn::Set(d, factor);
  int64_t index = 0;
  for (; index + lanes <= count; index += lanes) {
    hn::StoreU(hn::Mul(hn::LoadU(d, y + index), f), d, y + index);
  }
  if (index < count) {
    const auto rest = static_cast<size_t>(count - index);
    StoreFirst(d, hn::Mul(LoadFirst(d, y + index, rest), f), y + index, rest);
  }
}

// ln Σ e^x in two parts: rounded to one float, large logits would leave nothing of the logarithm.
struct LogSum {
  double maximum, logarithm;
};

HWY_INLINE LogSum SoftmaxRow(const float *x, float *y, int64_t count) {
  const float maximum = MaximumOf(x, count);
  const float sum = ExpShifted(x, y, count, maximum);
  MultiplyRow(y, count, 1.0f / sum);
  return {maximum, std::log(sum)};
}

HWY_INLINE LogSum SoftmaxRow(const double *x, double *y, int64_t count) {
  double maximum = x[0];
  for (int64_t c = 1; c < count; ++c) maximum = std::max(maximum, x[c]);
  double sum = 0;
  for (int64_t c = 0; c < count; ++c) sum += y[c] = std::exp(x[c] - maximum);
  for (int64_t c = 0; c < count; ++c) y[c] /= sum;
  return {maximum, std::log(sum)};
}

// One line of `axis` elements `inner` apart, for axes that are not the last, and for double.
template <typename T>
void SoftmaxLine(const T *x, T *y, int64_t axis, int64_t inner, bool logarithm) {
  T maximum = x[0];
  for (int64_t a = 1; a < axis; ++a) maximum = std::max(maximum, x[a * inner]);
  T sum = 0;
  for (int64_t a = 0; a < axis; ++a) sum += std::exp(x[a * inner] - maximum);
  const T log_sum = std::log(sum);
  for (int64_t a = 0; a < axis; ++a) {
    const T shifted = x[a * inner] - maximum;
    y[a * inner] = logarithm ? shifted - log_sum : std::exp(shifted) / sum;
  }
}

// Calls body(element offset of the line) for each line along the axis, shared out over the team.
template <typename Body>
void ForLines(const Arguments *arguments, const Body &body) {
  const int64_t outer = arguments->sizes[0], axis = arguments->sizes[1], inner = arguments->sizes[2];
  const int64_t grain = ElementGrain() / 4 / std::max<int64_t>(1, axis) + 1;
  ParallelFor(outer * inner, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t line = begin; line < end; ++line) {
      body(line / inner * axis * inner + line % inner);
    }
  });
}

template <typename T>
void SoftmaxLines(const Arguments *arguments, bool logarithm) {
  const T *x = input<T>(arguments, 0);
  T *y = output<T>(arguments, 0);
  const int64_t axis = arguments->sizes[1], inner = arguments->sizes[2];
  ForLines(arguments, [&](int64_t offset) {
    SoftmaxLine(x + offset, y + offset, axis, inner, logarithm);
  });
}

void Softmax_float32(const Arguments *arguments) {
  if (arguments->sizes[2] != 1) return SoftmaxLines<float>(arguments, false);
  const float *x = input<float>(arguments, 0);
  float *y = output<float>(arguments, 0);
  const int64_t axis = arguments->sizes[1];
  ForLines(arguments, [&](int64_t offset) HWY_ATTR { SoftmaxRow(x + offset, y + offset, axis); });
}
void Softmax_float64(const Arguments *arguments) { SoftmaxLines<double>(arguments, false); }

void LogSoftmax_float32(const Arguments *arguments) { SoftmaxLines<float>(arguments, true); }
void LogSoftmax_float64(const Arguments *arguments) { SoftmaxLines<double>(arguments, true); }

// dx = y ∘ (dy − Σ dy ∘ y); inputs: dy, y.
template <typename T>
void SoftmaxPullback(const Arguments *arguments) {
  const T *dy = input<T>(arguments, 0);
  const T *y = input<T>(arguments, 1);
  T *dx = output<T>(arguments, 0);
  const int64_t axis = arguments->sizes[1], inner = arguments->sizes[2];
  ForLines(arguments, [&](int64_t offset) {
    T sum = 0;
    for (int64_t a = 0; a < axis; ++a) sum += dy[offset + a * inner] * y[offset + a * inner];
    for (int64_t a = 0; a < axis; ++a) {
      const int64_t at = offset + a * inner;
      dx[at] = y[at] * (dy[at] - sum);
    }
  });
}
void SoftmaxPullback_float32(const Arguments *arguments) { SoftmaxPullback<float>(arguments); }
void SoftmaxPullback_float64(const Arguments *arguments) { SoftmaxPullback<double>(arguments); }

// dx = dy − e^y Σ dy; inputs: dy, y.
template <typename T>
void LogSoftmaxPullback(const Arguments *arguments) {
  const T *dy = input<T>(arguments, 0);
  const T *y = input<T>(arguments, 1);
  T *dx = output<T>(arguments, 0);
  const int64_t axis = arguments->sizes[1], inner = arguments->sizes[2];
  ForLines(arguments, [&](int64_t offset) {
    T sum = 0;
    for (int64_t a = 0; a < axis; ++a) sum += dy[offset + a * inner];
    for (int64_t a = 0; a < axis; ++a) {
      const int64_t at = offset + a * inner;
      dx[at] = dy[at] - std::exp(y[at]) * sum;
    }
  });
}
void LogSoftmaxPullback_float32(const Arguments *arguments) {
  LogSoftmaxPullback<float>(arguments);
}
void LogSoftmaxPullback_float64(const Arguments *arguments) {
  LogSoftmaxPullback<double>(arguments);
}

// Mean over the rows of −ln softmax(x)[label]. sizes = {rows, classes, 1}.
// inputs: logits, labels (int32); outputs: the loss, probabilities [rows, classes].
void CrossEntropy_float32(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], classes = arguments->sizes[1];
  const float *x = input<float>(arguments, 0);
  const int32_t *labels = input<int32_t>(arguments, 1);
  float *p = output<float>(arguments, 1);
  double loss = 0;
  for (int64_t row = 0; row < rows; ++row) {
    const LogSum sum = SoftmaxRow(x + row * classes, p + row * classes, classes);
    loss += sum.maximum - static_cast<double>(x[row * classes + labels[row]]) + sum.logarithm;
  }
  *output<float>(arguments, 0) = static_cast<float>(loss / static_cast<double>(rows));
}

void CrossEntropy_float64(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], classes = arguments->sizes[1];
  const double *x = input<double>(arguments, 0);
  const int32_t *labels = input<int32_t>(arguments, 1);
  double *p = output<double>(arguments, 1);
  double loss = 0;
  for (int64_t row = 0; row < rows; ++row) {
    const double *from = x + row * classes;
    const LogSum sum = SoftmaxRow(from, p + row * classes, classes);
    loss += sum.maximum - from[labels[row]] + sum.logarithm;
  }
  *output<double>(arguments, 0) = loss / static_cast<double>(rows);
}

// dx = (p − onehot(label)) · scalars[0]; inputs: p, labels.
template <typename T>
void CrossEntropyPullback(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], classes = arguments->sizes[1];
  const T *p = input<T>(arguments, 0);
  const int32_t *labels = input<int32_t>(arguments, 1);
  T *dx = output<T>(arguments, 0);
  const auto scale = static_cast<T>(arguments->scalars[0]);
  for (int64_t index = 0; index < rows * classes; ++index) dx[index] = p[index] * scale;
  for (int64_t row = 0; row < rows; ++row) dx[row * classes + labels[row]] -= scale;
}
void CrossEntropyPullback_float32(const Arguments *arguments) {
  CrossEntropyPullback<float>(arguments);
}
void CrossEntropyPullback_float64(const Arguments *arguments) {
  CrossEntropyPullback<double>(arguments);
}

// Mean over the rows of −Σ t ln softmax(x), where t = (1 − ε) target + ε / classes and ε = scalars[0].
// sizes = {rows, classes, 1}; inputs: logits, targets; outputs: the loss, probabilities [rows, classes].
template <typename T, typename Row>
void SoftCrossEntropy(const Arguments *arguments, Row &&softmax_row) {
  const int64_t rows = arguments->sizes[0], classes = arguments->sizes[1];
  const double smoothing = arguments->scalars[0];
  const double floor = smoothing / static_cast<double>(classes);
  double loss = 0;
  for (int64_t row = 0; row < rows; ++row) {
    const T *x = input<T>(arguments, 0) + row * classes;
    const T *target = input<T>(arguments, 1) + row * classes;
    const LogSum sum = softmax_row(x, output<T>(arguments, 1) + row * classes, classes);
    for (int64_t c = 0; c < classes; ++c) {
      const double share = (1 - smoothing) * static_cast<double>(target[c]) + floor;
      // A class that nobody wants costs nothing, even where its probability is zero.
      if (share != 0) {
        loss += share * (sum.maximum - static_cast<double>(x[c]) + sum.logarithm);
      }
    }
  }
  *output<T>(arguments, 0) = static_cast<T>(loss / static_cast<double>(rows));
}
void SoftCrossEntropy_float32(const Arguments *arguments) {
  SoftCrossEntropy<float>(arguments, [](const float *x, float *p, int64_t count) HWY_ATTR {
    return SoftmaxRow(x, p, count);
  });
}
void SoftCrossEntropy_float64(const Arguments *arguments) {
  SoftCrossEntropy<double>(arguments, [](const double *x, double *p, int64_t count) {
    return SoftmaxRow(x, p, count);
  });
}

// dx = (p Σ t − t) · scalars[0] with t as above and ε = scalars[1]; inputs: p, targets.
template <typename T>
void SoftCrossEntropyPullback(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], classes = arguments->sizes[1];
  const double scale = arguments->scalars[0], smoothing = arguments->scalars[1];
  const double floor = smoothing / static_cast<double>(classes);
  for (int64_t row = 0; row < rows; ++row) {
    const T *p = input<T>(arguments, 0) + row * classes;
    const T *target = input<T>(arguments, 1) + row * classes;
    T *dx = output<T>(arguments, 0) + row * classes;
    double whole = smoothing;
    for (int64_t c = 0; c < classes; ++c) whole += (1 - smoothing) * static_cast<double>(target[c]);
    for (int64_t c = 0; c < classes; ++c) {
      const double share = (1 - smoothing) * static_cast<double>(target[c]) + floor;
      dx[c] = static_cast<T>((static_cast<double>(p[c]) * whole - share) * scale);
    }
  }
}
void SoftCrossEntropyPullback_float32(const Arguments *arguments) {
  SoftCrossEntropyPullback<float>(arguments);
}
void SoftCrossEntropyPullback_float64(const Arguments *arguments) {
  SoftCrossEntropyPullback<double>(arguments);
}

// outputs[0] (one int64): rows whose largest element, the first of equals, is at the label.
// sizes = {rows, classes}; inputs: scores, labels.
template <typename T>
void CountCorrect(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], classes = arguments->sizes[1];
  const T *scores = input<T>(arguments, 0);
  const int32_t *labels = input<int32_t>(arguments, 1);
  int64_t correct = 0;
  for (int64_t row = 0; row < rows; ++row) {
    const T *from = scores + row * classes;
    const T own = from[labels[row]];
    bool is_largest = own == own;
    for (int64_t c = 0; c < classes; ++c) {
      is_largest &= c < labels[row] ? from[c] < own : from[c] <= own;
    }
    correct += is_largest ? 1 : 0;
  }
  *output<int64_t>(arguments, 0) = correct;
}
void CountCorrect_float32(const Arguments *arguments) { CountCorrect<float>(arguments); }
void CountCorrect_float64(const Arguments *arguments) { CountCorrect<double>(arguments); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL(softmax, Softmax)
ADJOINT_ENTER_KERNEL(log_softmax, LogSoftmax)
ADJOINT_ENTER_KERNEL(softmax_pullback, SoftmaxPullback)
ADJOINT_ENTER_KERNEL(log_softmax_pullback, LogSoftmaxPullback)
ADJOINT_ENTER_KERNEL(cross_entropy, CrossEntropy)
ADJOINT_ENTER_KERNEL(cross_entropy_pullback, CrossEntropyPullback)
ADJOINT_ENTER_KERNEL(soft_cross_entropy, SoftCrossEntropy)
ADJOINT_ENTER_KERNEL(soft_cross_entropy_pullback, SoftCrossEntropyPullback)
ADJOINT_ENTER_KERNEL(count_correct, CountCorrect)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
