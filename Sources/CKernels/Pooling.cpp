// Maxima and means over windows of images [batch, height, width, channels]. Both pullbacks gather: a pixel looks
// up the windows that it lies in, so that each cotangent is written once, by one thread.
// sizes are those of a `Pool`.

#include <algorithm>

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "Pooling.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Pooling-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// input x; outputs y and the positions of the maxima, counted along the rows of a window whose width is that of
// the widest.
template <typename Element, typename Position>
HWY_INLINE void MaxWith(const Arguments *arguments) {
  Element *const not_kept = nullptr;
  Maxima<false>(Pool(arguments->sizes), input<Element>(arguments, 0), output<Element>(arguments, 0),
                output<Position>(arguments, 1), not_kept,
                [](FloatTag, auto, int64_t, size_t) ADJOINT_INLINED {
                  return [](FloatVector value) ADJOINT_INLINED { return value; };
                });
}

// inputs dy and the positions; output dx.
template <typename Element, typename Position>
HWY_INLINE void MaxPullbackWith(const Arguments *arguments) {
  const Pool pool(arguments->sizes);
  const Element *dy = input<Element>(arguments, 0);
  const Position *positions = input<Position>(arguments, 1);
  Element *dx = output<Element>(arguments, 0);
  const int64_t work = pool.columns.length * pool.channels * 2;
  ForImageRows(pool.batch, pool.rows.length, work, [&](int64_t image, int64_t row) HWY_ATTR {
    const FloatTag d;
    const Covers covers(pool, image, row, false);
    Element *line = dx + pool.Input(image, row, 0);
    for (int64_t column = 0; column < pool.columns.length; ++column) {
      ForChannels(pool.channels, [&](auto whole, int64_t channel, size_t count) ADJOINT_INLINED {
        constexpr bool kWhole = decltype(whole)::value;
        Put<kWhole>(
            d, CotangentOfMaxima<kWhole>(d, covers, column, dy, positions, channel, count),
            line + column * pool.channels + channel, count);
      });
    }
  });
}

template <typename Element>
HWY_INLINE void Max(const Arguments *arguments) {
  if (FitsByte(arguments)) return MaxWith<Element, uint8_t>(arguments);
  return MaxWith<Element, int32_t>(arguments);
}
template <typename Element>
HWY_INLINE void MaxPullback(const Arguments *arguments) {
  if (FitsByte(arguments)) return MaxPullbackWith<Element, uint8_t>(arguments);
  return MaxPullbackWith<Element, int32_t>(arguments);
}

void MaxPool_float32(const Arguments *arguments) { Max<float>(arguments); }
void MaxPool_bfloat16(const Arguments *arguments) { Max<BFloat16>(arguments); }
void MaxPoolPullback_float32(const Arguments *arguments) { MaxPullback<float>(arguments); }
void MaxPoolPullback_bfloat16(const Arguments *arguments) { MaxPullback<BFloat16>(arguments); }

// Calls body(place in x, place in y, element of the window) for every element of every window, in double.
template <typename Body>
void ForElements(const Pool &pool, const Body &body) {
  for (int64_t image = 0; image < pool.batch; ++image) {
    for (int64_t row = 0; row < pool.rows.outputs; ++row) {
      for (int64_t column = 0; column < pool.columns.outputs; ++column) {
        for (int64_t i = pool.rows.First(row); i < pool.rows.Last(row); ++i) {
          for (int64_t j = pool.columns.First(column); j < pool.columns.Last(column); ++j) {
            const int64_t x = pool.Input(image, pool.rows.Begin(row) + i * pool.rows.dilation,
                                         pool.columns.Begin(column) + j * pool.columns.dilation);
            body(x, pool.Output(image, row, column), i * pool.columns.window + j,
                 pool.Share(row, column));
          }
        }
      }
    }
  }
}

template <typename Position>
void MaxDoubles(const Pool &pool, const double *x, double *y, Position *positions) {
  std::fill(y, y + pool.Output(pool.batch, 0, 0), -std::numeric_limits<double>::infinity());
  // Of equal elements the first counts, also where they are all -inf: the first that lies in the image.
  for (int64_t image = 0; image < pool.batch; ++image) {
    for (int64_t row = 0; row < pool.rows.outputs; ++row) {
      for (int64_t column = 0; column < pool.columns.outputs; ++column) {
        const int64_t first = pool.rows.First(row) * pool.columns.window + pool.columns.First(column);
        std::fill_n(positions + pool.Output(image, row, column), pool.channels, static_cast<Position>(first));
      }
    }
  }
  ForElements(pool, [&](int64_t from, int64_t to, int64_t element, double) {
    for (int64_t c = 0; c < pool.channels; ++c) {
      if (!(x[from + c] > y[to + c] || std::isnan(x[from + c]))) continue;
      y[to + c] = x[from + c];
      positions[to + c] = static_cast<Position>(element);
    }
  });
}

template <typename Position>
void MaxPullbackDoubles(const Pool &pool, const double *dy, const Position *positions, double *dx) {
  std::fill(dx, dx + pool.Input(pool.batch, 0, 0), 0.0);
  ForElements(pool, [&](int64_t from, int64_t to, int64_t element, double) {
    for (int64_t c = 0; c < pool.channels; ++c) {
      if (positions[to + c] == static_cast<Position>(element)) dx[from + c] += dy[to + c];
    }
  });
}

void MaxPool_float64(const Arguments *a) {
  const Pool pool(a->sizes);
  const double *x = input<double>(a, 0);
  double *y = output<double>(a, 0);
  if (FitsByte(a)) return MaxDoubles(pool, x, y, output<uint8_t>(a, 1));
  return MaxDoubles(pool, x, y, output<int32_t>(a, 1));
}

void MaxPoolPullback_float64(const Arguments *a) {
  const Pool pool(a->sizes);
  const double *dy = input<double>(a, 0);
  double *dx = output<double>(a, 0);
  if (FitsByte(a)) return MaxPullbackDoubles(pool, dy, input<uint8_t>(a, 1), dx);
  return MaxPullbackDoubles(pool, dy, input<int32_t>(a, 1), dx);
}

// input x; output y. The rows of a window are added up by themselves, for the digits' sake.
template <typename Element>
HWY_INLINE void Average(const Arguments *arguments) {
  const Pool pool(arguments->sizes);
  const Element *x = input<Element>(arguments, 0);
  Element *y = output<Element>(arguments, 0);
  const Axis rows = pool.rows, columns = pool.columns;
  const int64_t work = columns.outputs * pool.channels * rows.window * columns.window;
  ForImageRows(pool.batch, rows.outputs, work, [&](int64_t image, int64_t row) HWY_ATTR {
    const FloatTag d;
    const int64_t top = rows.Begin(row), first = rows.First(row), last = rows.Last(row);
    for (int64_t column = 0; column < columns.outputs; ++column) {
      const int64_t left = columns.Begin(column);
      const int64_t from = columns.First(column), until = columns.Last(column);
      const auto share = hn::Set(d, static_cast<float>(pool.Share(row, column)));
      Element *to = y + pool.Output(image, row, column);
      ForChannels(pool.channels, [&](auto whole, int64_t channel, size_t count) ADJOINT_INLINED {
        constexpr bool kWhole = decltype(whole)::value;
        auto total = hn::Zero(d);
        for (int64_t i = first; i < last; ++i) {
          auto sum = hn::Zero(d);
          for (int64_t j = from; j < until; ++j) {
            sum = hn::Add(sum, Get<kWhole>(d, x + pool.Input(image, top + i, left + j) + channel,
                                           count));
          }
          total = hn::Add(total, sum);
        }
        Put<kWhole>(d, hn::Mul(total, share), to + channel, count);
      });
    }
  });
}

// input dy; output dx.
template <typename Element>
HWY_INLINE void AveragePullback(const Arguments *arguments) {
  const Pool pool(arguments->sizes);
  const Element *dy = input<Element>(arguments, 0);
  Element *dx = output<Element>(arguments, 0);
  const int64_t work = pool.columns.length * pool.channels;
  ForImageRows(pool.batch, pool.rows.length, work, [&](int64_t image, int64_t row) HWY_ATTR {
    const FloatTag d;
    const Covers covers(pool, image, row, true);
    for (int64_t column = 0; column < pool.columns.length; ++column) {
      Element *to = dx + pool.Input(image, row, column);
      ForChannels(pool.channels, [&](auto whole, int64_t channel, size_t count) ADJOINT_INLINED {
        constexpr bool kWhole = decltype(whole)::value;
        auto sum = hn::Zero(d);
        for (const Cover *cover = covers.begin(column); cover != covers.end(column); ++cover) {
          sum = hn::MulAdd(Get<kWhole>(d, dy + cover->place + channel, count),
                           hn::Set(d, cover->share), sum);
        }
        Put<kWhole>(d, sum, to + channel, count);
      });
    }
  });
}

void AveragePool_float32(const Arguments *arguments) { Average<float>(arguments); }
void AveragePool_bfloat16(const Arguments *arguments) { Average<BFloat16>(arguments); }
void AveragePool_float64(const Arguments *arguments) {
  const Pool pool(arguments->sizes);
  const double *x = input<double>(arguments, 0);
  double *y = output<double>(arguments, 0);
  std::fill(y, y + pool.Output(pool.batch, 0, 0), 0.0);
  ForElements(pool, [&](int64_t from, int64_t to, int64_t, double share) {
    for (int64_t c = 0; c < pool.channels; ++c) y[to + c] += share * x[from + c];
  });
}

void AveragePullback_float32(const Arguments *arguments) { AveragePullback<float>(arguments); }
void AveragePullback_bfloat16(const Arguments *arguments) { AveragePullback<BFloat16>(arguments); }
void AveragePullback_float64(const Arguments *arguments) {
  const Pool pool(arguments->sizes);
  const double *dy = input<double>(arguments, 0);
  double *dx = output<double>(arguments, 0);
  std::fill(dx, dx + pool.Input(pool.batch, 0, 0), 0.0);
  ForElements(pool, [&](int64_t from, int64_t to, int64_t, double share) {
    for (int64_t c = 0; c < pool.channels; ++c) dx[from + c] += share * dy[to + c];
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(max_pool, MaxPool)
ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(max_pool_pullback, MaxPoolPullback)
ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(average_pool_2d, AveragePool)
ADJOINT_ENTER_KERNEL_WITH_BFLOAT16(average_pool_2d_pullback, AveragePullback)

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
