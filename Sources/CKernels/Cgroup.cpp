#include "Cgroup.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

namespace {

// Reads numbers from the beginning of a file; how many there were.
int ReadNumbers(const std::string &path, long long *first, long long *second) {
  std::FILE *file = std::fopen(path.c_str(), "r");
  if (file == nullptr) return 0;
  const int read = std::fscanf(file, "%lld %lld", first, second);
  std::fclose(file);
  return std::max(read, 0);
}

// The limit of one group, or 0. Version 2 keeps it in one file, or the word max; version 1 in others.
using Limit = int64_t (*)(const std::string &folder);

int64_t Cores(const std::string &folder) {
  long long quota = 0, period = 0, none = 0;
  if (ReadNumbers(folder + "/cpu.max", &quota, &period) < 2) {
    if (ReadNumbers(folder + "/cpu.cfs_quota_us", &quota, &none) < 1) return 0;
    if (ReadNumbers(folder + "/cpu.cfs_period_us", &period, &none) < 1) return 0;
  }
  return quota <= 0 || period <= 0 ? 0 : (quota + period - 1) / period;
}

int64_t Bytes(const std::string &folder) {
  long long bytes = 0, none = 0;
  if (ReadNumbers(folder + "/memory.max", &bytes, &none) < 1 &&
      ReadNumbers(folder + "/memory.limit_in_bytes", &bytes, &none) < 1) {
    return 0;
  }
  return std::max(bytes, 0LL);
}

int64_t Lesser(int64_t one, int64_t other) {
  return one == 0 || other == 0 ? std::max(one, other) : std::min(one, other);
}

// The least of a group and of those around it.
int64_t LeastUpwards(const std::string &root, std::string path, Limit limit) {
  int64_t least = 0;
  for (;;) {
    least = Lesser(least, limit(root + path));
    if (path.empty()) return least;
    path.resize(path.rfind('/'));
  }
}

// The least of the groups this process is in. A line of the system's list is 0::/job for version 2, and
// 4:cpu,cpuacct:/job for version 1.
int64_t Least(const std::string &controller, Limit limit) {
  std::FILE *file = std::fopen("/proc/self/cgroup", "r");
  if (file == nullptr) return 0;
  int64_t least = 0;
  char line[4096];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    std::string text(line, std::strcspn(line, "\n"));
    const size_t first = text.find(':');
    const size_t second = first == std::string::npos ? first : text.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + text.substr(first + 1, second - first - 1) + ",";
    const std::string path = text.substr(second + 1);
    const bool is_second_version = controllers == ",,";
    if (!is_second_version && controllers.find("," + controller + ",") == std::string::npos) continue;
    if (path.empty() || path[0] != '/') continue;
    const std::string root = is_second_version ? "/sys/fs/cgroup" : "/sys/fs/cgroup/" + controller;
    least = Lesser(least, LeastUpwards(root, path == "/" ? "" : path, limit));
  }
  std::fclose(file);
  return least;
}

}  // namespace

namespace adjoint {

int64_t CoresOfCgroups() { return Least("cpu", Cores); }
int64_t BytesOfCgroups() { return Least("memory", Bytes); }

}  // namespace adjoint
