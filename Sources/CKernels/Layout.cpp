// Kernels that move elements without arithmetic, and one-dimensional pooling. Memory bandwidth is all
// that counts here, so they are plain loops over blocks as long as the layout allows.

#include <algorithm>
#include <cstring>

#include "Parallel.h"
#include "Registry.h"

namespace adjoint {
namespace {

constexpr int kMaximumRank = 6;

// y[i…] = x[Σ i·stride], y contiguous. sizes = {rank, dimensions[6], strides of x[6]}.
// A stride of zero repeats: this is how a broadcast reads.
template <typename T>
void StridedCopy(const Arguments *arguments) {
  const auto rank = static_cast<int>(arguments->sizes[0]);
  const int64_t *dimensions = arguments->sizes + 1;
  const int64_t *strides = arguments->sizes + 1 + kMaximumRank;
  const T *x = input<T>(arguments, 0);
  T *y = output<T>(arguments, 0);
  const int64_t length = dimensions[rank - 1], step = strides[rank - 1];
  int64_t lines = 1;
  for (int axis = 0; axis + 1 < rank; ++axis) lines *= dimensions[axis];
  ParallelFor(lines, ElementGrain() / std::max<int64_t>(1, length) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      int64_t rest = line, offset = 0;
      for (int axis = rank - 2; axis >= 0; --axis) {
        offset += rest % dimensions[axis] * strides[axis];
        rest /= dimensions[axis];
      }
      T *to = y + line * length;
      if (step == 1) {
        std::memcpy(to, x + offset, static_cast<size_t>(length) * sizeof(T));
      } else if (step == 0) {
        std::fill(to, to + length, x[offset]);
      } else {
        for (int64_t index = 0; index < length; ++index) to[index] = x[offset + index * step];
      }
    }
  });
}

// Copies `count` blocks of `length` elements from x + b·x_stride to y + b·y_stride, both pointers
// first moved on by an offset. sizes = {count, length, x_offset, x_stride, y_offset, y_stride}.
template <typename T>
void CopyBlocks(const Arguments *arguments) {
  const int64_t *s = arguments->sizes;
  const T *x = input<T>(arguments, 0) + s[2];
  T *y = output<T>(arguments, 0) + s[4];
  const auto bytes = static_cast<size_t>(s[1]) * sizeof(T);
  for (int64_t block = 0; block < s[0]; ++block) {
    std::memcpy(y + block * s[5], x + block * s[3], bytes);
  }
}

// y = scalars[0] everywhere; sizes[0] elements.
template <typename T>
void Fill(const Arguments *arguments) {
  T *y = output<T>(arguments, 0);
  std::fill(y, y + arguments->sizes[0], static_cast<T>(arguments->scalars[0]));
}

void FillBFloat16(const Arguments *arguments) {
  BFloat16 *y = output<BFloat16>(arguments, 0);
  const auto value = static_cast<float>(arguments->scalars[0]);
  std::fill(y, y + arguments->sizes[0], RoundedToBFloat16(value));
}

// y[o, j, i] = x[o, index[j], i]; sizes = {outer, axis, inner, indices}. inputs: x, int32 indices.
template <typename T>
void Gather(const Arguments *arguments) {
  const int64_t outer = arguments->sizes[0], axis = arguments->sizes[1], inner = arguments->sizes[2];
  const int64_t count = arguments->sizes[3];
  const T *x = input<T>(arguments, 0);
  const int32_t *index = input<int32_t>(arguments, 1);
  T *y = output<T>(arguments, 0);
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t j = 0; j < count; ++j) {
      std::memcpy(y + (o * count + j) * inner, x + (o * axis + index[j]) * inner,
                  static_cast<size_t>(inner) * sizeof(T));
    }
  }
}

// dx[o, index[j], i] += dy[o, j, i], in the order of j. inputs: dy, int32 indices.
template <typename T>
void GatherPullback(const Arguments *arguments) {
  const int64_t outer = arguments->sizes[0], axis = arguments->sizes[1], inner = arguments->sizes[2];
  const int64_t count = arguments->sizes[3];
  const T *dy = input<T>(arguments, 0);
  const int32_t *index = input<int32_t>(arguments, 1);
  T *dx = output<T>(arguments, 0);
  std::memset(dx, 0, static_cast<size_t>(outer * axis * inner) * sizeof(T));
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t j = 0; j < count; ++j) {
      T *to = dx + (o * axis + index[j]) * inner;
      const T *from = dy + (o * count + j) * inner;
      for (int64_t i = 0; i < inner; ++i) to[i] += from[i];
    }
  }
}

// y[o, j, i] = mean over a window of x[o, j·stride + 0 ..< window, i].
// sizes = {outer, axis, inner, window, stride, output length}.
template <typename T>
void AveragePool(const Arguments *arguments) {
  const int64_t *s = arguments->sizes;
  const int64_t outer = s[0], axis = s[1], inner = s[2], window = s[3], stride = s[4], length = s[5];
  const T *x = input<T>(arguments, 0);
  T *y = output<T>(arguments, 0);
  const T scale = T{1} / static_cast<T>(window);
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t j = 0; j < length; ++j) {
      T *to = y + (o * length + j) * inner;
      std::fill(to, to + inner, T{0});
      for (int64_t w = 0; w < window; ++w) {
        const T *from = x + (o * axis + j * stride + w) * inner;
        for (int64_t i = 0; i < inner; ++i) to[i] += from[i];
      }
      for (int64_t i = 0; i < inner; ++i) to[i] *= scale;
    }
  }
}

// dx[o, j·stride + w, i] += dy[o, j, i] / window.
template <typename T>
void AveragePoolPullback(const Arguments *arguments) {
  const int64_t *s = arguments->sizes;
  const int64_t outer = s[0], axis = s[1], inner = s[2], window = s[3], stride = s[4], length = s[5];
  const T *dy = input<T>(arguments, 0);
  T *dx = output<T>(arguments, 0);
  const T scale = T{1} / static_cast<T>(window);
  std::fill(dx, dx + outer * axis * inner, T{0});
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t j = 0; j < length; ++j) {
      const T *from = dy + (o * length + j) * inner;
      for (int64_t w = 0; w < window; ++w) {
        T *to = dx + (o * axis + j * stride + w) * inner;
        for (int64_t i = 0; i < inner; ++i) to[i] += from[i] * scale;
      }
    }
  }
}

#define ADJOINT_ENTER(name, Function)                                                              \
  const Registration enter_##name(#name, Function<float>, Function<double>);
#define ADJOINT_ENTER_MOVING(name, Function)                                                       \
  const Registration enter_##name(#name, Function<float>, Function<double>, Function<BFloat16>);

ADJOINT_ENTER_MOVING(strided_copy, StridedCopy)
ADJOINT_ENTER_MOVING(copy_blocks, CopyBlocks)
const Registration enter_fill("fill", Fill<float>, Fill<double>, FillBFloat16);
ADJOINT_ENTER_MOVING(gather, Gather)
ADJOINT_ENTER(gather_pullback, GatherPullback)
ADJOINT_ENTER(average_pool, AveragePool)
ADJOINT_ENTER(average_pool_pullback, AveragePoolPullback)

}  // namespace
}  // namespace adjoint
