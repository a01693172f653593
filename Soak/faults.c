// What a program does to the files below one folder, counted, and stopped or refused at a chosen call.
//
// Loaded in front of the C library (LD_PRELOAD). Calls that change files are numbered from 1 as they come: opening
// for writing, writing, syncing, cutting, renaming, making a folder, removing. What happens at which one is said in
// the environment:
//
//   FAULTS_FOLDER   the folder, with no links in its path
//   FAULTS_KINDS    the kinds that count, such as open,write,sync,truncate,rename,mkdir,remove, which are all and the
//                   default
//   FAULTS_LOG      a file that gets a line for each call: number, kind, path
//   FAULTS_AT       the number of the call at which something happens; 0 for none
//   FAULTS_DO       kill    the process is killed before the call
//                   tear    a write takes half of its bytes, and the process is killed; other calls as with kill
//                   fail    the call and later ones fail
//                   short   a write takes half of its bytes, and later calls fail; other calls as with fail
//                   halve   every write from then on takes half of its bytes; nothing fails
//                   wait    the call takes as long as FAULTS_SECONDS says
//   FAULTS_ERRNO    the system's number of the failure
//   FAULTS_CALLS    how many calls fail; 0 for all of them (the default)
//   FAULTS_SECONDS  for how long they fail; 0 for ever (the default)
//
// The system is called directly, so nothing here depends on which of its names the C library gives a call.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { kOpen, kWrite, kSync, kTruncate, kRename, kMkdir, kRemove };
static const char *const kind_names[] = {"open", "write", "sync", "truncate", "rename", "mkdir", "remove"};

// What is to be done about a call.
enum verdict { kPass, kHalf, kHalfAndDie, kFail };

static atomic_long call_count;
// Milliseconds at which the first call failed; 0 before.
static atomic_long first_failure;

static const char *text(const char *name) {
  const char *value = getenv(name);
  return value == NULL ? "" : value;
}

static long number(const char *name) { return atol(text(name)); }

static long milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1;
}

static int is_below(const char *path) {
  const char *folder = text("FAULTS_FOLDER");
  const size_t length = strlen(folder);
  char whole[2 * PATH_MAX];
  if (length == 0) return 0;
  if (path[0] != '/') {
    char here[PATH_MAX];
    if (syscall(SYS_getcwd, here, sizeof here) < 0) return 0;
    snprintf(whole, sizeof whole, "%s/%s", here, path);
    path = whole;
  }
  return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static int counts(enum kind kind) {
  const char *kinds = text("FAULTS_KINDS");
  const char *name = kind_names[kind];
  const size_t length = strlen(name);
  if (kinds[0] == '\0') return 1;
  for (const char *place = strstr(kinds, name); place != NULL; place = strstr(place + 1, name)) {
    const int begins = place == kinds || place[-1] == ',';
    if (begins && (place[length] == ',' || place[length] == '\0')) return 1;
  }
  return 0;
}

static void note(long call, enum kind kind, const char *path) {
  char line[PATH_MAX + 64];
  const int length = snprintf(line, sizeof line, "%ld %s %s\n", call, kind_names[kind], path);
  const char *log = text("FAULTS_LOG");
  if (log[0] == '\0' || length <= 0) return;
  const long file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file < 0) return;
  syscall(SYS_write, file, line, (size_t)length);
  syscall(SYS_close, file);
}

static void die(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

static enum verdict judge(enum kind kind, const char *path) {
  if (!is_below(path) || !counts(kind)) return kPass;
  const long call = atomic_fetch_add(&call_count, 1) + 1;
  note(call, kind, path);
  const long at = number("FAULTS_AT");
  if (at == 0 || call < at) return kPass;
  const char *what = text("FAULTS_DO");
  if (strcmp(what, "halve") == 0) return kind == kWrite ? kHalf : kPass;
  const int first = call == at;
  if (strcmp(what, "wait") == 0) {
    const long end = milliseconds() + 1000 * number("FAULTS_SECONDS");
    while (first && milliseconds() < end) usleep(10000);
    return kPass;
  }
  if (strcmp(what, "tear") == 0 && first && kind == kWrite) return kHalfAndDie;
  if (strcmp(what, "kill") == 0 || strcmp(what, "tear") == 0) {
    if (first) die();
    return kPass;
  }
  if (strcmp(what, "short") == 0 && first && kind == kWrite) return kHalf;
  const long calls = number("FAULTS_CALLS"), seconds = number("FAULTS_SECONDS");
  if (calls > 0 && call >= at + calls) return kPass;
  long expected = 0;
  const long now = milliseconds();
  atomic_compare_exchange_strong(&first_failure, &expected, now);
  if (seconds > 0 && now - atomic_load(&first_failure) > 1000 * seconds) return kPass;
  errno = (int)number("FAULTS_ERRNO");
  return kFail;
}

static enum verdict judge_file(enum kind kind, int file) {
  char link[64], path[PATH_MAX];
  // Standard input, output and error are not the run's.
  if (file <= STDERR_FILENO) return kPass;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return kPass;
  path[length] = '\0';
  return judge(kind, path);
}

static size_t half(size_t count) { return count > 1 ? count / 2 : count; }

ssize_t write(int file, const void *bytes, size_t count) {
  const enum verdict verdict = judge_file(kWrite, file);
  if (verdict == kFail) return -1;
  const ssize_t written = syscall(SYS_write, file, bytes, verdict == kPass ? count : half(count));
  if (verdict == kHalfAndDie) die();
  return written;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  const enum verdict verdict = judge_file(kWrite, file);
  if (verdict == kFail) return -1;
  const ssize_t written = syscall(SYS_pwrite64, file, bytes, verdict == kPass ? count : half(count), offset);
  if (verdict == kHalfAndDie) die();
  return written;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off_t offset) {
  return pwrite(file, bytes, count, offset);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  const enum verdict verdict = judge_file(kWrite, file);
  if (verdict == kFail) return -1;
  const ssize_t written = syscall(SYS_writev, file, parts, verdict == kPass ? count : (int)half((size_t)count));
  if (verdict == kHalfAndDie) die();
  return written;
}

int fsync(int file) { return judge_file(kSync, file) == kFail ? -1 : (int)syscall(SYS_fsync, file); }

int fdatasync(int file) { return judge_file(kSync, file) == kFail ? -1 : (int)syscall(SYS_fdatasync, file); }

int ftruncate(int file, off_t length) {
  return judge_file(kTruncate, file) == kFail ? -1 : (int)syscall(SYS_ftruncate, file, length);
}

int ftruncate64(int file, off_t length) { return ftruncate(file, length); }

// What a change is called in a path that is relative to an open folder does not occur: it counts as it is written.
int renameat2(int old_folder, const char *old_path, int new_folder, const char *new_path, unsigned flags) {
  if (judge(kRename, new_path) == kFail) return -1;
  return (int)syscall(SYS_renameat2, old_folder, old_path, new_folder, new_path, flags);
}

int renameat(int old_folder, const char *old_path, int new_folder, const char *new_path) {
  return renameat2(old_folder, old_path, new_folder, new_path, 0);
}

int rename(const char *old_path, const char *new_path) {
  return renameat2(AT_FDCWD, old_path, AT_FDCWD, new_path, 0);
}

int mkdirat(int folder, const char *path, mode_t mode) {
  return judge(kMkdir, path) == kFail ? -1 : (int)syscall(SYS_mkdirat, folder, path, mode);
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int unlinkat(int folder, const char *path, int flags) {
  return judge(kRemove, path) == kFail ? -1 : (int)syscall(SYS_unlinkat, folder, path, flags);
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

static int open_at(int folder, const char *path, int flags, mode_t mode) {
  const int writes = (flags & O_ACCMODE) != O_RDONLY;
  if (writes && judge(kOpen, path) == kFail) return -1;
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}

static int has_mode(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

#define ADJOINT_MODE(flags)                                     \
  mode_t mode = 0;                                              \
  if (has_mode(flags)) {                                        \
    va_list rest;                                               \
    va_start(rest, flags);                                      \
    mode = va_arg(rest, mode_t);                                \
    va_end(rest);                                               \
  }

int open(const char *path, int flags, ...) {
  ADJOINT_MODE(flags)
  return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  ADJOINT_MODE(flags)
  return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  ADJOINT_MODE(flags)
  return open_at(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
  ADJOINT_MODE(flags)
  return open_at(folder, path, flags, mode);
}
