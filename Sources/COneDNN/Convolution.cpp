// Images stay as they are, NHWC; weights are brought into the order the primitive works fastest on, which
// for float32 images costs a hundredth of the convolution, and rounded to bfloat16 on the way where the
// images are.

#include <algorithm>
#include <atomic>

#include "COneDNN.h"
#include "Engine.h"

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
              static_cast<int64_t>(direction), has_bias, omp_get_max_threads()}};
}

// One direction of a convolution with its memory objects.
struct Convolution {
  dnnl::primitive primitive;
  memory x, weight, bias, y, scratchpad;
  std::unordered_map<int, memory> arguments;
  // Between the weights as they are kept and as the primitive wants them; absent where that is the same.
  dnnl::reorder reorder;
  memory kept;
  bool is_reordered = false;
  size_t packed_bytes = 0, scratchpad_bytes = 0;
};

struct PerThread {
  dnnl::stream stream{Engine()};
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

dnnl::convolution_forward::primitive_desc Forward(const Descriptions &d) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return {Engine(), dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, d.x,
          d.weight, d.bias, d.y, d.strides, d.dilations, d.before, d.after, attributes};
}

// Everything that the three directions set up alike; `weight` is the weights' place in the arguments.
template <typename Description>
void Fill(Convolution &made, const Description &description, const Shape &s, const Descriptions &d,
          const memory::desc &packed, int x, int weight, int bias, int y, bool is_written) {
  made.x = memory(d.x, Engine(), nullptr);
  made.y = memory(d.y, Engine(), nullptr);
  made.weight = memory(packed, Engine(), nullptr);
  made.scratchpad = memory(description.scratchpad_desc(), Engine(), nullptr);
  made.arguments = {{x, made.x}, {weight, made.weight}, {y, made.y}, {DNNL_ARG_SCRATCHPAD, made.scratchpad}};
  if (!d.bias.is_zero()) {
    made.bias = memory(d.bias, Engine(), nullptr);
    made.arguments[bias] = made.bias;
  }
  made.scratchpad_bytes = description.scratchpad_desc().get_size();
  const auto kept = WeightAsKept(s);
  made.kept = memory(kept, Engine(), nullptr);
  made.is_reordered = packed != kept;
  if (!made.is_reordered) return;
  made.packed_bytes = (packed.get_size() + 63) / 64 * 64;
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::reorder::primitive_desc reorder(Engine(), is_written ? packed : kept, Engine(),
                                              is_written ? kept : packed, attributes);
  made.reorder = dnnl::reorder(reorder);
  made.scratchpad_bytes = std::max(made.scratchpad_bytes, reorder.scratchpad_desc().get_size());
}

std::unique_ptr<Convolution> Make(const Shape &s, Direction direction, bool has_bias) {
  auto made = std::make_unique<Convolution>();
  const Descriptions d(s, has_bias);
  const auto direct = dnnl::algorithm::convolution_direct;
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  switch (direction) {
    case Direction::kForward: {
      const auto description = Forward(d);
      made->primitive = dnnl::convolution_forward(description);
      Fill(*made, description, s, d, description.weights_desc(), DNNL_ARG_SRC, DNNL_ARG_WEIGHTS,
           DNNL_ARG_BIAS, DNNL_ARG_DST, false);
      break;
    }
    case Direction::kToInput: {
      const dnnl::convolution_backward_data::primitive_desc description(
          Engine(), direct, d.x, d.weight, d.y, d.strides, d.dilations, d.before, d.after, Forward(d),
          attributes);
      made->primitive = dnnl::convolution_backward_data(description);
      Fill(*made, description, s, d, description.weights_desc(), DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, 0,
           DNNL_ARG_DIFF_DST, false);
      break;
    }
    case Direction::kToWeight: {
      const dnnl::convolution_backward_weights::primitive_desc description(
          Engine(), direct, d.x, d.gradient, d.bias, d.y, d.strides, d.dilations, d.before, d.after,
          Forward(d), attributes);
      made->primitive = dnnl::convolution_backward_weights(description);
      Fill(*made, description, s, d, description.diff_weights_desc(), DNNL_ARG_SRC,
           DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS, DNNL_ARG_DIFF_DST, true);
      break;
    }
  }
  return made;
}

const char *Run(const Shape *shape, Direction direction, const void *x, const float *weight,
                const float *bias, const void *y) {
  thread_local PerThread local;
  return adjoint::InWords([&] {
    Convolution &convolution =
        local.convolutions.Find(KeyOf(*shape, direction, bias != nullptr),
                                [&] { return Make(*shape, direction, bias != nullptr); });
    auto *workspace = static_cast<char *>(
        local.workspace.Take(convolution.packed_bytes + convolution.scratchpad_bytes));
    auto *const kept = const_cast<float *>(weight);
    convolution.kept.set_data_handle(kept);
    convolution.weight.set_data_handle(convolution.is_reordered ? workspace : static_cast<void *>(kept));
    convolution.scratchpad.set_data_handle(workspace + convolution.packed_bytes);
    convolution.x.set_data_handle(const_cast<void *>(x));
    convolution.y.set_data_handle(const_cast<void *>(y));
    if (bias != nullptr) convolution.bias.set_data_handle(const_cast<float *>(bias));
    const bool is_written = direction == Direction::kToWeight;
    const auto reorder = [&] {
      if (!convolution.is_reordered) return;
      weight_reorders.fetch_add(1, std::memory_order_relaxed);
      convolution.reorder.execute(
          local.stream, {{DNNL_ARG_FROM, is_written ? convolution.weight : convolution.kept},
                         {DNNL_ARG_TO, is_written ? convolution.kept : convolution.weight},
                         {DNNL_ARG_SCRATCHPAD, convolution.scratchpad}});
    };
    if (!is_written) reorder();
    convolution.primitive.execute(local.stream, convolution.arguments);
    if (is_written) reorder();
  });
}

}  // namespace

extern "C" {

const char *adjoint_onednn_convolve(const adjoint_convolution *shape, const void *x,
                                    const float *weight, const float *bias, void *y) {
  return Run(shape, Direction::kForward, x, weight, bias, y);
}

const char *adjoint_onednn_convolve_to_input(const adjoint_convolution *shape, const void *dy,
                                             const float *weight, void *dx) {
  return Run(shape, Direction::kToInput, dx, weight, nullptr, dy);
}

const char *adjoint_onednn_convolve_to_weight(const adjoint_convolution *shape, const void *x,
                                              const void *dy, float *dw, float *db) {
  return Run(shape, Direction::kToWeight, x, dw, db, dy);
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
