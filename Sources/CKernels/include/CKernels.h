// The vector loops, the allocator and the thread team, behind one plain C header.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// --- Kernels -------------------------------------------------------------------------------------
// Every kernel has this one signature. What the members mean is said where the kernel is written.
// Buffers are contiguous; outputs may be the same buffer as an input unless the kernel says otherwise.

typedef struct {
  int64_t sizes[20];
  const void *inputs[4];
  void *outputs[4];
  double scalars[8];
} adjoint_arguments;

typedef void (*adjoint_function)(const adjoint_arguments *);

// One kernel in each precision. The float64 one is a plain loop: it is the reference. The bfloat16 one computes in
// float32; those of softmax, losses, most sums, noise and optimisers have none, which is null.
typedef struct {
  const char *name;
  adjoint_function float32;
  adjoint_function float64;
  adjoint_function bfloat16;
} adjoint_kernel;

// The kernel of that name, or null. Kernels enter themselves, each in its own file.
const adjoint_kernel *adjoint_find_kernel(const char *name);

// Matrix product C = op(A) op(B) (+ bias, activation) in float32 for products too small to be worth
// a library call. A is m×k, or k×m if transposed; B is k×n, or n×k if transposed; bias has n elements
// or is null. `relu` clamps the result at zero.
void adjoint_small_matmul(int64_t m, int64_t n, int64_t k, const float *a, bool transpose_a,
                          const float *b, bool transpose_b, const float *bias, bool relu, float *c);

// --- Memory --------------------------------------------------------------------------------------
// 64-byte aligned blocks from a cache by size class. Every call is safe from every thread.

typedef struct {
  int64_t live_bytes;     // in use by tensors, rounded up to the size class
  int64_t peak_bytes;     // highest live_bytes since the last adjoint_memory_reset_peak
  int64_t live_blocks;    // blocks in use
  int64_t system_requests;  // times the system was asked for a block since the process began
} adjoint_memory_counters;

// Null if the system has no memory left. `capacity` receives the size of the class.
void *adjoint_memory_take(int64_t bytes, int64_t *capacity);
void adjoint_memory_give_back(void *block, int64_t capacity);
adjoint_memory_counters adjoint_memory_read_counters(void);
void adjoint_memory_reset_peak(void);
// Returns what the cache holds to the system.
void adjoint_memory_trim(void);
// Bytes of memory that this process may use: the machine's, lowered by the cgroup's limit.
int64_t adjoint_memory_size(void);
// What is called where the system has no room for what a kernel or a primitive needs while it computes, with how many
// bytes it asked for, 0 where nobody knows; it must not return. Where none is given the process aborts.
void adjoint_on_out_of_memory(void (*end)(int64_t bytes));
// Calls that where OpenBLAS would not get the room for its buffers: it would ask for it again without end.
void adjoint_require_blas_room(void);
// Has the processor fetch bytes into its second-level cache while the caller goes on.
void adjoint_memory_fetch_ahead(const uint8_t *bytes, int64_t count);

// --- Threads -------------------------------------------------------------------------------------

// Cores this process may use: the affinity mask, lowered by the cgroup's quota.
int adjoint_available_cores(void);
// The size of the thread team that the vector loops, oneDNN and OpenBLAS share, on whatever thread they
// are called. Denormals are flushed to zero on each of its threads, and on each thread that uses them.
void adjoint_set_threads(int count);
int adjoint_threads(void);
// Calls body(context, begin, end) on disjoint ranges that cover 0..<count, on several threads of the team if each gets
// enough; an item is as much work as so many elements of a light loop.
void adjoint_share(int64_t count, int64_t elements_each,
                   void (*body)(const void *context, int64_t begin, int64_t end), const void *context);
// To be called before a library that has OpenMP's team to itself, as OpenBLAS does.
void adjoint_release_team(void);
bool adjoint_denormals_flushed_everywhere(void);
// Two pointers for each thread: where the open tape is kept, and the innermost layer that runs.
void *adjoint_thread_tape(void);
void adjoint_set_thread_tape(void *tape);
const void *adjoint_thread_layer(void);
void adjoint_set_thread_layer(const void *layer);
// The instruction set the vector loops run on, such as "AVX3".
const char *adjoint_vector_target(void);
// What compiled them.
const char *adjoint_compiler(void);
// The length of its vectors.
int64_t adjoint_vector_bytes(void);
// As much of one as is computed at a time.
int64_t adjoint_path_bytes(void);

// --- Registrations -------------------------------------------------------------------------------
// Calls the functions that the linker gathered from the section "adjoint_registry" of every object file; returns how
// many there are.

size_t adjoint_run_registrations(void);

#ifdef __cplusplus
}
#endif
