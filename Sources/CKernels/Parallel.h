// Loops shared out over the team.
#pragma once

#include <algorithm>
#include <cstdint>

#include "Team.h"

namespace adjoint {

// Below this many elements of light work a second thread costs more than it saves: what the other core wrote has to be
// fetched from its cache by the next operation. One core streams some ten thousand floats in a microsecond; from a core
// that is far it fetches less than a thousand, so that what fits into its own cache is left there.
inline int64_t ElementGrain() { return is_team_far ? 131072 : 4096; }

// The same for multiplications of matrices: a third of a microsecond of one core, or fifty.
inline int64_t MultiplicationGrain() { return is_team_far ? 2500000 : 16000; }

#if defined(__linux__)
// Calls body(begin, end) on as many disjoint ranges of 0..<count as the team has threads, `threads` at most.
template <typename Body>
void OnTeam(int64_t threads, int64_t count, const Body &body) {
  struct Job {
    const Body *body;
    int64_t count;
  } const job{&body, count};
  OnTeam(
      threads,
      [](const void *data, int64_t thread, int64_t threads) {
        const auto *job = static_cast<const Job *>(data);
        int64_t chunk = (job->count + threads - 1) / threads;
        if (chunk > 64) chunk = (chunk + 63) / 64 * 64;
        const int64_t begin = std::min(job->count, chunk * thread);
        const int64_t end = std::min(job->count, begin + chunk);
        if (begin < end) (*job->body)(begin, end);
      },
      &job);
}
#endif

// Calls body(begin, end) on disjoint ranges that cover 0..<count, on several threads if each gets at
// least `grain`. But for the last, a long range ends at a multiple of 64, so that no two threads write to
// one cache line.
template <typename Body>
void ParallelFor(int64_t count, int64_t grain, const Body &body) {
#if defined(__linux__)
  grain = std::max<int64_t>(grain, 1);
  const int64_t threads = std::min<int64_t>(count / grain, team_threads);
  if (threads > 1 && !GoesAlone()) return OnTeam(threads, count, body);
  if (is_team_far) LookAgain();
#endif
  if (count > 0) body(int64_t{0}, count);
}

}  // namespace adjoint
