/* The way to the daemon: its socket, the first packet, and how it is started. */
#define _GNU_SOURCE /* struct ucred */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

/* A daemon that we start has so long to answer. */
#define START_MS 15000
#define LOOK_MS 10
/* Between listening and the secret that is written for an abstract name. */
#define SECRET_MS 2000
/* It stops by itself after so many seconds without a client. */
#define IDLE_SECONDS "600"

static int fail_errno(tempress *t, const char *what, const char *hint) {
  char text[512];
  snprintf(text, sizeof text, "%s: %s [%s]", what, strerror(errno), t->path);
  return tp_fail(t, TEMPRESS_IO, text, hint);
}

/* The user's own folder: $XDG_RUNTIME_DIR/tempress, else under the cache. */
static int runtime_folder(char *to, size_t room) {
  const char *base = getenv("XDG_RUNTIME_DIR");
  if (base == NULL || *base == 0) base = getenv("XDG_CACHE_HOME");
  int length;
  if (base != NULL && *base != 0) {
    length = snprintf(to, room, "%s/tempress", base);
  } else {
    const char *home = getenv("HOME");
    if (home == NULL || *home == 0) return 0;
    length = snprintf(to, room, "%s/.cache/tempress", home);
  }
  return length > 0 && (size_t)length < room;
}

static char *default_socket(void) {
  const char *named = getenv("TEMPRESS_SOCKET");
  char folder[1024];
  char path[1100];
  if (named != NULL && *named != 0) return tp_copy_text((const unsigned char *)named, strlen(named));
  if (!runtime_folder(folder, sizeof folder)) return NULL;
  int length = snprintf(path, sizeof path, "%s/daemon.sock", folder);
  return tp_copy_text((const unsigned char *)path, (size_t)length);
}

/* The secret that only the owner can read, for names that have no owner. */
static int read_secret(const tempress *t, unsigned char secret[TP_SECRET_BYTES]) {
  char folder[1024];
  char path[1300];
  if (!runtime_folder(folder, sizeof folder)) return 0;
  snprintf(path, sizeof path, "%s/%s.secret", folder, t->path + 1);
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return 0;
  ssize_t got = read(file, secret, TP_SECRET_BYTES);
  close(file);
  return got == TP_SECRET_BYTES;
}

/* Whether this user, or the system's own, is at the other end: others could pretend to be the daemon. */
static int is_own(int socket) {
#ifdef SO_PEERCRED
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return 0;
  return peer.uid == geteuid() || peer.uid == 0;
#else
  uid_t user;
  gid_t group;
  if (getpeereid(socket, &user, &group) != 0) return 0;
  return user == geteuid() || user == 0;
#endif
}

/* 0, or errno. */
static int connect_to(int made, const struct sockaddr_un *address, size_t size) {
  return connect(made, (const struct sockaddr *)address, (socklen_t)size) == 0 ? 0 : errno;
}

static int connect_socket(tempress *t) {
  struct sockaddr_un address;
  size_t length = strlen(t->path);
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  if (length >= sizeof address.sun_path) return tp_fail(t, TEMPRESS_IO, "the socket's path is too long", t->path);
  memcpy(address.sun_path, t->path, length);
  int abstract = t->path[0] == '@'; /* Linux: a name without a file */
  if (abstract) address.sun_path[0] = 0;
  int made = socket(AF_UNIX, SOCK_STREAM, 0);
  if (made < 0) return fail_errno(t, "no socket", NULL);
  fcntl(made, F_SETFD, FD_CLOEXEC);
  int reason = connect_to(made, &address, sizeof address);
  /* Some versions of Node fill an abstract name with zeros, some do not: to the system these are two names. */
  if (reason != 0 && abstract) reason = connect_to(made, &address, offsetof(struct sockaddr_un, sun_path) + length);
  if (reason != 0) {
    close(made);
    errno = reason;
    return fail_errno(t, "no daemon serves here", "start it: tempress serve");
  }
  if (!is_own(made)) {
    close(made);
    return tp_fail(t, TEMPRESS_IO, "the daemon belongs to another user", t->path);
  }
  t->socket = made;
  return TEMPRESS_OK;
}

static int greet(tempress *t) {
  unsigned char hello[16] = TP_MAGIC;
  unsigned char secret[TP_SECRET_BYTES];
  hello[8] = TP_VERSION_LOWEST;
  hello[10] = TP_VERSION_HIGHEST;
  tp_begin(t, TP_HELLO);
  tp_append(&t->request, hello, sizeof hello);
  if (t->path[0] == '@') {
    /* A daemon that has just begun to listen writes it next. */
    for (int waited = 0; !read_secret(t, secret); waited += LOOK_MS) {
      if (waited >= SECRET_MS) return tp_fail(t, TEMPRESS_IO, "no daemon of this user serves here", t->path);
      poll(NULL, 0, LOOK_MS);
    }
    tp_field_bytes(&t->request, TP_FIELD_SECRET, secret, sizeof secret);
  }
  tp_field_text(&t->request, TP_FIELD_VERSION, TEMPRESS_VERSION);
  int error = tp_ask(t);
  if (error) return error;
  tp_field field;
  for (size_t at = 0; tp_next_field(t, &at, &field);) {
    char *to = field.tag == TP_FIELD_SEGMENT_PREFIX ? t->prefix : field.tag == TP_FIELD_VERSION ? t->version : NULL;
    size_t room = to == t->prefix ? sizeof t->prefix : sizeof t->version;
    if (to == NULL) continue;
    if (field.length >= room) return tp_fail(t, TEMPRESS_PROTOCOL, "the daemon's first packet is strange", NULL);
    memcpy(to, field.bytes, field.length);
    to[field.length] = 0;
  }
  double segments = tempress_number(t, "segments");
  t->most_segments = segments >= 1 ? (uint64_t)segments : 1;
  return TEMPRESS_OK;
}

/* The program of the daemon with its whole path; 0 if there is none. */
static int find_program(char *to, size_t room) {
  const char *named = getenv("TEMPRESS_PROGRAM");
  if (named != NULL && *named != 0) {
    return (size_t)snprintf(to, room, "%s", named) < room && access(to, X_OK) == 0;
  }
  const char *path = getenv("PATH");
  while (path != NULL && *path != 0) {
    const char *end = strchr(path, ':');
    size_t length = end == NULL ? strlen(path) : (size_t)(end - path);
    int whole = snprintf(to, room, "%.*s/tempress", (int)length, path);
    if (length > 0 && whole > 0 && (size_t)whole < room && access(to, X_OK) == 0) return 1;
    path = end == NULL ? NULL : end + 1;
  }
  return 0;
}

/* In the child: a process of its own, which shares nothing with the program. Only calls that are safe after fork. */
static void become_daemon(const char *program, char *const *words, int report, long most) {
  if (setsid() < 0) _exit(1);
  pid_t child = fork();
  if (child != 0) _exit(child < 0);
  int null = open("/dev/null", O_RDWR);
  if (null >= 0) {
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
  }
  if (report != 3) dup2(report, 3);
  for (int i = 4; i < most; i++) close(i);
  execv(program, words);
  int reason = errno;
  if (write(3, &reason, sizeof reason) < 0) _exit(2);
  _exit(1);
}

/* *report is a pipe that says why the program cannot be run, or ends when the daemon does. */
static int start_daemon(tempress *t, int *report_from) {
  char program[4096];
  int report[2];
  if (!find_program(program, sizeof program)) {
    return tp_fail(t, TEMPRESS_IO, "no daemon serves here, and the program tempress is not on the PATH",
                   "set TEMPRESS_PROGRAM to it");
  }
  char *words[] = {"tempress", "serve", "--quiet", "--idle", IDLE_SECONDS, "--socket", t->path, NULL};
  if (pipe(report) != 0) return fail_errno(t, "no pipe", NULL);
  long most = sysconf(_SC_OPEN_MAX);
  if (most < 0 || most > 65536) most = 65536;
  pid_t child = fork();
  if (child == 0) become_daemon(program, words, report[1], most);
  close(report[1]);
  if (child < 0) {
    close(report[0]);
    return fail_errno(t, "the daemon cannot be started", NULL);
  }
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
  *report_from = report[0];
  return TEMPRESS_OK;
}

/* Connects as soon as the new daemon listens. */
static int wait_for_daemon(tempress *t, int report) {
  struct pollfd watched = {report, POLLIN, 0};
  int error = TEMPRESS_IO;
  for (int waited = 0; waited <= START_MS; waited += LOOK_MS) {
    int ended = poll(&watched, 1, LOOK_MS) > 0;
    /* One that stopped may have found that another one serves here by now. */
    error = connect_socket(t);
    if (!error) return TEMPRESS_OK;
    if (!ended) continue;
    int reason = 0;
    if (read(report, &reason, sizeof reason) != sizeof reason) {
      return tp_fail(t, TEMPRESS_IO, "the daemon stopped as soon as it was started", "see why: tempress serve");
    }
    errno = reason;
    return fail_errno(t, "the daemon cannot be started", getenv("TEMPRESS_PROGRAM"));
  }
  return error;
}

int tp_connect(tempress *t, const char *socket, int flags) {
  t->path = socket == NULL ? default_socket() : tp_copy_text((const unsigned char *)socket, strlen(socket));
  if (t->path == NULL) return tp_fail(t, TEMPRESS_IO, "no place for a socket", "set TEMPRESS_SOCKET or HOME");
  int error = connect_socket(t);
  if (error && (flags & TEMPRESS_START) != 0) {
    int report = -1;
    error = start_daemon(t, &report);
    if (error) return error;
    error = wait_for_daemon(t, report);
    close(report);
  }
  return error ? error : greet(t);
}

static int lost(tempress *t, const char *what) {
  int error = fail_errno(t, what, "open another connection");
  close(t->socket);
  t->socket = -1;
  return error;
}

int tp_send(tempress *t, const void *bytes, size_t length) {
  const char *at = bytes;
  while (length > 0) {
    ssize_t sent = send(t->socket, at, length, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return lost(t, "the daemon cannot be reached");
    at += sent;
    length -= (size_t)sent;
  }
  return TEMPRESS_OK;
}

/* A frame of its own, for the request that is waited for. */
static int send_cancel(tempress *t) {
  unsigned char frame[TP_HEADER_BYTES] = {0, 0, 0, 0, TP_CANCEL};
  char thrown_away[64];
  while (read(t->wake[0], thrown_away, sizeof thrown_away) > 0) continue;
  for (int i = 0; i < 4; i++) frame[8 + i] = (unsigned char)(t->last_request >> (8 * i));
  return tp_send(t, frame, sizeof frame);
}

int tp_receive(tempress *t) {
  struct pollfd both[2] = {{t->socket, POLLIN, 0}, {t->wake[0], POLLIN, 0}};
  for (;;) {
    if (t->answer.capacity - t->answer.length < 65536) {
      size_t capacity = 2 * t->answer.capacity + 65536;
      unsigned char *larger = realloc(t->answer.bytes, capacity);
      if (larger == NULL) return tp_fail(t, TEMPRESS_IO, "no memory", NULL);
      t->answer.bytes = larger;
      t->answer.capacity = capacity;
    }
    if (poll(both, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return lost(t, "the daemon cannot be waited for");
    }
    if (both[1].revents != 0) {
      int error = send_cancel(t);
      if (error) return error;
    }
    if (both[0].revents == 0) continue;
    ssize_t got = recv(t->socket, t->answer.bytes + t->answer.length, t->answer.capacity - t->answer.length, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (got == 0) errno = ECONNRESET;
      return lost(t, "the daemon went away");
    }
    t->answer.length += (size_t)got;
    return TEMPRESS_OK;
  }
}

void tempress_cancel(tempress *t) {
  int before = errno;
  if (t->waiting && write(t->wake[1], "", 1) < 0) errno = 0; /* a full pipe says it already */
  errno = before;
}
