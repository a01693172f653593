#include <algorithm>
#include <atomic>

#include "CKernels.h"
#include "Cgroup.h"
#include "Parallel.h"
#include "Team.h"

#if defined(__linux__)
#include <sched.h>
extern "C" void omp_set_num_threads(int count);
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

#if defined(__x86_64__)
constexpr unsigned kFlushToZeroAndDenormalsAreZero = 0x8040;
#elif defined(__aarch64__)
constexpr uint64_t kFlushToZero = uint64_t{1} << 24;
#endif

void FlushHere() {
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | kFlushToZeroAndDenormalsAreZero);
#elif defined(__aarch64__)
  uint64_t control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  __asm__ volatile("msr fpcr, %0" ::"r"(control | kFlushToZero));
#endif
}

bool FlushedHere() {
#if defined(__x86_64__)
  return (_mm_getcsr() & kFlushToZeroAndDenormalsAreZero) == kFlushToZeroAndDenormalsAreZero;
#elif defined(__aarch64__)
  uint64_t control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  return (control & kFlushToZero) != 0;
#else
  return false;
#endif
}

// Calls body on each thread of the team, this one among them.
template <typename Body>
void OnEveryThread(const Body &body) {
#if defined(__linux__)
  const int64_t threads = adjoint_threads();
  adjoint::OnTeam(threads, threads, body);
#else
  body(0, 1);
#endif
}

thread_local void *thread_tape = nullptr;
thread_local const void *thread_layer = nullptr;

// 0 as long as nothing has been chosen: then the cores that this process may use.
std::atomic<int> team_size{0};

}  // namespace

namespace adjoint {

std::atomic<unsigned> team_generation{1};
__thread unsigned team_generation_seen = 0;
__thread int team_threads = 1;
__thread bool is_team_crowd = false;

void TakeOverTeam() {
  team_generation_seen = team_generation.load();
  // What is chosen within a region is forgotten at its end.
  ReleaseTeam();
#if defined(__linux__)
  const int chosen = team_size.load();
  const int cores = adjoint_available_cores();
  team_threads = chosen > 0 ? chosen : cores;
  is_team_crowd = team_threads > cores;
  omp_set_num_threads(team_threads);
#endif
  // Threads that OpenMP starts from here inherit it.
  FlushHere();
}

}  // namespace adjoint

extern "C" {

int adjoint_available_cores(void) {
  int cores = 1;
#if defined(__linux__)
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) cores = CPU_COUNT(&mask);
#endif
  const int64_t quota = adjoint::CoresOfCgroups();
  return quota > 0 && quota < cores ? static_cast<int>(quota) : cores;
}

void adjoint_set_threads(int count) {
  team_size = count;
  adjoint::team_generation.fetch_add(1);
  // Threads of this team that were there before.
  OnEveryThread([](int64_t, int64_t) { FlushHere(); });
}

int adjoint_threads(void) {
  adjoint::JoinTeam();
  return adjoint::team_threads;
}

void adjoint_share(int64_t count, int64_t elements_each,
                   void (*body)(const void *context, int64_t begin, int64_t end), const void *context) {
  adjoint::JoinTeam();
  const int64_t grain = adjoint::ElementGrain() / std::max<int64_t>(1, elements_each) + 1;
  adjoint::ParallelFor(count, grain, [=](int64_t begin, int64_t end) { body(context, begin, end); });
}

bool adjoint_denormals_flushed_everywhere(void) {
  std::atomic<bool> all{true};
  OnEveryThread([&](int64_t, int64_t) {
    if (!FlushedHere()) all = false;
  });
  return all;
}

void *adjoint_thread_tape(void) { return thread_tape; }
void adjoint_set_thread_tape(void *tape) { thread_tape = tape; }
const void *adjoint_thread_layer(void) { return thread_layer; }
void adjoint_set_thread_layer(const void *layer) { thread_layer = layer; }

}  // extern "C"
