// Maxima and means over windows of images [batch, height, width, channels]. Both pullbacks gather: a pixel looks
// up the windows that it lies in, so that each cotangent is written once, by one thread.
// sizes = {batch, height, width, channels, output height, output width, window height, window width,
// stride height, stride width, dilation height, dilation width, top, left, is adaptive, counts padding}.

#include <algorithm>

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "Pooling.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ChannelPasses-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

// How windows lie along one axis. Those of adaptive pooling divide the axis into nearly equal parts, which
// overlap where the lengths do not divide: output o covers ⌊o L / O⌋ ..< ⌈(o + 1) L / O⌉.
struct Axis {
  int64_t length, outputs, window, stride, dilation, before;
  bool adaptive;

  HWY_INLINE int64_t Begin(int64_t o) const {
    return adaptive ? o * length / outputs : o * stride - before;
  }
  HWY_INLINE int64_t Count(int64_t o) const {
    return adaptive ? ((o + 1) * length + outputs - 1) / outputs - Begin(o) : window;
  }
  // The elements of a window that lie within the axis: first..<last, in steps of the dilation.
  HWY_INLINE int64_t First(int64_t o) const {
    const int64_t begin = Begin(o);
    return begin >= 0 ? 0 : (-begin + dilation - 1) / dilation;
  }
  HWY_INLINE int64_t Last(int64_t o) const {
    const int64_t room = length - Begin(o);
    return std::min(Count(o), room <= 0 ? int64_t{0} : (room + dilation - 1) / dilation);
  }
  // The windows that may hold a pixel: first..<last.
  HWY_INLINE int64_t FirstOutput(int64_t pixel) const {
    if (adaptive) return pixel * outputs / length;
    const int64_t reach = pixel + before - (window - 1) * dilation;
    return reach <= 0 ? 0 : (reach + stride - 1) / stride;
  }
  HWY_INLINE int64_t LastOutput(int64_t pixel) const {
    if (adaptive) return ((pixel + 1) * outputs + length - 1) / length;
    return std::min(outputs, (pixel + before) / stride + 1);
  }
  // Which element of a window a pixel is, or −1.
  HWY_INLINE int64_t Element(int64_t o, int64_t pixel) const {
    const int64_t apart = pixel - Begin(o);
    if (apart < 0 || apart % dilation != 0 || apart / dilation >= Count(o)) return -1;
    return apart / dilation;
  }
};

struct Pool {
  int64_t batch, channels;
  Axis rows, columns;
  bool counts_padding;

  explicit Pool(const int64_t *s)
      : batch(s[0]),
        channels(s[3]),
        rows{s[1], s[4], s[6], s[8], s[10], s[12], s[14] == 1},
        columns{s[2], s[5], s[7], s[9], s[11], s[13], s[14] == 1},
        counts_padding(s[15] == 1) {}

  int64_t Input(int64_t image, int64_t row, int64_t column) const {
    return ((image * rows.length + row) * columns.length + column) * channels;
  }
  int64_t Output(int64_t image, int64_t row, int64_t column) const {
    return ((image * rows.outputs + row) * columns.outputs + column) * channels;
  }
  // The share of one element in the mean of a window.
  double Share(int64_t row, int64_t column) const {
    const int64_t count =
        counts_padding ? rows.Count(row) * columns.Count(column)
                       : std::max<int64_t>(0, rows.Last(row) - rows.First(row)) *
                             std::max<int64_t>(0, columns.Last(column) - columns.First(column));
    return 1.0 / static_cast<double>(std::max<int64_t>(1, count));
  }
};

// Calls body(image, row) for rows of images of that many elements of work, shared out over threads.
template <typename Body>
HWY_INLINE void ForImageRows(int64_t batch, int64_t rows, int64_t work, const Body &body) {
  const int64_t grain = kElementGrain / std::max<int64_t>(1, work) + 1;
  ParallelFor(batch * rows, grain, [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t line = begin; line < end; ++line) body(line / rows, line % rows);
  });
}

// Calls body(is whole, channel, count) for every vector of channels.
template <typename Body>
HWY_INLINE void ForChannels(int64_t channels, const Body &body) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(FloatTag()));
  int64_t channel = 0;
  for (; channel + lanes <= channels; channel += lanes) {
    body(std::true_type(), channel, static_cast<size_t>(lanes));
  }
  if (channel < channels) {
    body(std::false_type(), channel, static_cast<size_t>(channels - channel));
  }
}

// A window that holds a pixel: where its output lies, which of its elements the pixel is, and, for means, the
// share of one element.
struct Cover {
  int64_t place;
  int32_t element;
  float share;
};

// The windows that hold the pixels of a row, found once for all channels.
class Covers {
 public:
  HWY_INLINE Covers(const Pool &pool, int64_t image, int64_t row)
      : pool_(pool),
        image_(image),
        row_(row),
        first_(pool.rows.FirstOutput(row)),
        last_(pool.rows.LastOutput(row)),
        covers_(std::max<int64_t>(1, last_ - first_) * pool.columns.outputs) {}

  // Finds those of the pixel in that column.
  HWY_INLINE void Find(int64_t column, bool with_share) {
    const Axis &rows = pool_.rows, &columns = pool_.columns;
    const int64_t from = columns.FirstOutput(column), until = columns.LastOutput(column);
    count_ = 0;
    for (int64_t i = first_; i < last_; ++i) {
      const int64_t down = rows.Element(i, row_);
      if (down < 0) continue;
      for (int64_t j = from; j < until; ++j) {
        const int64_t across = columns.Element(j, column);
        if (across < 0) continue;
        covers_.data()[count_++] = {pool_.Output(image_, i, j),
                                    static_cast<int32_t>(down * columns.window + across),
                                    with_share ? static_cast<float>(pool_.Share(i, j)) : 0};
      }
    }
  }

  const Cover *begin() const { return covers_.data(); }
  const Cover *end() const { return covers_.data() + count_; }

 private:
  const Pool &pool_;
  int64_t image_, row_, first_, last_, count_ = 0;
  Scratch<Cover> covers_;
};

// Positions in a window as 32-bit lanes, in memory as one byte where they fit, else as four.
using PositionTag = hn::RebindToSigned<FloatTag>;
using Positions = hn::Vec<PositionTag>;

template <bool kWhole>
HWY_INLINE Positions GetPositions(const uint8_t *from, size_t count) {
  const hn::Rebind<uint8_t, FloatTag> bytes;
  if (kWhole) return hn::PromoteTo(PositionTag(), hn::LoadU(bytes, from));
  uint8_t lanes[hn::MaxLanes(bytes)] = {};
  std::memcpy(lanes, from, count);
  return hn::PromoteTo(PositionTag(), hn::LoadU(bytes, lanes));
}
template <bool kWhole>
HWY_INLINE void PutPositions(Positions positions, uint8_t *to, size_t count) {
  const hn::Rebind<uint8_t, FloatTag> bytes;
  if (kWhole) return hn::StoreU(hn::DemoteTo(bytes, positions), bytes, to);
  uint8_t lanes[hn::MaxLanes(bytes)];
  hn::StoreU(hn::DemoteTo(bytes, positions), bytes, lanes);
  std::memcpy(to, lanes, count);
}
template <bool kWhole>
HWY_INLINE Positions GetPositions(const int32_t *from, size_t count) {
  if (kWhole) return hn::LoadU(PositionTag(), from);
  int32_t lanes[hn::MaxLanes(PositionTag())] = {};
  std::memcpy(lanes, from, count * sizeof(int32_t));
  return hn::LoadU(PositionTag(), lanes);
}
template <bool kWhole>
HWY_INLINE void PutPositions(Positions positions, int32_t *to, size_t count) {
  if (kWhole) return hn::StoreU(positions, PositionTag(), to);
  int32_t lanes[hn::MaxLanes(PositionTag())];
  hn::StoreU(positions, PositionTag(), lanes);
  std::memcpy(to, lanes, count * sizeof(int32_t));
}

// input x; outputs y and the positions of the maxima, counted along the rows of a window whose width is that of
// the widest. The first of equal ones is taken, and a NaN wherever there is one.
template <typename Element, typename Position>
HWY_INLINE void MaxWith(const Arguments *arguments) {
  const Pool pool(arguments->sizes);
  const Element *x = input<Element>(arguments, 0);
  Element *y = output<Element>(arguments, 0);
  Position *positions = output<Position>(arguments, 1);
  const Axis rows = pool.rows, columns = pool.columns;
  const int64_t work = columns.outputs * pool.channels * rows.window * columns.window;
  ForImageRows(pool.batch, rows.outputs, work, [&](int64_t image, int64_t row) HWY_ATTR {
    const FloatTag d;
    const PositionTag p;
    const int64_t top = rows.Begin(row), first = rows.First(row), last = rows.Last(row);
    for (int64_t column = 0; column < columns.outputs; ++column) {
      const int64_t left = columns.Begin(column);
      const int64_t from = columns.First(column), until = columns.Last(column);
      const int64_t place = pool.Output(image, row, column);
      ForChannels(pool.channels, [&](auto whole, int64_t channel, size_t count) ADJOINT_INLINED {
        constexpr bool kWhole = decltype(whole)::value;
        auto best = hn::Set(d, -std::numeric_limits<float>::infinity());
        auto where =
            hn::Set(p, static_cast<int32_t>(
                           first < last && from < until ? first * columns.window + from : 0));
        for (int64_t i = first; i < last; ++i) {
          for (int64_t j = from; j < until; ++j) {
            const auto value = Get<kWhole>(
                d,
                x + pool.Input(image, top + i * rows.dilation, left + j * columns.dilation) + channel,
                count);
            const auto wins = hn::Or(hn::Gt(value, best), hn::IsNaN(value));
            best = hn::IfThenElse(wins, value, best);
            where = hn::IfThenElse(hn::RebindMask(p, wins),
                                   hn::Set(p, static_cast<int32_t>(i * columns.window + j)), where);
          }
        }
        Put<kWhole>(d, best, y + place + channel, count);
        PutPositions<kWhole>(where, positions + place + channel, count);
      });
    }
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
    const PositionTag p;
    Covers covers(pool, image, row);
    for (int64_t column = 0; column < pool.columns.length; ++column) {
      covers.Find(column, false);
      Element *to = dx + pool.Input(image, row, column);
      ForChannels(pool.channels, [&](auto whole, int64_t channel, size_t count) ADJOINT_INLINED {
        constexpr bool kWhole = decltype(whole)::value;
        auto sum = hn::Zero(d);
        for (const Cover &cover : covers) {
          const int64_t place = cover.place + channel;
          const auto is_here = hn::Eq(GetPositions<kWhole>(positions + place, count),
                                      hn::Set(p, cover.element));
          sum = hn::Add(sum, hn::IfThenElseZero(hn::RebindMask(d, is_here),
                                                Get<kWhole>(d, dy + place, count)));
        }
        Put<kWhole>(d, sum, to + channel, count);
      });
    }
  });
}

bool FitsByte(const Arguments *arguments) {
  return arguments->sizes[6] * arguments->sizes[7] <= 256;
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
  const int64_t count = pool.Output(pool.batch, 0, 0);
  std::fill(y, y + count, -std::numeric_limits<double>::infinity());
  std::fill(positions, positions + count, Position(0));
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
    Covers covers(pool, image, row);
    for (int64_t column = 0; column < pool.columns.length; ++column) {
      covers.Find(column, true);
      Element *to = dx + pool.Input(image, row, column);
      ForChannels(pool.channels, [&](auto whole, int64_t channel, size_t count) ADJOINT_INLINED {
        constexpr bool kWhole = decltype(whole)::value;
        auto sum = hn::Zero(d);
        for (const Cover &cover : covers) {
          sum = hn::MulAdd(Get<kWhole>(d, dy + cover.place + channel, count),
                           hn::Set(d, cover.share), sum);
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
