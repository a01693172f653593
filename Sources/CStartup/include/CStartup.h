// Sets how the threads of the team wait for work, before libgomp reads it; see Startup.c.
#pragma once

// The spin count that is chosen where the user has chosen none.
#define ADJOINT_SPIN_COUNT "20000"
