// One-dimensional convolution with a window of one: in every sample a product from the left, W X. Vectors run along the
// positions. sizes = {batch, outputs, inputs, length}; x is [batch, inputs, length], y is [batch, outputs, length].

#include <algorithm>
#include <cstring>

#include "Parallel.h"
#include "Registry.h"
#include "Workspace.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "PointwiseConvolution.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ProductBlocks-inl.h"
#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

struct Lengths {
  int64_t batch, outputs, inputs, length;

  explicit Lengths(const Arguments *arguments) { std::memcpy(this, arguments->sizes, sizeof *this); }

  int64_t x() const { return inputs * length; }   // elements of a sample
  int64_t y() const { return outputs * length; }
  int64_t weights() const { return outputs * inputs; }
  int64_t SamplesWorthSharing() const {
    return MultiplicationGrain() / std::max<int64_t>(1, weights() * length) + 1;
  }
};

// y = W x + b, clamped at zero where scalars[0] is not; inputs: x, W [outputs, inputs], b or null; outputs: y.
void PointwiseConvolution_float32(const Arguments *arguments) {
  const Lengths n(arguments);
  const float *x = input<float>(arguments, 0);
  float *y = output<float>(arguments, 0);
  Product product{n.outputs, n.length, n.inputs, input<float>(arguments, 1), n.inputs, 1, x, n.length,
                  nullptr, arguments->scalars[0] != 0, y};
  product.row_bias = input<float>(arguments, 2);
  ParallelFor(n.batch, n.SamplesWorthSharing(), [&n, product](int64_t begin, int64_t end) HWY_ATTR {
    Product own = product;
    for (int64_t sample = begin; sample < end; ++sample) {
      own.b = product.b + sample * n.x();
      own.c = product.c + sample * n.y();
      Broadcast(own, 0, own.m);
    }
  });
}

// dx = Wᵀ dy; inputs: dy, W; outputs: dx.
void PointwiseConvolutionToInput_float32(const Arguments *arguments) {
  const Lengths n(arguments);
  const Product product{n.inputs, n.length, n.outputs, input<float>(arguments, 1), 1, n.inputs,
                        input<float>(arguments, 0), n.length, nullptr, false, output<float>(arguments, 0)};
  ParallelFor(n.batch, n.SamplesWorthSharing(), [&n, product](int64_t begin, int64_t end) HWY_ATTR {
    Product own = product;
    for (int64_t sample = begin; sample < end; ++sample) {
      own.b = product.b + sample * n.y();
      own.c = product.c + sample * n.x();
      Broadcast(own, 0, own.m);
    }
  });
}

// A vector, of which only the first `width` elements are there if it is not whole.
template <bool kWhole>
HWY_INLINE FloatVector LoadPart(const float *from, size_t width) {
  const FloatTag d;
  return kWhole ? hn::LoadU(d, from) : LoadFirst(d, from, width);
}

// Adds the first `count` of four sums.
HWY_INLINE void AddFour(hn::Vec<hn::Full128<float>> sums, float *to, int64_t count) {
  const hn::Full128<float> d;
  if (count >= 4) return hn::StoreU(hn::Add(hn::LoadU(d, to), sums), d, to);
  float four[4];
  hn::StoreU(sums, d, four);
  for (int64_t i = 0; i < count; ++i) to[i] += four[i];
}

// Sums for so many rows by four columns stay in registers, of which AVX-512 has 32 and the others sixteen.
constexpr int64_t kSumRows = HWY_MAX_BYTES == 64 ? 4 : 2;

// Rows by four others at a vector of positions.
template <bool kWhole>
HWY_INLINE void MultiplyFour(const float *left, const int64_t *rows, const float *right,
                             const int64_t *columns, size_t width, FloatVector (&sums)[kSumRows][4]) {
  FloatVector values[4];
  for (int i = 0; i < 4; ++i) values[i] = LoadPart<kWhole>(right + columns[i], width);
  for (int r = 0; r < kSumRows; ++r) {
    const auto value = LoadPart<kWhole>(left + rows[r], width);
    for (int i = 0; i < 4; ++i) sums[r][i] = hn::MulAdd(value, values[i], sums[r][i]);
  }
}

// dW of some rows of dz by up to four of x, over some samples and all positions, is added. Rows past the last are
// clamped to it, and what they give is not stored.
HWY_INLINE void WeightBlock(const Lengths &n, const float *x, const float *dz, int64_t samples, int64_t row,
                            int64_t column, float *dw) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  FloatVector sums[kSumRows][4];
  for (auto &sum_row : sums) {
    for (auto &sum : sum_row) sum = hn::Zero(d);
  }
  int64_t rows[kSumRows], columns[4];
  for (int64_t i = 0; i < kSumRows; ++i) rows[i] = std::min(row + i, n.outputs - 1) * n.length;
  for (int64_t i = 0; i < 4; ++i) columns[i] = std::min(column + i, n.inputs - 1) * n.length;
  for (int64_t sample = 0; sample < samples; ++sample, dz += n.y(), x += n.x()) {
    int64_t at = 0;
    for (; at + lanes <= n.length; at += lanes) MultiplyFour<true>(dz + at, rows, x + at, columns, 0, sums);
    const auto rest = static_cast<size_t>(n.length - at);
    if (rest > 0) MultiplyFour<false>(dz + at, rows, x + at, columns, rest, sums);
  }
  // Always all rounds: a sum whose index is not known would have to stay in memory all the while.
  for (int64_t r = 0; r < kSumRows; ++r) {
    const auto four = SumsOfFour(d, sums[r][0], sums[r][1], sums[r][2], sums[r][3]);
    if (row + r < n.outputs) AddFour(four, dw + (row + r) * n.inputs + column, n.inputs - column);
  }
}

// A vector of positions: dz = dy where y > 0 or y is NaN, else 0, if there is a rectifier; returns it.
template <bool kHasRectifier, bool kWhole>
HWY_INLINE FloatVector Pull(const float *dy, const float *y, float *dz, size_t width) {
  const FloatTag d;
  auto value = LoadPart<kWhole>(dy, width);
  if constexpr (kHasRectifier) {
    value = RectifiedCotangent(d, value, LoadPart<kWhole>(y, width));
    if (kWhole) {
      hn::StoreU(value, d, dz);
    } else {
      StoreFirst(d, value, dz, width);
    }
  }
  return value;
}

// A row of positions; returns its lanes' sums.
template <bool kHasRectifier>
HWY_INLINE FloatVector PullRow(const float *dy, const float *y, float *dz, int64_t length) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto to = [&](int64_t at) HWY_ATTR { return kHasRectifier ? dz + at : nullptr; };
  auto sum = hn::Zero(d);
  int64_t at = 0;
  for (; at + lanes <= length; at += lanes) {
    sum = hn::Add(sum, Pull<kHasRectifier, true>(dy + at, y + at, to(at), 0));
  }
  const auto rest = static_cast<size_t>(length - at);
  if (rest > 0) sum = hn::Add(sum, Pull<kHasRectifier, false>(dy + at, y + at, to(at), rest));
  return sum;
}

// dz of some samples, if there is a rectifier, and db.
template <bool kHasRectifier>
HWY_INLINE void PullSamples(const Lengths &n, const float *dy, const float *y, float *dz, int64_t samples,
                            float *db) {
  const FloatTag d;
  for (int64_t unit = 0; unit < n.outputs; unit += 4) {
    const int64_t last = std::min<int64_t>(4, n.outputs - unit) - 1;
    FloatVector sums[4];
    for (auto &sum : sums) sum = hn::Zero(d);
    for (int64_t sample = 0; sample < samples; ++sample) {
      for (int64_t i = 0; i < 4; ++i) {
        const int64_t place = sample * n.y() + (unit + std::min(i, last)) * n.length;
        float *const to = kHasRectifier ? dz + place : nullptr;
        sums[i] = hn::Add(sums[i], PullRow<kHasRectifier>(dy + place, y + place, to, n.length));
      }
    }
    AddFour(SumsOfFour(d, sums[0], sums[1], sums[2], sums[3]), db + unit, last + 1);
  }
}

// What sums over the batch read and write; y is null without a rectifier, dw and dz where nobody wants them.
struct Sums {
  const float *x, *dy, *y;
  float *dw, *dz;
};

// The samples first ..< end, whose sums dW and db are added. A few at a time, that dz is read while it is near.
HWY_INLINE void SumSamples(const Lengths &n, const Sums &s, int64_t first, int64_t end, float *dw, float *db) {
  constexpr int64_t kFew = 8;
  thread_local Workspace near;
  for (; first < end; first += kFew) {
    const int64_t samples = std::min(kFew, end - first), place = first * n.y();
    const float *dz = s.dy + place;
    if (s.y == nullptr) {
      PullSamples<false>(n, dz, dz, nullptr, samples, db);
    } else {
      float *const to =
          s.dz == nullptr ? near.Take<float>(static_cast<size_t>(kFew * n.y())) : s.dz + place;
      PullSamples<true>(n, dz, s.y + place, to, samples, db);
      dz = to;
    }
    if (s.dw == nullptr) continue;
    for (int64_t row = 0; row < n.outputs; row += kSumRows) {
      for (int64_t column = 0; column < n.inputs; column += 4) {
        WeightBlock(n, s.x + first * n.x(), dz, samples, row, column, dw);
      }
    }
  }
}

// dz = dy where y > 0 or y is NaN, else 0; dW = Σ dz xᵀ and db = Σ dz over samples and positions.
// inputs: x, dy, and y where a rectifier follows; outputs: db, dW or null, dz or null. Sums are taken over parts of the
// batch, whose number depends on it alone.
void PointwiseConvolutionSums_float32(const Arguments *arguments) {
  constexpr int64_t kMostParts = 8;
  const Lengths n(arguments);
  const Sums s{input<float>(arguments, 0), input<float>(arguments, 1), input<float>(arguments, 2),
               output<float>(arguments, 1), output<float>(arguments, 2)};
  const int64_t parts = std::min(kMostParts, n.batch), stride = n.weights() + n.outputs;
  thread_local Workspace workspace;
  const int64_t sums = std::max<int64_t>(1, parts) * stride;
  auto *const of_parts = workspace.Take<float>(static_cast<size_t>(sums));
  std::fill(of_parts, of_parts + sums, 0.0f);
  const int64_t grain = n.SamplesWorthSharing() * parts / std::max<int64_t>(1, n.batch) + 1;
  ParallelFor(parts, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t part = begin; part < end; ++part) {
      float *dw = of_parts + part * stride;
      SumSamples(n, s, n.batch * part / parts, n.batch * (part + 1) / parts, dw, dw + n.weights());
    }
  });
  if (s.dw != nullptr) AddParts(of_parts, parts, stride, n.weights(), s.dw);
  AddParts(of_parts + n.weights(), parts, stride, n.outputs, output<float>(arguments, 0));
}

// Calls body(sample, output, input, place in x, place in y) for every multiplication.
template <typename Body>
void ForEach(const Lengths &n, const Body &body) {
  for (int64_t sample = 0; sample < n.batch; ++sample) {
    for (int64_t unit = 0; unit < n.outputs; ++unit) {
      for (int64_t from = 0; from < n.inputs; ++from) {
        for (int64_t at = 0; at < n.length; ++at) {
          body(unit * n.inputs + from, (sample * n.inputs + from) * n.length + at,
               (sample * n.outputs + unit) * n.length + at);
        }
      }
    }
  }
}

void PointwiseConvolution_float64(const Arguments *arguments) {
  const Lengths n(arguments);
  const double *x = input<double>(arguments, 0), *weight = input<double>(arguments, 1);
  const double *bias = input<double>(arguments, 2);
  double *y = output<double>(arguments, 0);
  for (int64_t place = 0; place < n.batch * n.y(); ++place) {
    y[place] = bias == nullptr ? 0 : bias[place / n.length % n.outputs];
  }
  ForEach(n, [=](int64_t of_weight, int64_t of_x, int64_t of_y) { y[of_y] += weight[of_weight] * x[of_x]; });
  if (arguments->scalars[0] == 0) return;
  for (int64_t place = 0; place < n.batch * n.y(); ++place) {
    if (y[place] <= 0) y[place] = 0;
  }
}

void PointwiseConvolutionToInput_float64(const Arguments *arguments) {
  const Lengths n(arguments);
  const double *dy = input<double>(arguments, 0), *weight = input<double>(arguments, 1);
  double *dx = output<double>(arguments, 0);
  std::fill(dx, dx + n.batch * n.x(), 0.0);
  ForEach(n, [=](int64_t of_weight, int64_t of_x, int64_t of_y) { dx[of_x] += weight[of_weight] * dy[of_y]; });
}

void PointwiseConvolutionSums_float64(const Arguments *arguments) {
  const Lengths n(arguments);
  const double *x = input<double>(arguments, 0), *dy = input<double>(arguments, 1);
  const double *y = input<double>(arguments, 2);
  double *db = output<double>(arguments, 0), *dw = output<double>(arguments, 1);
  double *dz = output<double>(arguments, 2);
  const auto value = [=](int64_t place) { return y != nullptr && y[place] <= 0 ? 0 : dy[place]; };
  std::fill(db, db + n.outputs, 0.0);
  for (int64_t place = 0; place < n.batch * n.y(); ++place) {
    if (dz != nullptr) dz[place] = value(place);
    db[place / n.length % n.outputs] += value(place);
  }
  if (dw == nullptr) return;
  std::fill(dw, dw + n.weights(), 0.0);
  ForEach(n, [=](int64_t of_weight, int64_t of_x, int64_t of_y) { dw[of_weight] += value(of_y) * x[of_x]; });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL(pointwise_convolution, PointwiseConvolution)
ADJOINT_ENTER_KERNEL(pointwise_convolution_to_input, PointwiseConvolutionToInput)
ADJOINT_ENTER_KERNEL(pointwise_convolution_sums, PointwiseConvolutionSums)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
