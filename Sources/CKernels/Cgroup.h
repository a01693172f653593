// What the control groups of Linux leave this process of the machine: of those it is in and those around them up to the
// root, the least. 0 where there is no limit.
#pragma once

#include <cstdint>

namespace adjoint {

// The quota of processor time in whole cores, rounded up.
int64_t CoresOfCgroups();
// Bytes of memory.
int64_t BytesOfCgroups();

}  // namespace adjoint
