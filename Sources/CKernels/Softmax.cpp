// Softmax, its logarithm, and the cross-entropy of its logits, with their pullbacks.
// sizes = {outer, axis, inner}; the axis is the one that is normalised.

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

// Σ e^x as it is worked out: e^maximum times the sum.
template <typename T>
struct RowSum {
  T maximum, sum;
};

HWY_INLINE RowSum<float> SoftmaxRow(const float *x, float *y, int64_t count) {
  const float maximum = MaximumOf(x, count);
  const float sum = ExpShifted(x, y, count, maximum);
  MultiplyRow(y, count, 1.0f / sum);
  return {maximum, sum};
}

HWY_INLINE RowSum<double> SoftmaxRow(const double *x, double *y, int64_t count) {
  double maximum = x[0];
  for (int64_t c = 1; c < count; ++c) maximum = std::max(maximum, x[c]);
  double sum = 0;
  for (int64_t c = 0; c < count; ++c) sum += y[c] = std::exp(x[c] - maximum);
  for (int64_t c = 0; c < count; ++c) y[c] /= sum;
  return {maximum, sum};
}

// Four short rows at once, of which the last ones may be missing: the maximum and the sum of one need not wait for
// those of the one before. Rows are of at most kVectors vectors.
template <int kVectors>
HWY_INLINE void SoftmaxFour(const float *x, float *y, int64_t rows, int64_t count, RowSum<float> *sums) {
  const FloatTag d;
  const hn::Full128<float> four;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto width = static_cast<size_t>(count - (kVectors - 1) * lanes);  // of the last vector
  const auto infinity = hn::Set(d, -std::numeric_limits<float>::infinity());
  const auto largest = [](auto v, auto w) HWY_ATTR { return hn::Max(v, w); };
  FloatVector values[4][kVectors], folded[4];
  for (int row = 0; row < 4; ++row) {
    const float *from = x + std::min<int64_t>(row, rows - 1) * count;
    for (int i = 0; i + 1 < kVectors; ++i) values[row][i] = hn::LoadU(d, from + i * lanes);
    const auto last = LoadFirst(d, from + (kVectors - 1) * lanes, width);
    values[row][kVectors - 1] = hn::IfThenElse(hn::FirstN(d, width), last, infinity);
    folded[row] = values[row][0];
    for (int i = 1; i < kVectors; ++i) folded[row] = hn::Max(folded[row], values[row][i]);
  }
  HWY_ALIGN float maxima[4], totals[4], factors[4];
  hn::Store(FoldsOfFour(d, folded[0], folded[1], folded[2], folded[3], largest), four, maxima);
  for (int row = 0; row < 4; ++row) {
    folded[row] = hn::Zero(d);
    for (auto &value : values[row]) {
      value = SafeExp(d, hn::Sub(value, hn::Set(d, maxima[row])));
      folded[row] = hn::Add(folded[row], value);
    }
  }
  const auto total = SumsOfFour(d, folded[0], folded[1], folded[2], folded[3]);
  hn::Store(total, four, totals);
  hn::Store(hn::Div(hn::Set(four, 1.0f), total), four, factors);
  for (int64_t row = 0; row < rows; ++row) {
    sums[row] = {maxima[row], totals[row]};
    const auto factor = hn::Set(d, factors[row]);
    float *to = y + row * count;
    for (int i = 0; i + 1 < kVectors; ++i) hn::StoreU(hn::Mul(values[row][i], factor), d, to + i * lanes);
    StoreFirst(d, hn::Mul(values[row][kVectors - 1], factor), to + (kVectors - 1) * lanes, width);
  }
}

// Softmax of up to four rows.
HWY_INLINE void SoftmaxRows(const float *x, float *y, int64_t rows, int64_t count, RowSum<float> *sums) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(FloatTag()));
  if (count <= lanes) return SoftmaxFour<1>(x, y, rows, count, sums);
  if (count <= 2 * lanes) return SoftmaxFour<2>(x, y, rows, count, sums);
  for (int64_t row = 0; row < rows; ++row) {
    sums[row] = SoftmaxRow(x + row * count, y + row * count, count);
  }
}

HWY_INLINE void SoftmaxRows(const double *x, double *y, int64_t rows, int64_t count,
                            RowSum<double> *sums) {
  for (int64_t row = 0; row < rows; ++row) {
    sums[row] = SoftmaxRow(x + row * count, y + row * count, count);
  }
}

// One line of `axis` elements `inner` apart, for axes that are not the last, and for double.
template <typename T>
void SoftmaxLine(const T *x, T *y, int64_t axis, int64_t inner, bool logarithm) {
  T maximum = x[0];
  for (int64_t a = 1; a < axis; ++a) maximum = std::max(maximum, x[a * inner]);
  // In double: a float would stand still at 2²⁴ terms.
  double total = 0;
  for (int64_t a = 0; a < axis; ++a) total += static_cast<double>(std::exp(x[a * inner] - maximum));
  const auto sum = static_cast<T>(total), log_sum = static_cast<T>(std::log(total));
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
  const int64_t rows = arguments->sizes[0], axis = arguments->sizes[1];
  const int64_t grain = ElementGrain() / 16 / std::max<int64_t>(1, axis) + 1;
  ParallelFor((rows + 3) / 4, grain, [=](int64_t begin, int64_t end) HWY_ATTR {
    RowSum<float> sums[4];
    for (int64_t row = 4 * begin; row < std::min(4 * end, rows); row += 4) {
      SoftmaxRows(x + row * axis, y + row * axis, std::min<int64_t>(4, rows - row), axis, sums);
    }
  });
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
    double total = 0;
    for (int64_t a = 0; a < axis; ++a) {
      total += static_cast<double>(dy[offset + a * inner]) * static_cast<double>(y[offset + a * inner]);
    }
    const auto sum = static_cast<T>(total);
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
    double total = 0;
    for (int64_t a = 0; a < axis; ++a) total += static_cast<double>(dy[offset + a * inner]);
    const auto sum = static_cast<T>(total);
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

// ln Σ e^x in two parts: rounded to one float, large logits would leave nothing of the logarithm.
struct LogSum {
  double maximum, logarithm;
};

// Calls body(row, ln Σ e^x) for each row of logits, in order, with its probabilities set.
template <typename T, typename Body>
HWY_INLINE void ForProbabilities(const T *x, T *p, int64_t rows, int64_t classes, const Body &body) {
  RowSum<T> sums[4];
  for (int64_t first = 0; first < rows; first += 4) {
    const int64_t some = std::min<int64_t>(4, rows - first);
    SoftmaxRows(x + first * classes, p + first * classes, some, classes, sums);
    for (int64_t row = 0; row < some; ++row) {
      body(first + row, LogSum{sums[row].maximum, std::log(sums[row].sum)});
    }
  }
}

// Mean over the rows of −ln softmax(x)[label]. sizes = {rows, classes, 1}.
// inputs: logits, labels (int32); outputs: the loss, probabilities [rows, classes].
template <typename T>
HWY_INLINE void CrossEntropy(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], classes = arguments->sizes[1];
  const T *x = input<T>(arguments, 0);
  const int32_t *labels = input<int32_t>(arguments, 1);
  double loss = 0;
  ForProbabilities(x, output<T>(arguments, 1), rows, classes, [&](int64_t row, LogSum sum) {
    loss += sum.maximum - static_cast<double>(x[row * classes + labels[row]]) + sum.logarithm;
  });
  *output<T>(arguments, 0) = static_cast<T>(loss / static_cast<double>(rows));
}
void CrossEntropy_float32(const Arguments *arguments) { CrossEntropy<float>(arguments); }
void CrossEntropy_float64(const Arguments *arguments) { CrossEntropy<double>(arguments); }

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
template <typename T>
HWY_INLINE void SoftCrossEntropy(const Arguments *arguments) {
  const int64_t rows = arguments->sizes[0], classes = arguments->sizes[1];
  const T *logits = input<T>(arguments, 0), *targets = input<T>(arguments, 1);
  const double smoothing = arguments->scalars[0];
  const double floor = smoothing / static_cast<double>(classes);
  double loss = 0;
  ForProbabilities(logits, output<T>(arguments, 1), rows, classes, [&](int64_t row, LogSum sum) {
    const T *x = logits + row * classes, *target = targets + row * classes;
    for (int64_t c = 0; c < classes; ++c) {
      const double share = (1 - smoothing) * static_cast<double>(target[c]) + floor;
      // A class that nobody wants costs nothing, even where its probability is zero.
      if (share != 0) {
        loss += share * (sum.maximum - static_cast<double>(x[c]) + sum.logarithm);
      }
    }
  });
  *output<T>(arguments, 0) = static_cast<T>(loss / static_cast<double>(rows));
}
void SoftCrossEntropy_float32(const Arguments *arguments) { SoftCrossEntropy<float>(arguments); }
void SoftCrossEntropy_float64(const Arguments *arguments) { SoftCrossEntropy<double>(arguments); }

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
      // A row that wants nothing gets nothing, even where its logits are infinite.
      const double pulled = whole == 0 ? 0 : static_cast<double>(p[c]) * whole;
      dx[c] = static_cast<T>((pulled - share) * scale);
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
