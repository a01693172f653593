// float32 matrix products by oneDNN, behind one plain C header.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// C = op(A) op(B) (+ bias). A is m×k, or k×m if transposed; B is k×n, or n×k if transposed; bias
// has n elements or is null. Returns null, or oneDNN's words for what went wrong.
// The primitive is made once for each shape and thread and kept.
const char *adjoint_onednn_matmul(int64_t m, int64_t n, int64_t k, const float *a, bool transpose_a,
                                  const float *b, bool transpose_b, const float *bias, float *c);

// "3.2.0"
const char *adjoint_onednn_version(void);

#ifdef __cplusplus
}
#endif
