/* What the bridge costs a C program. Prints one JSON object a line; bench/bridge.mjs runs it and writes the page. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tempress.h"

static double now(void) { /* microseconds */
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void report(const char *what, double *times, int count) {
  qsort(times, (size_t)count, sizeof *times, by_size);
  printf("{\"what\": \"%s\", \"count\": %d, \"min\": %.2f, \"median\": %.2f, \"p90\": %.2f, \"p99\": %.2f}\n", what, count,
         times[0], times[count / 2], times[count * 9 / 10], times[count * 99 / 100]);
}

static tempress *open_or_exit(void) {
  tempress *t;
  if (tempress_open(&t, NULL, 0) == TEMPRESS_OK) return t;
  fprintf(stderr, "%s\n", tempress_message(t));
  exit(1);
}

static void must(tempress *t, int error) {
  if (error == TEMPRESS_OK) return;
  fprintf(stderr, "%s\n", tempress_message(t));
  exit(1);
}

static const char *const LOSSLESS[] = {"pressio:lossless=5", NULL};
static const char *const ABS[] = {"pressio:abs=0.01", NULL};

/* A tensor of 4 KB there and its compressed form back. */
static void latency(const char *what, tempress_call call, int count) {
  enum { VALUES = 1024 };
  tempress *t = open_or_exit();
  float values[VALUES];
  char room[8192];
  double *times = malloc((size_t)count * sizeof *times);
  for (int i = 0; i < VALUES; i++) values[i] = (float)(i % 37) * 0.5f;
  tempress_tensor field = {TEMPRESS_FLOAT32, 3, {4, 16, 16}, values, sizeof values};
  for (int i = -count / 4; i < count; i++) { /* a quarter more to begin with, not counted */
    tempress_buffer file = {room, sizeof room};
    double before = now();
    must(t, tempress_compress(t, &call, &field, &file));
    if (i >= 0) times[i] = now() - before;
  }
  report(what, times, count);
  free(times);
  tempress_close(t);
}

/* `megabytes` in and out through shared memory, and memcpy of the same bytes twice, alternately. */
static void copies(int megabytes, int count) {
  size_t size = (size_t)megabytes << 20;
  tempress *t = open_or_exit();
  char *in = tempress_alloc(t, size);
  char *out = tempress_alloc(t, size);
  char *middle = malloc(size);
  if (in == NULL || out == NULL || middle == NULL) exit(1);
  memset(in, 1, size);
  memset(out, 2, size);
  memset(middle, 3, size);
  tempress_call call = {"noop", NULL, 1, 0};
  tempress_tensor field = {TEMPRESS_UINT8, 1, {size}, in, size};
  double *daemon = malloc((size_t)count * sizeof *daemon);
  double *copied = malloc((size_t)count * sizeof *copied);
  for (int i = -2; i < count; i++) {
    tempress_buffer file = {out, size};
    double before = now();
    memcpy(middle, in, size);
    memcpy(out, middle, size);
    double between = now();
    must(t, tempress_compress(t, &call, &field, &file));
    double after = now();
    if (i < 0) continue;
    copied[i] = between - before;
    daemon[i] = after - between;
  }
  report("memcpy twice", copied, count);
  report("daemon", daemon, count);
  if (memcmp(in, out, size) != 0) exit(1);
  free(middle);
  free(daemon);
  free(copied);
  tempress_close(t);
}

/* Clients that ask as fast as they can for `seconds`: what each of them got done, and the slowest to the fastest. */
static void together(const char *what, int clients, double seconds, tempress_call call, uint64_t frames) {
  int pipes[64][2];
  int go[2];
  if (pipe(go) != 0) exit(1);
  for (int c = 0; c < clients; c++) {
    if (pipe(pipes[c]) != 0) exit(1);
    if (fork() != 0) continue;
    size_t count = (size_t)frames * 16 * 16;
    float *values = malloc(count * sizeof *values);
    char *room = malloc(count * 8 + 4096);
    for (size_t i = 0; i < count; i++) values[i] = (float)(i % 16) + (float)(i / 16 % 16) * 0.5f + (float)(i % 7) * 0.01f;
    tempress *t = open_or_exit();
    tempress_tensor field = {TEMPRESS_FLOAT32, 3, {frames, 16, 16}, values, count * sizeof *values};
    tempress_buffer first = {room, count * 8 + 4096};
    must(t, tempress_compress(t, &call, &field, &first));
    char byte;
    close(go[1]);
    if (read(go[0], &byte, 1) < 0) exit(1);
    long done = 0;
    for (double end = now() + seconds * 1e6; now() < end; done++) {
      tempress_buffer file = {room, count * 8 + 4096};
      must(t, tempress_compress(t, &call, &field, &file));
    }
    if (write(pipes[c][1], &done, sizeof done) != sizeof done) exit(1);
    tempress_close(t);
    exit(0);
  }
  struct timespec pause = {1, 0};
  nanosleep(&pause, NULL);
  close(go[0]);
  close(go[1]);
  long all = 0, least = -1, most = 0;
  for (int c = 0; c < clients; c++) {
    long done = 0;
    if (read(pipes[c][0], &done, sizeof done) != sizeof done) exit(1); /* a client that failed */
    close(pipes[c][0]);
    close(pipes[c][1]);
    all += done;
    if (least < 0 || done < least) least = done;
    if (done > most) most = done;
  }
  int failed = 0;
  for (int c = 0; c < clients; c++) {
    int status;
    wait(&status);
    failed += status != 0;
  }
  printf("{\"what\": \"%s\", \"clients\": %d, \"per_second\": %.1f, \"least\": %ld, \"most\": %ld, \"failed\": %d}\n", what,
         clients, (double)all / seconds, least, most, failed);
  fflush(stdout);
}

int main(int count, char **words) {
  const char *what = count > 1 ? words[1] : "";
  tempress_call bare = {"noop", NULL, 1, 0};
  tempress_call noop = {"noop", LOSSLESS, 0, 0};
  tempress_call tezip = {"tezip", ABS, 0, 0};
  if (strcmp(what, "latency") == 0) {
    latency("noop", bare, 8000);
    latency("noop in a .tpz file", noop, 4000);
  } else if (strcmp(what, "copies") == 0) {
    copies(64, 15);
  } else if (strcmp(what, "together") == 0) {
    for (int clients = 1; clients <= 8; clients *= 8) {
      together("noop", clients, 2, bare, 4);
      together("tezip", clients, 3, tezip, 4);
    }
  } else {
    fprintf(stderr, "bridge latency|copies|together\n");
    return 2;
  }
  return 0;
}
