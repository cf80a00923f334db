/*
 * Tests of the C client against a running daemon ($TEMPRESS_SOCKET, or one that it starts). Run under valgrind too:
 * valgrind --leak-check=full --error-exitcode=9 build/test
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tempress.h"

static int checks = 0;
static int wrong = 0;

static void check(int good, const char *what, int line) {
  checks++;
  if (good) return;
  wrong++;
  printf("test.c:%d: not so: %s\n", line, what);
}
#define CHECK(what) check((what), #what, __LINE__)

enum { FRAMES = 12, ROWS = 60, COLUMNS = 70, COUNT = FRAMES * ROWS * COLUMNS };

static void fill(float *values) {
  for (int i = 0; i < COUNT; i++) values[i] = (float)(i % COLUMNS) * 0.25f + (float)(i / COLUMNS % ROWS) + (float)(i % 7) * 0.01f;
}

static tempress_tensor tensor_of(float *values) {
  tempress_tensor field = {TEMPRESS_FLOAT32, 3, {FRAMES, ROWS, COLUMNS}, values, COUNT * sizeof *values};
  return field;
}

static double largest(const float *one, const float *two) {
  double most = 0;
  for (int i = 0; i < COUNT; i++) {
    double error = fabs((double)one[i] - (double)two[i]);
    if (error > most) most = error;
  }
  return most;
}

static const char *const ABS[] = {"pressio:abs=0.01", "tempress:effort=fast", NULL};

static void round_trips(tempress *t) {
  /* In shared memory and in memory of the program's own, there and back. */
  for (int shared = 0; shared < 2; shared++) {
    float *values = shared ? tempress_alloc(t, COUNT * sizeof *values) : malloc(COUNT * sizeof *values);
    CHECK(values != NULL);
    fill(values);
    tempress_tensor field = tensor_of(values);
    tempress_call call = {"tezip", ABS, 0, 0};
    tempress_buffer file = {NULL, 0};
    CHECK(tempress_compress(t, &call, &field, &file) == TEMPRESS_OK);
    CHECK(file.data != NULL && file.size > 100 && file.size < field.size / 3);
    CHECK(fabs(tempress_number(t, "size:compression_ratio") - (double)field.size / (double)file.size) < 1e-9);
    CHECK(tempress_number(t, "error_stat:max_error") <= 0.01);
    CHECK(isnan(tempress_number(t, "no:such")));

    tempress_tensor back = {0};
    CHECK(tempress_decompress(t, NULL, &file, &back) == TEMPRESS_OK);
    CHECK(back.dtype == TEMPRESS_FLOAT32 && back.rank == 3 && back.shape[2] == COLUMNS && back.size == field.size);
    CHECK(back.data != NULL && largest(values, back.data) <= 0.01);

    /* Into room of the program's own, of both kinds. */
    for (int kind = 0; kind < 2; kind++) {
      float *room = kind ? tempress_alloc(t, COUNT * sizeof *room) : malloc(COUNT * sizeof *room);
      tempress_tensor into = tensor_of(room);
      CHECK(tempress_decompress(t, NULL, &file, &into) == TEMPRESS_OK);
      CHECK(into.data == room && largest(values, room) <= 0.01);
      tempress_tensor other = tensor_of(room);
      other.shape[0] = ROWS;
      other.shape[1] = FRAMES;
      CHECK(tempress_decompress(t, NULL, &file, &other) == TEMPRESS_INVALID_ARGUMENT);
      CHECK(strstr(tempress_message(t), "12x60x70") != NULL);
      if (kind) tempress_free(t, room);
      else free(room);
    }

    /* Too little room. */
    char small[100];
    tempress_buffer little = {small, sizeof small};
    CHECK(tempress_compress(t, &call, &field, &little) == TEMPRESS_LIMIT);
    tempress_free(t, back.data);
    tempress_free(t, file.data);
    if (shared) tempress_free(t, values);
    else free(values);
  }
}

static void small_and_bare(tempress *t) {
  int32_t values[64];
  for (int i = 0; i < 64; i++) values[i] = i * i;
  tempress_tensor field = {TEMPRESS_INT32, 2, {8, 8}, values, sizeof values};
  const char *lossless[] = {"pressio:lossless=5", NULL};
  tempress_call call = {"zstd", lossless, 0, 0};
  tempress_buffer file = {NULL, 0};
  CHECK(tempress_compress(t, &call, &field, &file) == TEMPRESS_OK);
  tempress_tensor back = {0};
  CHECK(tempress_decompress(t, NULL, &file, &back) == TEMPRESS_OK);
  CHECK(back.dtype == TEMPRESS_INT32 && back.size == sizeof values && memcmp(back.data, values, sizeof values) == 0);
  tempress_free(t, back.data);
  tempress_free(t, file.data);

  /* The stream of noop is the values: in place, in shared memory. */
  size_t size = (size_t)3 << 20;
  tempress_tensor big = {TEMPRESS_UINT8, 1, {size}, tempress_alloc(t, size), size};
  tempress_buffer copy = {tempress_alloc(t, size), size};
  memset(big.data, 7, size);
  tempress_call plain = {"noop", NULL, 1, 0};
  CHECK(tempress_compress(t, &plain, &big, &copy) == TEMPRESS_OK);
  CHECK(copy.size == size && memcmp(copy.data, big.data, size) == 0);
  tempress_free(t, copy.data);
  tempress_free(t, big.data);

  /* A codec's own stream says no type. */
  tempress_buffer stream = {NULL, 0};
  tempress_call sz = {"sz3", ABS, 1, 0};
  const char *without_effort[] = {"pressio:abs=0.01", NULL};
  sz.options = without_effort;
  float *floats = malloc(COUNT * sizeof *floats);
  fill(floats);
  tempress_tensor of_floats = tensor_of(floats);
  CHECK(tempress_compress(t, &sz, &of_floats, &stream) == TEMPRESS_OK);
  tempress_tensor from = {TEMPRESS_FLOAT32, 3, {FRAMES, ROWS, COLUMNS}, NULL, 0};
  CHECK(tempress_decompress(t, &sz, &stream, &from) == TEMPRESS_OK);
  CHECK(from.data != NULL && largest(floats, from.data) <= 0.01);
  tempress_free(t, from.data);
  tempress_free(t, stream.data);
  free(floats);
}

static void errors(tempress *t) {
  float values[16] = {0};
  tempress_tensor field = {TEMPRESS_FLOAT32, 1, {16}, values, sizeof values};
  tempress_buffer file = {NULL, 0};
  tempress_call unknown = {"tezap", ABS, 0, 0};
  CHECK(tempress_compress(t, &unknown, &field, &file) == TEMPRESS_INVALID_ARGUMENT);
  CHECK(strstr(tempress_message(t), "tezip") != NULL);
  const char *two[] = {"pressio:abs=1", "pressio:rel=1", NULL};
  tempress_call both = {NULL, two, 0, 0};
  CHECK(tempress_compress(t, &both, &field, &file) == TEMPRESS_INVALID_ARGUMENT);
  const char *no_value[] = {"pressio:abs", NULL};
  tempress_call half = {NULL, no_value, 0, 0};
  CHECK(tempress_compress(t, &half, &field, &file) == TEMPRESS_INVALID_ARGUMENT);
  field.size = 17;
  CHECK(tempress_compress(t, NULL, &field, &file) == TEMPRESS_INVALID_ARGUMENT);
  field.size = sizeof values;
  field.rank = 9;
  CHECK(tempress_compress(t, NULL, &field, &file) == TEMPRESS_INVALID_ARGUMENT);
  CHECK(file.data == NULL);
  char garbage[200];
  memset(garbage, 3, sizeof garbage);
  tempress_buffer wrong_file = {garbage, sizeof garbage};
  tempress_tensor back = {0};
  CHECK(tempress_decompress(t, NULL, &wrong_file, &back) == TEMPRESS_CORRUPT);
  CHECK(back.data == NULL && tempress_message(t)[0] != 0);
  CHECK(strcmp(tempress_error_name(TEMPRESS_CORRUPT), "corrupt") == 0);
  CHECK(strcmp(tempress_error_name(99), "unknown") == 0);
  CHECK(tempress_dtype_size(TEMPRESS_BOOL) == 1 && tempress_dtype_size((tempress_dtype)12) == 0);
  tempress *nobody;
  CHECK(tempress_open(&nobody, "/no/such/socket", 0) == TEMPRESS_IO);
  CHECK(strstr(tempress_message(nobody), "tempress serve") != NULL);
  tempress_close(nobody);
  tempress_close(NULL);
  tempress_free(t, NULL);
}

typedef struct {
  int options, facts, help, abs_set, choices;
} seen;

static void look(const tempress_entry *entry, void *user) {
  seen *s = user;
  s->options += entry->about == TEMPRESS_OPTION;
  s->facts += entry->about == TEMPRESS_CONFIGURATION;
  s->help += entry->about == TEMPRESS_DOCUMENTATION;
  if (entry->about == TEMPRESS_OPTION && strcmp(entry->key, "pressio:abs") == 0) {
    s->abs_set = entry->set && entry->type == TEMPRESS_TYPE_FLOAT && strcmp(entry->values[0], "0.01") == 0;
  }
  if (entry->type == TEMPRESS_TYPE_TEXTS && strcmp(entry->key, "tempress:effort") == 0) s->choices = (int)entry->count;
}

static void introspection(tempress *t) {
  seen s = {0};
  tempress_call call = {"tezip", ABS, 0, 0};
  CHECK(tempress_info(t, &call, look, &s) == TEMPRESS_OK);
  CHECK(s.options > 10 && s.facts > 5 && s.help > 10 && s.abs_set && s.choices == 3);
  float one[64], two[64];
  for (int i = 0; i < 64; i++) {
    one[i] = (float)i;
    two[i] = (float)i + 0.5f;
  }
  tempress_tensor a = {TEMPRESS_FLOAT32, 1, {64}, one, sizeof one};
  tempress_tensor b = {TEMPRESS_FLOAT32, 1, {64}, two, sizeof two};
  const char *names[] = {"error_stat", "size", NULL};
  CHECK(tempress_metrics(t, names, &a, &b, 64) == TEMPRESS_OK);
  CHECK(tempress_number(t, "error_stat:max_error") == 0.5);
  CHECK(tempress_number(t, "size:compression_ratio") == 4.0);
  size_t count = 0;
  double value = 0;
  while (tempress_number_at(t, count, &value) != NULL) count++;
  CHECK(count > 5);
  const char *json;
  CHECK(tempress_status(t, &json) == TEMPRESS_OK && strstr(json, "\"pid\"") != NULL);
  CHECK(tempress_train_status(t, &json) == TEMPRESS_OK);
  CHECK(strlen(tempress_daemon_version(t)) > 0);
}

/* More blocks than the daemon gives segments: an error, and what was freed serves again. */
static void many_blocks(tempress *t) {
  void *blocks[2000];
  int got = 0;
  while (got < 2000 && (blocks[got] = tempress_alloc(t, 1000)) != NULL) got++;
  CHECK(got > 30 && got < 2000);
  CHECK(strstr(tempress_message(t), "segments") != NULL);
  tempress_free(t, blocks[0]);
  blocks[0] = tempress_alloc(t, 900000);
  CHECK(blocks[0] != NULL);
  for (int i = 0; i < got; i++) tempress_free(t, blocks[i]);
  CHECK(tempress_alloc(t, (size_t)1 << 62) == NULL);
  CHECK(tempress_message(t)[0] != 0);
}

static void *cancel_soon(void *connection) {
  struct timespec pause = {0, 100 * 1000000L};
  nanosleep(&pause, NULL);
  tempress_cancel(connection);
  return NULL;
}

static void cancelling(tempress *t) {
  size_t count = (size_t)6 << 20;
  float *values = tempress_alloc(t, count * sizeof *values);
  CHECK(values != NULL);
  uint32_t state = 1;
  for (size_t i = 0; i < count; i++) {
    state = state * 1664525u + 1013904223u;
    values[i] = (float)(state >> 8);
  }
  tempress_tensor field = {TEMPRESS_FLOAT32, 3, {6, 1024, 1024}, values, count * sizeof *values};
  const char *slow[] = {"pressio:abs=0.001", "tempress:effort=max", NULL};
  tempress_call call = {"tezip", slow, 0, 0};
  tempress_buffer file = {NULL, 0};
  pthread_t other;
  tempress_cancel(t); /* nothing to cancel */
  CHECK(pthread_create(&other, NULL, cancel_soon, t) == 0);
  CHECK(tempress_compress(t, &call, &field, &file) == TEMPRESS_CANCELLED);
  pthread_join(other, NULL);
  call.deadline_ms = 60;
  CHECK(tempress_compress(t, &call, &field, &file) == TEMPRESS_TIMEOUT);
  CHECK(file.data == NULL);
  tempress_free(t, values);
}

int main(void) {
  tempress *t;
  if (tempress_open(&t, NULL, TEMPRESS_START) != TEMPRESS_OK) {
    printf("%s\n", tempress_message(t));
    tempress_close(t);
    return 1;
  }
  round_trips(t);
  small_and_bare(t);
  errors(t);
  introspection(t);
  many_blocks(t);
  cancelling(t);
  round_trips(t);
  tempress_close(t);
  printf("%d checks, %d wrong\n", checks, wrong);
  return wrong > 0;
}
