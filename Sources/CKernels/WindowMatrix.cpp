// The matrix that a convolution is on images so small that every position of the output sees every position
// of the input: its rows are the outputs at every position, its columns the inputs at every position, and each
// block is one element of the window. A product with it does none of the window's multiplications by padding,
// which for 2×2 images are five of nine.
// sizes = {height, width, output height, output width, window height, window width, stride height,
//          stride width, top, left, outputs, inputs}

#include <cstring>

#include "Parallel.h"
#include "Registry.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "WindowMatrix.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "Vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace adjoint {
namespace HWY_NAMESPACE {
namespace {

struct Window {
  int64_t height, width, output_height, output_width, window_height, window_width;
  int64_t stride_height, stride_width, top, left, outputs, inputs;

  explicit Window(const Arguments *arguments) { std::memcpy(this, arguments->sizes, sizeof *this); }

  int64_t positions() const { return height * width; }
  int64_t output_positions() const { return output_height * output_width; }
  // Which element of the window leads from an input position to an output position.
  int64_t element(int64_t from, int64_t to) const {
    const int64_t row = from / width - to / output_width * stride_height + top;
    const int64_t column = from % width - to % output_width * stride_width + left;
    return row * window_width + column;
  }
  int64_t grain() const { return ElementGrain() / std::max<int64_t>(1, positions() * inputs) + 1; }
};

HWY_INLINE void CopyRow(const float *from, float *to, int64_t count) {
  std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}

HWY_INLINE void CopyRow(const float *from, BFloat16 *to, int64_t count) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t index = 0;
  for (; index + lanes <= count; index += lanes) {
    StoreElements(d, hn::LoadU(d, from + index), to + index);
  }
  const auto rest = static_cast<size_t>(count - index);
  if (rest > 0) StoreFirstElements(d, LoadFirst(d, from + index, rest), to + index, rest);
}

// inputs: weight [outputs, window, inputs], float32; outputs: matrix [positions · outputs, positions · inputs].
template <typename Element>
HWY_INLINE void Unroll(const Arguments *arguments) {
  const Window w(arguments);
  const float *weight = input<float>(arguments, 0);
  Element *matrix = output<Element>(arguments, 0);
  const int64_t taps = w.window_height * w.window_width;
  ParallelFor(w.output_positions() * w.outputs, w.grain(), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t to = row / w.outputs, unit = row % w.outputs;
      for (int64_t from = 0; from < w.positions(); ++from) {
        CopyRow(weight + (unit * taps + w.element(from, to)) * w.inputs,
                matrix + (row * w.positions() + from) * w.inputs, w.inputs);
      }
    }
  });
}

void UnrollWindow_float32(const Arguments *arguments) { Unroll<float>(arguments); }
void UnrollWindow_bfloat16(const Arguments *arguments) { Unroll<BFloat16>(arguments); }

// The pullback of the unrolling: each element of the window gets the sum of its blocks.
// inputs: cotangent of the matrix; outputs: that of the weight; both float32.
void FoldWindow_float32(const Arguments *arguments) {
  const Window w(arguments);
  const float *matrix = input<float>(arguments, 0);
  float *weight = output<float>(arguments, 0);
  const int64_t taps = w.window_height * w.window_width;
  ParallelFor(w.outputs, w.grain(), [&](int64_t begin, int64_t end) HWY_ATTR {
    for (int64_t unit = begin; unit < end; ++unit) {
      float *to = weight + unit * taps * w.inputs;
      std::fill(to, to + taps * w.inputs, 0.0f);
      for (int64_t position = 0; position < w.output_positions(); ++position) {
        for (int64_t from = 0; from < w.positions(); ++from) {
          const float *block =
              matrix + ((position * w.outputs + unit) * w.positions() + from) * w.inputs;
          float *sum = to + w.element(from, position) * w.inputs;
          for (int64_t index = 0; index < w.inputs; ++index) sum[index] += block[index];
        }
      }
    }
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace adjoint
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace adjoint {
namespace {

ADJOINT_ENTER_SINGLE_KERNEL(unroll_window, UnrollWindow)

HWY_EXPORT(FoldWindow_float32);
const Registration enter_fold_window(
    "fold_window",
    [](const Arguments *arguments) { HWY_DYNAMIC_DISPATCH(FoldWindow_float32)(arguments); }, nullptr);

}  // namespace
}  // namespace adjoint
#endif  // HWY_ONCE
