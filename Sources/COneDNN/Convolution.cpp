// Images stay as they are, NHWC; weights are brought into the order the primitive works fastest on, and rounded to
// bfloat16 on the way where the images are. For large batches that costs a hundredth of the convolution, for a single
// image a quarter: who has a weight that stays as it is packs it once.

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <optional>
#include <vector>

#include "COneDNN.h"
#include "Engine.h"
#include "Shares.h"
#include "Workspace.h"

namespace {

using adjoint::Engine;
using dnnl::memory;
using Shape = adjoint_convolution;

enum class Direction : int64_t { kForward, kToInput, kToWeight };

using Key = adjoint::Key<22>;

Key KeyOf(const Shape &s, Direction direction, bool has_bias) {
  // A primitive is made for a number of threads.
  return Key{{s.batch, s.height, s.width, s.inputs, s.outputs, s.output_height, s.output_width,
              s.window_height, s.window_width, s.stride_height, s.stride_width, s.dilation_height,
              s.dilation_width, s.top, s.left, s.bottom, s.right, s.groups, s.bfloat16,
              static_cast<int64_t>(direction), has_bias, adjoint::team_threads}};
}

// One direction of a convolution of some of the images, with its memory objects.
struct Share {
  dnnl::stream stream{Engine()};
  dnnl::primitive primitive;
  memory x, weight, bias, y, scratchpad;
  std::unordered_map<int, memory> arguments;
  int64_t images = 0;
};

// Between the weights as they are kept and as the primitives want them.
struct Reorder {
  dnnl::reorder primitive;
  memory scratchpad;
};

// One direction of a convolution: its shares are disjoint parts of the batch. Those of the sums for the
// weights are added up.
struct Convolution {
  std::vector<Share> shares;
  memory kept, packed;
  // 0 where weights are kept as the primitives want them.
  int64_t order = 0;
  bool is_reordered() const { return order != 0; }
  // By the team and by one thread; absent where there is nothing to reorder.
  Reorder reorder, reorder_alone;
  // Of one share, in whole cache lines.
  size_t packed_bytes = 0, bias_bytes = 0, scratchpad_bytes = 0;
};

struct PerThread {
  adjoint::PrimitiveCache<Key, Convolution> convolutions;
  adjoint::Workspace workspace;
};

std::atomic<int64_t> weight_reorders{0};

memory::desc WeightAsKept(const Shape &s) {
  const int64_t inputs = s.inputs / s.groups, outputs = s.outputs / s.groups;
  const int64_t row = s.window_width * inputs, output = s.window_height * row;
  if (s.groups == 1) {
    return memory::desc({outputs, inputs, s.window_height, s.window_width}, memory::data_type::f32,
                        memory::dims{output, 1, row, inputs});
  }
  return memory::desc({s.groups, outputs, inputs, s.window_height, s.window_width},
                      memory::data_type::f32,
                      memory::dims{outputs * output, output, 1, row, inputs});
}

// What oneDNN is told of a shape.
struct Descriptions {
  memory::desc x, weight, gradient, bias, y;
  memory::dims strides, dilations, before, after;

  explicit Descriptions(const Shape &s, bool has_bias) {
    const auto type = s.bfloat16 ? memory::data_type::bf16 : memory::data_type::f32;
    const auto any = memory::format_tag::any, nhwc = memory::format_tag::nhwc;
    const auto dims = WeightAsKept(s).get_dims();
    x = memory::desc({s.batch, s.inputs, s.height, s.width}, type, nhwc);
    y = memory::desc({s.batch, s.outputs, s.output_height, s.output_width}, type, nhwc);
    weight = memory::desc(dims, type, any);
    gradient = memory::desc(dims, memory::data_type::f32, any);
    if (has_bias) bias = memory::desc({s.outputs}, memory::data_type::f32, memory::format_tag::a);
    strides = {s.stride_height, s.stride_width};
    dilations = {s.dilation_height - 1, s.dilation_width - 1};
    before = {s.top, s.left};
    after = {s.bottom, s.right};
  }
};

dnnl::primitive_attr OwnScratchpad() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

dnnl::convolution_forward::primitive_desc Forward(const Descriptions &d) {
  return {Engine(), dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, d.x,
          d.weight, d.bias, d.y, d.strides, d.dilations, d.before, d.after, OwnScratchpad()};
}

size_t InLines(size_t bytes) { return (bytes + 63) / 64 * 64; }

// The memory objects of a share; `weight` is the weights' place in the arguments, and so on.
void Fill(Convolution &made, Share &share, const Descriptions &d, const memory::desc &packed,
          const memory::desc &scratchpad, int x, int weight, int bias, int y) {
  made.packed = memory(packed, Engine(), nullptr);
  made.packed_bytes = InLines(packed.get_size());
  made.scratchpad_bytes = std::max(made.scratchpad_bytes, InLines(scratchpad.get_size()));
  share.x = memory(d.x, Engine(), nullptr);
  share.y = memory(d.y, Engine(), nullptr);
  share.weight = memory(packed, Engine(), nullptr);
  share.scratchpad = memory(scratchpad, Engine(), nullptr);
  share.arguments = {
      {x, share.x}, {weight, share.weight}, {y, share.y}, {DNNL_ARG_SCRATCHPAD, share.scratchpad}};
  if (d.bias.is_zero()) return;
  share.bias = memory(d.bias, Engine(), nullptr);
  share.arguments[bias] = share.bias;
  made.bias_bytes = InLines(d.bias.get_size());
}

// One more share; the first says in which order all of them want their weights.
void AddShare(Convolution &made, const Shape &s, Direction direction, bool has_bias) {
  const Descriptions d(s, has_bias);
  const bool is_first = made.shares.empty();
  const auto weight = is_first ? d.weight : made.packed.get_desc();
  const auto gradient = is_first ? d.gradient : made.packed.get_desc();
  Share &share = made.shares.emplace_back();
  share.images = s.batch;
  const auto direct = dnnl::algorithm::convolution_direct;
  switch (direction) {
    case Direction::kForward: {
      const dnnl::convolution_forward::primitive_desc description(
          Engine(), dnnl::prop_kind::forward_training, direct, d.x, weight, d.bias, d.y, d.strides,
          d.dilations, d.before, d.after, OwnScratchpad());
      share.primitive = dnnl::convolution_forward(description);
      Fill(made, share, d, description.weights_desc(), description.scratchpad_desc(), DNNL_ARG_SRC,
           DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST);
      break;
    }
    case Direction::kToInput: {
      const dnnl::convolution_backward_data::primitive_desc description(
          Engine(), direct, d.x, weight, d.y, d.strides, d.dilations, d.before, d.after, Forward(d),
          OwnScratchpad());
      share.primitive = dnnl::convolution_backward_data(description);
      Fill(made, share, d, description.weights_desc(), description.scratchpad_desc(), DNNL_ARG_DIFF_SRC,
           DNNL_ARG_WEIGHTS, 0, DNNL_ARG_DIFF_DST);
      break;
    }
    case Direction::kToWeight: {
      const dnnl::convolution_backward_weights::primitive_desc description(
          Engine(), direct, d.x, gradient, d.bias, d.y, d.strides, d.dilations, d.before, d.after,
          Forward(d), OwnScratchpad());
      share.primitive = dnnl::convolution_backward_weights(description);
      Fill(made, share, d, description.diff_weights_desc(), description.scratchpad_desc(), DNNL_ARG_SRC,
           DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS, DNNL_ARG_DIFF_DST);
      break;
    }
  }
}

Reorder MakeReorder(Convolution &made, bool is_written) {
  const auto packed = made.packed.get_desc(), kept = made.kept.get_desc();
  const dnnl::reorder::primitive_desc description(Engine(), is_written ? packed : kept, Engine(),
                                                  is_written ? kept : packed, OwnScratchpad());
  const auto scratchpad = description.scratchpad_desc();
  made.scratchpad_bytes = std::max(made.scratchpad_bytes, InLines(scratchpad.get_size()));
  return {dnnl::reorder(description), memory(scratchpad, Engine(), nullptr)};
}

// As many shares as threads; a single one where a share's images are few. To add up sums for the weights takes as
// long as some hundred multiplications for each weight, so every share has to have that many.
int64_t ShareCount(const Shape &s, Direction direction) {
  constexpr int64_t kFewestImages = 2, kFewestProducts = 128;
  const int64_t threads = adjoint::team_threads;
  const int64_t images = s.batch / threads;
  const int64_t products = images * s.output_height * s.output_width;
  const bool is_enough = direction != Direction::kToWeight || products >= kFewestProducts;
  return images >= kFewestImages && is_enough ? threads : 1;
}

// In bfloat16 oneDNN 3.2 gives wrong numbers for some single images where it has several threads, called without this
// code too: for an image of [1, 1, 11, 8], one output, a window of 1 × 3 and a stride of 4 in every run on two.
bool WantsOneThread(const Shape &s) { return s.bfloat16; }

// In bfloat16 oneDNN's gradient for the weights reads bytes of its scratchpad that it never wrote, where an image is
// narrower than the stride and columns of the window see nothing but padding: they have to be zero. To clear it takes
// microseconds, for it is small.
bool ReadsAhead(const Shape &s, Direction direction) {
  return s.bfloat16 && direction == Direction::kToWeight;
}

// The number of an order, from 1.
int64_t NumberOf(const memory::desc &order) {
  static std::mutex mutex;
  static std::vector<memory::desc> *const orders = new std::vector<memory::desc>;
  const std::lock_guard lock(mutex);
  const auto found = std::find(orders->begin(), orders->end(), order);
  const auto number = found - orders->begin() + 1;
  if (found == orders->end()) orders->push_back(order);
  return number;
}

std::unique_ptr<Convolution> Make(const Shape &s, Direction direction, bool has_bias) {
  auto made = std::make_unique<Convolution>();
  // What is made for the team, the reorders too, is made as if this thread were alone where a region is open.
  adjoint::ReleaseTeam();
  const int64_t count = ShareCount(s, direction);
  for (int64_t share = 0; share < count; ++share) {
    std::optional<adjoint::OneThread> one;
    if (count > 1 || WantsOneThread(s)) one.emplace();
    Shape part = s;
    part.batch = s.batch * (share + 1) / count - s.batch * share / count;
    AddShare(*made, part, direction, has_bias);
  }
  made->kept = memory(WeightAsKept(s), Engine(), nullptr);
  if (made->packed.get_desc() != made->kept.get_desc()) {
    made->order = NumberOf(made->packed.get_desc());
    const bool is_written = direction == Direction::kToWeight;
    made->reorder = MakeReorder(*made, is_written);
    const adjoint::OneThread one;
    made->reorder_alone = MakeReorder(*made, is_written);
  }
  return made;
}

void RunReorder(Convolution &convolution, char *scratchpad, bool is_written) {
  weight_reorders.fetch_add(1, std::memory_order_relaxed);
  std::optional<adjoint::OneThread> one;
  if (adjoint::GoesAlone()) {
    one.emplace();
  } else {
    adjoint::ReleaseTeam();
  }
  Reorder &reorder = one ? convolution.reorder_alone : convolution.reorder;
  reorder.scratchpad.set_data_handle(scratchpad);
  reorder.primitive.execute(
      convolution.shares[0].stream,
      {{DNNL_ARG_FROM, is_written ? convolution.packed : convolution.kept},
       {DNNL_ARG_TO, is_written ? convolution.kept : convolution.packed},
       {DNNL_ARG_SCRATCHPAD, reorder.scratchpad}});
}

double Multiplications(const Shape &s) {
  const double positions = static_cast<double>(s.batch) * s.output_height * s.output_width;
  return positions * s.outputs * s.window_height * s.window_width * s.inputs / s.groups;
}

// What one call reads and writes.
struct Call {
  const Shape &shape;
  bool is_written;  // the weights and the bias
  char *x, *weight, *bias, *y;
};

// Where the shares have what is theirs. Of what is written each has its own, the first the result where that
// needs no reorder.
struct Places {
  char *packed, *packs, *biases, *scratchpads;
};

Places Place(Convolution &convolution, const Call &call, adjoint::Workspace &workspace) {
  const size_t packed = convolution.packed_bytes, sums = convolution.bias_bytes;
  const size_t shares = convolution.shares.size();
  Places places;
  places.packs = workspace.Take<char>(shares * (packed + sums + convolution.scratchpad_bytes));
  places.packed = convolution.is_reordered() && !call.shape.is_packed ? places.packs : call.weight;
  places.biases = places.packs + shares * packed;
  places.scratchpads = places.biases + shares * sums;
  convolution.kept.set_data_handle(call.weight);
  convolution.packed.set_data_handle(places.packed);
  const Shape &s = call.shape;
  const int64_t element = s.bfloat16 ? 2 : 4;
  char *x = call.x, *y = call.y;
  for (size_t i = 0; i < shares; ++i) {
    Share &share = convolution.shares[i];
    const bool is_own = call.is_written && i > 0;
    share.x.set_data_handle(x);
    share.y.set_data_handle(y);
    share.weight.set_data_handle(is_own ? places.packs + i * packed : places.packed);
    if (call.bias != nullptr) {
      share.bias.set_data_handle(is_own ? places.biases + i * sums : call.bias);
    }
    share.scratchpad.set_data_handle(places.scratchpads + i * convolution.scratchpad_bytes);
    x += share.images * s.height * s.width * s.inputs * element;
    y += share.images * s.output_height * s.output_width * s.outputs * element;
  }
  return places;
}

// Adds to the first share's sums those of the others, `stride` bytes from one to the next, in their order.
void AddUp(char *first, const char *others, size_t stride, size_t shares, size_t bytes) {
  if (shares == 1) return;
  auto *const sums = reinterpret_cast<float *>(first);
  const auto count = static_cast<int64_t>(bytes / sizeof(float));
  adjoint::ParallelFor(count, adjoint::ElementGrain(), [=](int64_t begin, int64_t end) {
    for (size_t share = 1; share < shares; ++share) {
      const auto *const other = reinterpret_cast<const float *>(others + (share - 1) * stride);
      for (int64_t i = begin; i < end; ++i) sums[i] += other[i];
    }
  });
}

PerThread &Local() {
  thread_local PerThread local;
  return local;
}

Convolution &Find(const Shape &shape, Direction direction, bool has_bias) {
  return Local().convolutions.Find(KeyOf(shape, direction, has_bias),
                                   [&] { return Make(shape, direction, has_bias); });
}

Convolution &Find(const Shape &shape, adjoint_convolution_way way) {
  return Find(shape, way == adjoint_to_input ? Direction::kToInput : Direction::kForward,
              way == adjoint_forward_with_bias);
}

const char *Run(const Shape *shape, Direction direction, const void *x, const void *weight,
                const float *bias, const void *y) {
  return adjoint::InWords([&] {
    const auto bytes = [](const void *address) {
      return static_cast<char *>(const_cast<void *>(address));
    };
    const Call call{*shape,      direction == Direction::kToWeight, bytes(x), bytes(weight),
                    bytes(bias), bytes(y)};
    Convolution &convolution = Find(*shape, direction, bias != nullptr);
    const Places places = Place(convolution, call, Local().workspace);
    if (convolution.is_reordered() && !shape->is_packed && !call.is_written) {
      RunReorder(convolution, places.scratchpads, call.is_written);
    }
    const size_t shares = convolution.shares.size();
    adjoint::RunShares(static_cast<int64_t>(shares), Multiplications(*shape), [&](int64_t i) {
      Share &share = convolution.shares[i];
      std::optional<adjoint::OneThread> one;
      if (WantsOneThread(*shape)) one.emplace();
      if (ReadsAhead(*shape, direction)) {
        std::memset(share.scratchpad.get_data_handle(), 0, share.scratchpad.get_desc().get_size());
      }
      share.primitive.execute(share.stream, share.arguments);
    });
    if (!call.is_written) return;
    const size_t packed = convolution.packed_bytes, sums = convolution.bias_bytes;
    AddUp(places.packed, places.packs + packed, packed, shares,
          convolution.packed.get_desc().get_size());
    if (bias != nullptr) {
      AddUp(call.bias, places.biases + sums, sums, shares, shape->outputs * sizeof(float));
    }
    if (convolution.is_reordered()) RunReorder(convolution, places.scratchpads, call.is_written);
  });
}

}  // namespace

extern "C" {

const char *adjoint_onednn_convolve(const adjoint_convolution *shape, const void *x,
                                    const void *weight, const float *bias, void *y) {
  return Run(shape, Direction::kForward, x, weight, bias, y);
}

const char *adjoint_onednn_convolve_to_input(const adjoint_convolution *shape, const void *dy,
                                             const void *weight, void *dx) {
  return Run(shape, Direction::kToInput, dx, weight, nullptr, dy);
}

const char *adjoint_onednn_convolve_to_weight(const adjoint_convolution *shape, const void *x,
                                              const void *dy, float *dw, float *db) {
  return Run(shape, Direction::kToWeight, x, dw, db, dy);
}

const char *adjoint_onednn_find_weight_order(const adjoint_convolution *shape, adjoint_convolution_way way,
                                             adjoint_weight_order *order) {
  return adjoint::InWords([&] {
    const Convolution &convolution = Find(*shape, way);
    *order = {convolution.order, static_cast<int64_t>(convolution.packed_bytes)};
  });
}

const char *adjoint_onednn_pack_weight(const adjoint_convolution *shape, adjoint_convolution_way way,
                                       const float *weight, void *packed) {
  return adjoint::InWords([&] {
    Convolution &convolution = Find(*shape, way);
    convolution.kept.set_data_handle(const_cast<float *>(weight));
    convolution.packed.set_data_handle(packed);
    RunReorder(convolution, Local().workspace.Take<char>(convolution.scratchpad_bytes), false);
  });
}

bool adjoint_onednn_has_bfloat16(void) {
  static const bool has = adjoint::InWords([] {
    Shape shape{};
    shape.batch = shape.stride_height = shape.stride_width = shape.groups = 1;
    shape.dilation_height = shape.dilation_width = shape.window_height = shape.window_width = 1;
    shape.height = shape.width = shape.output_height = shape.output_width = 8;
    shape.inputs = shape.outputs = 16;
    shape.bfloat16 = true;
    for (const auto direction : {Direction::kForward, Direction::kToInput, Direction::kToWeight}) {
      Make(shape, direction, false);
    }
  }) == nullptr;
  return has;
}

int64_t adjoint_onednn_weight_reorders(void) { return weight_reorders.load(std::memory_order_relaxed); }

}  // extern "C"
