// The size of the thread team is the process's, but OpenMP keeps it for each thread that opens a region,
// and the flushing of denormals belongs to a thread too. So each thread takes both over when it first
// does something here, and again after they have been changed.
#pragma once

#include <atomic>

namespace adjoint {

extern std::atomic<unsigned> team_generation;
extern __thread unsigned team_generation_seen;

void TakeOverTeam();

inline void JoinTeam() {
  if (team_generation_seen != team_generation.load(std::memory_order_relaxed)) TakeOverTeam();
}

}  // namespace adjoint
