// float32 matrix products and convolutions by oneDNN, behind one plain C header.
//
// A function returns null, or oneDNN's words for what went wrong. A primitive is made once for each shape,
// thread and number of threads, and kept.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The types of a product's operands and of its result.
typedef enum {
  adjoint_float32,
  adjoint_bfloat16,
  adjoint_bfloat16_into_float32,
} adjoint_product_type;

// C = op(A) op(B) (+ bias). A is m×k, or k×m if transposed; B is k×n, or n×k if transposed; bias
// has n elements, float32, or is null.
const char *adjoint_onednn_matmul(int64_t m, int64_t n, int64_t k, adjoint_product_type type,
                                  const void *a, bool transpose_a, const void *b, bool transpose_b,
                                  const float *bias, void *c);

// The same for each of a batch of matrices, one behind the other in A, in B and in C.
const char *adjoint_onednn_batched_matmul(int64_t batch, int64_t m, int64_t n, int64_t k, adjoint_product_type type,
                                          const void *a, bool transpose_a, const void *b, bool transpose_b,
                                          void *c);

// A two-dimensional convolution. Images are [batch, height, width, channels], float32 or bfloat16; weights
// [outputs, window height, window width, inputs / groups] and biases [outputs], always float32.
typedef struct {
  int64_t batch, height, width, inputs;
  int64_t outputs, output_height, output_width;
  int64_t window_height, window_width;
  int64_t stride_height, stride_width;
  int64_t dilation_height, dilation_width;  // 1 for a dense window
  int64_t top, left, bottom, right;         // zeros around the input
  int64_t groups;
  bool bfloat16;
  bool is_packed;  // The weight that is read has been set by adjoint_onednn_pack_weight.
} adjoint_convolution;

// y from x; bias may be null.
const char *adjoint_onednn_convolve(const adjoint_convolution *shape, const void *x,
                                    const void *weight, const float *bias, void *y);
// dx from dy.
const char *adjoint_onednn_convolve_to_input(const adjoint_convolution *shape, const void *dy,
                                             const void *weight, void *dx);
// dw and, unless it is null, db from x and dy.
const char *adjoint_onednn_convolve_to_weight(const adjoint_convolution *shape, const void *x,
                                              const void *dy, float *dw, float *db);

// Which way a convolution goes, as far as the order depends on it that it wants its weight in.
typedef enum {
  adjoint_forward,
  adjoint_forward_with_bias,
  adjoint_to_input,
} adjoint_convolution_way;

// An order that weights are packed in. Equal orders have the same number; it is 0 where weights are wanted as they are.
typedef struct {
  int64_t number, bytes;
} adjoint_weight_order;

// Sets the order in which a convolution wants its weight.
const char *adjoint_onednn_find_weight_order(const adjoint_convolution *shape, adjoint_convolution_way way,
                                             adjoint_weight_order *order);
// Sets `packed`, which has the order's bytes, from a weight.
const char *adjoint_onednn_pack_weight(const adjoint_convolution *shape, adjoint_convolution_way way,
                                       const float *weight, void *packed);

// Whether there are convolutions of bfloat16 images for this processor.
bool adjoint_onednn_has_bfloat16(void);

// How often convolutions brought weights into another order of memory since the process began. Images never are.
int64_t adjoint_onednn_weight_reorders(void);

// "3.2.0"
const char *adjoint_onednn_version(void);

#ifdef __cplusplus
}
#endif
