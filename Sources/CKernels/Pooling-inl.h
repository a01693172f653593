// Windows over images [batch, height, width, channels]: where they lie, which of them hold a pixel, their maxima.
// Included once for each instruction set, hence the guard that toggles.

#include <algorithm>
#include <cstring>
#include <limits>

// clang-format off
#if defined(ADJOINT_POOLING_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef ADJOINT_POOLING_INL_H
#undef ADJOINT_POOLING_INL_H
#else
#define ADJOINT_POOLING_INL_H
#endif
// clang-format on

#include "ChannelPasses-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {

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

// sizes = {batch, height, width, channels, output height, output width, window height, window width,
// stride height, stride width, dilation height, dilation width, top, left, is adaptive, counts padding}
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
  const int64_t grain = ElementGrain() / std::max<int64_t>(1, work) + 1;
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

// The windows that hold the pixels of a row of an image, found once for all channels.
class Covers {
 public:
  HWY_INLINE Covers(const Pool &pool, int64_t image, int64_t row, bool with_share)
      : starts_(pool.columns.length + 1),
        covers_(Count(pool, row) * pool.columns.outputs * pool.columns.window) {
    const Axis &rows = pool.rows, &columns = pool.columns;
    const int64_t first = rows.FirstOutput(row), last = rows.LastOutput(row);
    int64_t count = 0;
    for (int64_t column = 0; column < columns.length; ++column) {
      starts_.data()[column] = count;
      const int64_t from = columns.FirstOutput(column), until = columns.LastOutput(column);
      for (int64_t i = first; i < last; ++i) {
        const int64_t down = rows.Element(i, row);
        if (down < 0) continue;
        for (int64_t j = from; j < until; ++j) {
          const int64_t across = columns.Element(j, column);
          if (across < 0) continue;
          covers_.data()[count++] = {pool.Output(image, i, j),
                                     static_cast<int32_t>(down * columns.window + across),
                                     with_share ? static_cast<float>(pool.Share(i, j)) : 0};
        }
      }
    }
    starts_.data()[columns.length] = count;
  }

  const Cover *begin(int64_t column) const { return covers_.data() + starts_.data()[column]; }
  const Cover *end(int64_t column) const { return begin(column + 1); }

 private:
  static int64_t Count(const Pool &pool, int64_t row) {
    return std::max<int64_t>(1, pool.rows.LastOutput(row) - pool.rows.FirstOutput(row));
  }

  Scratch<int64_t> starts_;
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

// What reaches a pixel from the maxima of the windows that hold it.
template <bool kWhole, typename Element, typename Position>
HWY_INLINE FloatVector CotangentOfMaxima(FloatTag d, const Covers &covers, int64_t column,
                                         const Element *dy, const Position *positions,
                                         int64_t channel, size_t count) {
  const PositionTag p;
  auto sum = hn::Zero(d);
  for (const Cover *cover = covers.begin(column); cover != covers.end(column); ++cover) {
    const int64_t place = cover->place + channel;
    const auto is_here =
        hn::Eq(GetPositions<kWhole>(positions + place, count), hn::Set(p, cover->element));
    sum = hn::Add(sum, hn::IfThenElseZero(hn::RebindMask(d, is_here),
                                          Get<kWhole>(d, dy + place, count)));
  }
  return sum;
}

// The largest of each window of map(x), where in the window it was, and x there if `kKeep`: the first of
// equal ones, and a NaN wherever there is one. `map(tag, is whole, channel, count)` gives the map of a vector of
// channels.
template <bool kKeep, typename Element, typename Position, typename Map>
HWY_INLINE void Maxima(const Pool &pool, const Element *x, Element *y, Position *positions,
                       Element *kept, const Map &map) {
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
        const auto mapped = map(d, whole, channel, count);
        auto best = hn::Set(d, -std::numeric_limits<float>::infinity()), own = best;
        auto where =
            hn::Set(p, static_cast<int32_t>(
                           first < last && from < until ? first * columns.window + from : 0));
        for (int64_t i = first; i < last; ++i) {
          for (int64_t j = from; j < until; ++j) {
            const auto given = Get<kWhole>(
                d,
                x + pool.Input(image, top + i * rows.dilation, left + j * columns.dilation) + channel,
                count);
            const auto value = mapped(given);
            const auto wins = hn::Or(hn::Gt(value, best), hn::IsNaN(value));
            best = hn::IfThenElse(wins, value, best);
            if (kKeep) own = hn::IfThenElse(wins, given, own);
            where = hn::IfThenElse(hn::RebindMask(p, wins),
                                   hn::Set(p, static_cast<int32_t>(i * columns.window + j)), where);
          }
        }
        Put<kWhole>(d, best, y + place + channel, count);
        if (kKeep) Put<kWhole>(d, own, kept + place + channel, count);
        PutPositions<kWhole>(where, positions + place + channel, count);
      });
    }
  });
}

// Positions are kept in a byte where windows are small enough.
HWY_INLINE bool FitsByte(const Arguments *arguments) {
  return arguments->sizes[6] * arguments->sizes[7] <= 256;
}

}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#endif  // toggle
