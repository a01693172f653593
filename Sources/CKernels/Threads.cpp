#include <atomic>
#include <cstdio>
#include <cstring>
#include <string>

#include "CKernels.h"
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

// The quota of one cgroup in whole cores, rounded up, or 0 where there is none.
int CoresOfCgroup(const std::string &folder) {
  std::FILE *file = std::fopen((folder + "/cpu.max").c_str(), "r");
  if (file == nullptr) return 0;
  long long quota = 0;
  long long period = 0;
  const int read = std::fscanf(file, "%lld %lld", &quota, &period);
  std::fclose(file);
  if (read != 2 || quota <= 0 || period <= 0) return 0;
  return static_cast<int>((quota + period - 1) / period);
}

// The path of this process in the hierarchy of cgroups, such as /user.slice/job; empty for its root.
std::string CgroupPath() {
  std::FILE *file = std::fopen("/proc/self/cgroup", "r");
  if (file == nullptr) return "";
  std::string path;
  char line[4096];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, "0::/", 4) != 0) continue;
    path.assign(line + 3, std::strcspn(line + 3, "\n"));
    break;
  }
  std::fclose(file);
  return path == "/" ? "" : path;
}

// The least quota of this process's cgroup and of those around it, in whole cores, or 0 where there is none.
int CgroupCores() {
  std::string path = CgroupPath();
  int least = 0;
  for (;;) {
    const int cores = CoresOfCgroup("/sys/fs/cgroup" + path);
    if (cores > 0 && (least == 0 || cores < least)) least = cores;
    if (path.empty()) return least;
    path.resize(path.rfind('/'));
  }
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

// 0 as long as nothing has been chosen: then the cores that this process may use.
std::atomic<int> team_size{0};

}  // namespace

namespace adjoint {

std::atomic<unsigned> team_generation{1};
__thread unsigned team_generation_seen = 0;

void TakeOverTeam() {
  team_generation_seen = team_generation.load();
#if defined(__linux__)
  const int chosen = team_size.load();
  omp_set_num_threads(chosen > 0 ? chosen : adjoint_available_cores());
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
  const int quota = CgroupCores();
  return quota > 0 && quota < cores ? quota : cores;
}

void adjoint_set_threads(int count) {
  team_size = count;
  adjoint::team_generation.fetch_add(1);
  // Threads of this team that were there before.
  OnEveryThread([](int64_t, int64_t) { FlushHere(); });
}

int adjoint_threads(void) {
  adjoint::JoinTeam();
#if defined(__linux__)
  return omp_get_max_threads();
#else
  return 1;
#endif
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

}  // extern "C"
