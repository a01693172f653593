// libgomp reads its waiting policy once, when it is loaded, from the environment. Its default is to spin
// for milliseconds, which wins nothing over a short spin here and, when another process needs the core,
// costs whole time slices. So the tool starts itself again, once, with a spin of a fraction of a
// millisecond: long enough to bridge the gap between two operations. A policy that the user has set
// stands.
//
// Before that it sees to it that standard input, output and error are open.
//
// This runs before the constructors of the shared libraries, which take most of the start-up time, so
// that the second start costs a few milliseconds.

#include "CStartup.h"

#if defined(__linux__)

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { kMaximumVariables = 4096 };

static int sets(const char *variable, const char *name) {
  const size_t length = strlen(name);
  return strncmp(variable, name, length) == 0 && variable[length] == '=';
}

// Where standard input, output or error is closed, the next file that is opened would get its number, and
// what is said to the user would go into that file. Nothing can be read from or written to what is put there.
static void keep_standard_files(void) {
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; ++file) {
    if (fcntl(file, F_GETFD) != -1) continue;
    open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

static void start(int count, char **arguments, char **environment) {
  static char spin[] = "GOMP_SPINCOUNT=" ADJOINT_SPIN_COUNT;
  static char *changed[kMaximumVariables + 2];
  (void)count;
  keep_standard_files();
  size_t variables = 0;
  for (; environment[variables] != NULL; ++variables) {
    const char *variable = environment[variables];
    if (variables == kMaximumVariables || sets(variable, "GOMP_SPINCOUNT") ||
        sets(variable, "OMP_WAIT_POLICY")) {
      return;
    }
    changed[variables] = environment[variables];
  }
  changed[variables] = spin;
  // By its own path, so that ps and top go on to call it by its name.
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = '\0';
  // Where that is not allowed, the default will do.
  execve(path, arguments, changed);
}

__attribute__((section(".preinit_array"), used)) static void (*const before_constructors)(
    int, char **, char **) = start;

#endif
