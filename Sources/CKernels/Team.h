// The threads that loops are shared out over: those of OpenMP, which oneDNN and OpenBLAS use as well, held in one
// region from loop to loop.
//
// To open and close a region of libgomp for every loop takes 0.4 µs and a dozen cache lines that wander between the
// cores. Here a thread opens one, its workers wait in it, each at cache lines of its own, and a loop costs two of them:
// the request and the answer (0.1 µs). Whoever wants OpenMP's team for itself, as oneDNN's primitives for several
// threads and OpenBLAS do, releases it first.
//
// The size of the team is the process's, but OpenMP keeps it for each thread that opens a region, and the flushing of
// denormals belongs to a thread too. So each thread takes both over when it first does something here, and again after
// they have been changed.
#pragma once

#include <atomic>
#include <cstdint>

namespace adjoint {

extern std::atomic<unsigned> team_generation;
extern __thread unsigned team_generation_seen;

void TakeOverTeam();

// How many threads work for this one, itself among them; OpenMP's own number may be another within a region.
extern __thread int team_threads;

// Whether they are more than the cores that this process may use.
extern __thread bool is_team_crowd;

inline void JoinTeam() {
  if (team_generation_seen != team_generation.load(std::memory_order_relaxed)) TakeOverTeam();
}

// What one of `threads` threads does of a job. It must not take a block for a tensor: that may replace the team, and a
// thread cannot release the team that it is working for.
using Part = void (*)(const void *job, int64_t thread, int64_t threads);

// Has each of the team's threads do its part, this one the first; returns when all are done. `threads` is how many are
// wanted; there may be fewer.
void OnTeam(int64_t threads, Part part, const void *job);

// Whether what this thread begins now goes alone: it is doing a part already, or other processes hold the cores.
bool GoesAlone();

// Whether the team's cores are far from each other: a cache line takes long from one to the other, as it does where
// they do not share a cache. Found out by the way, and never reflected in a result.
extern __thread bool is_team_far;

// Looks whether it still is, now and then; to be called where that kept a loop from being shared out.
void LookAgain();

// Closes the region: from here on OpenMP has its team back.
void ReleaseTeam();

}  // namespace adjoint
