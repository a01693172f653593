#include <algorithm>
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

// Reads numbers from the beginning of a file; how many there were.
int ReadNumbers(const std::string &path, long long *first, long long *second) {
  std::FILE *file = std::fopen(path.c_str(), "r");
  if (file == nullptr) return 0;
  const int read = std::fscanf(file, "%lld %lld", first, second);
  std::fclose(file);
  return std::max(read, 0);
}

// The quota of one cgroup in whole cores, rounded up, or 0 where there is none. Version 2 of cgroups keeps
// quota and period in one file, version 1 in two.
int CoresOfCgroup(const std::string &folder) {
  long long quota = 0, period = 0, none = 0;
  if (ReadNumbers(folder + "/cpu.max", &quota, &period) < 2) {
    if (ReadNumbers(folder + "/cpu.cfs_quota_us", &quota, &none) < 1) return 0;
    if (ReadNumbers(folder + "/cpu.cfs_period_us", &period, &none) < 1) return 0;
  }
  if (quota <= 0 || period <= 0) return 0;
  return static_cast<int>((quota + period - 1) / period);
}

// The least quota of a cgroup and of those around it up to the root, in whole cores, or 0 where there is none.
int LeastCores(const std::string &root, std::string path) {
  int least = 0;
  for (;;) {
    const int cores = CoresOfCgroup(root + path);
    if (cores > 0 && (least == 0 || cores < least)) least = cores;
    if (path.empty()) return least;
    path.resize(path.rfind('/'));
  }
}

// The same for the cgroups this process is in. A line of the system's list is 0::/job for version 2, and
// 4:cpu,cpuacct:/job for version 1.
int CgroupCores() {
  std::FILE *file = std::fopen("/proc/self/cgroup", "r");
  if (file == nullptr) return 0;
  int least = 0;
  char line[4096];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    std::string text(line, std::strcspn(line, "\n"));
    const size_t first = text.find(':');
    const size_t second = first == std::string::npos ? first : text.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + text.substr(first + 1, second - first - 1) + ",";
    const std::string path = text.substr(second + 1);
    const bool is_second_version = controllers == ",,";
    if (!is_second_version && controllers.find(",cpu,") == std::string::npos) continue;
    if (path.empty() || path[0] != '/') continue;
    const int cores = LeastCores(is_second_version ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu",
                                 path == "/" ? "" : path);
    if (cores > 0 && (least == 0 || cores < least)) least = cores;
  }
  std::fclose(file);
  return least;
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
