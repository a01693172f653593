#pragma once
#include <stddef.h>
#include <stdint.h>

/// libFuzzer without its own `main` (LLVM, "libFuzzer – a library for coverage-guided fuzz testing", "Using libFuzzer as
/// a library"); it comes with `-sanitize=fuzzer`.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
