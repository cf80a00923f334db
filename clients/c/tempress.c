/* The calls of tempress.h. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

/* A tensor or file of at most so many bytes is sent in the frame: that is sooner there than shared memory. */
#define MOST_INLINE ((size_t)32 << 10)

/* ---- connections */

int tempress_open(tempress **connection, const char *socket, int flags) {
  tempress *t = calloc(1, sizeof *t);
  *connection = t;
  if (t == NULL) return TEMPRESS_IO;
  t->socket = t->wake[0] = t->wake[1] = -1;
  if (pipe(t->wake) != 0) return tp_fail(t, TEMPRESS_IO, "no pipe: too many open files?", NULL);
  for (int i = 0; i < 2; i++) {
    fcntl(t->wake[i], F_SETFD, FD_CLOEXEC);
    fcntl(t->wake[i], F_SETFL, O_NONBLOCK);
  }
  return tp_connect(t, socket, flags);
}

void tempress_close(tempress *t) {
  if (t == NULL) return;
  if (t->socket >= 0) close(t->socket);
  for (int i = 0; i < 2; i++) {
    if (t->wake[i] >= 0) close(t->wake[i]);
  }
  tp_free_blocks(t);
  for (size_t i = 0; i < t->number_count; i++) free(t->numbers[i].key);
  free(t->numbers);
  free(t->request.bytes);
  free(t->answer.bytes);
  free(t->text.bytes);
  free(t->path);
  free(t);
}

const char *tempress_message(const tempress *t) { return t == NULL ? "no memory" : t->message; }

const char *tempress_daemon_version(const tempress *t) { return t->version; }

const char *tempress_error_name(int error) {
  static const char *const names[] = {"ok",       "invalid-argument", "unsupported", "corrupt",
                                      "truncated", "bound-broken",     "io",          "protocol",
                                      "timeout",   "cancelled",        "limit",       "internal"};
  return error >= 0 && (size_t)error < sizeof names / sizeof *names ? names[error] : "unknown";
}

size_t tempress_dtype_size(tempress_dtype dtype) {
  static const unsigned char sizes[] = {0, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1};
  return (size_t)dtype < sizeof sizes ? sizes[dtype] : 0;
}

/* ---- what requests are made of */

/* 1 if the tensor's size is that of its type and shape. */
static int check_tensor(tempress *t, const tempress_tensor *tensor) {
  uint64_t bytes = tempress_dtype_size(tensor->dtype);
  int good = bytes > 0 && tensor->rank >= 1 && tensor->rank <= TEMPRESS_MAX_RANK;
  for (int k = 0; good && k < tensor->rank; k++) {
    good = tensor->shape[k] == 0 || bytes <= UINT64_MAX / tensor->shape[k];
    bytes *= tensor->shape[k];
  }
  if (good && bytes == tensor->size && (tensor->data != NULL || bytes == 0)) return 1;
  tp_fail(t, TEMPRESS_INVALID_ARGUMENT, "the tensor's type, shape and size do not fit each other", NULL);
  return 0;
}

static int add_options(tempress *t, const tempress_call *call) {
  if (call == NULL || call->options == NULL) return TEMPRESS_OK;
  for (const char *const *word = call->options; *word != NULL; word++) {
    const char *split = strchr(*word, '=');
    if (split == NULL || split == *word) {
      return tp_fail(t, TEMPRESS_INVALID_ARGUMENT, *word, "an option is KEY=VALUE");
    }
    size_t length = strlen(*word);
    char *option = tp_copy_text((const unsigned char *)*word, length);
    if (option == NULL) return tp_fail(t, TEMPRESS_IO, "no memory", NULL);
    option[split - *word] = 0;
    tp_field_bytes(&t->request, TP_FIELD_OPTION, option, length);
    free(option);
  }
  return TEMPRESS_OK;
}

static void add_shape(tempress *t, const tempress_tensor *tensor) {
  tp_field_u32(&t->request, TP_FIELD_DTYPE, (uint32_t)tensor->dtype);
  tp_field_u64s(&t->request, TP_FIELD_SHAPE, tensor->shape, (size_t)tensor->rank);
}

/*
 * An input that is in shared memory already, or is copied there if it is not small; before the request is begun, since
 * it may ask the daemon for memory. *temporary is the copy, or -1.
 */
static int share(tempress *t, const void *data, size_t size, long *temporary) {
  *temporary = -1;
  if (size <= MOST_INLINE || tp_find_block(t, data, size) >= 0) return TEMPRESS_OK;
  *temporary = tp_take_block(t, size);
  if (*temporary < 0) return TEMPRESS_IO;
  memcpy(t->blocks[*temporary].data, data, size);
  return TEMPRESS_OK;
}

static void add_place(tempress *t, unsigned tag, long block, const void *data, uint32_t flags, uint64_t size) {
  const tp_block *found = &t->blocks[block];
  uint64_t offset = data == NULL ? 0 : (uint64_t)((const char *)data - (const char *)found->data);
  tp_field_place(&t->request, tag, found->number, flags, offset, size);
}

static void add_input(tempress *t, const void *data, size_t size, long temporary) {
  if (size <= MOST_INLINE) {
    tp_field_inline(&t->request, data, size);
  } else if (temporary >= 0) {
    add_place(t, TP_FIELD_INPUT, temporary, NULL, 0, size);
  } else {
    add_place(t, TP_FIELD_INPUT, tp_find_block(t, data, size), data, 0, size);
  }
}

static void drop(tempress *t, long block) {
  if (block >= 0) t->blocks[block].free = 1;
}

/* ---- outputs */

/* Where an output shall go: the program's own room, or a block that the daemon makes as long as it needs. */
typedef struct {
  void *room; /* NULL: none was given */
  size_t size;
  long block; /* that it is written to, or -1: into the answer, or copied from `spare` */
  long spare;
} output;

static int prepare_output(tempress *t, output *to, void *room, size_t size) {
  to->room = room;
  to->size = size;
  to->block = room == NULL ? -1 : tp_find_block(t, room, size);
  to->spare = -1;
  if (to->block >= 0) return TEMPRESS_OK;
  to->spare = tp_take_block(t, 0);
  return to->spare < 0 ? TEMPRESS_IO : TEMPRESS_OK;
}

static void add_output(tempress *t, const output *to) {
  if (to->block >= 0) {
    add_place(t, TP_FIELD_OUTPUT, to->block, to->room, 0, to->size);
  } else {
    add_place(t, TP_FIELD_OUTPUT, to->spare, NULL, TP_GROW | TP_INLINE_IF_SMALL, 0);
  }
}

/* Takes output number `wanted` of the answer to where it belongs. */
static int take_output(tempress *t, output *to, size_t wanted, void **data, size_t *size) {
  const tp_field *found = NULL;
  tp_field field;
  size_t seen = 0;
  for (size_t at = 0; found == NULL && tp_next_field(t, &at, &field);) {
    if (field.tag == TP_FIELD_OUTPUT && seen++ == wanted) found = &field;
  }
  if (found == NULL || found->length < 8 || (tp_u32(found->bytes) != 0 && found->length != 24)) {
    drop(t, to->spare);
    return tp_fail(t, TEMPRESS_PROTOCOL, "the daemon's answer has no output", NULL);
  }
  int in_frame = tp_u32(found->bytes) == 0;
  uint64_t length = in_frame ? found->length - 8 : tp_u64(found->bytes + 16);
  const void *bytes = found->bytes + 8;
  if (to->room != NULL && length > to->size) {
    drop(t, to->spare);
    snprintf(t->message, sizeof t->message, "the output has %llu bytes, there is room for %llu",
             (unsigned long long)length, (unsigned long long)to->size);
    return TEMPRESS_LIMIT;
  }
  if (!in_frame && to->block < 0) {
    int error = tp_map_block(t, to->spare, (size_t)length);
    if (error) {
      drop(t, to->spare);
      return error;
    }
    bytes = t->blocks[to->spare].data;
  }
  *size = (size_t)length;
  if (to->room != NULL) {
    if (in_frame || to->block < 0) memcpy(to->room, bytes, (size_t)length);
    drop(t, to->spare);
    *data = to->room;
    return TEMPRESS_OK;
  }
  if (!in_frame) {
    *data = t->blocks[to->spare].data;
    return TEMPRESS_OK;
  }
  drop(t, to->spare);
  *data = tp_plain_block(t, (size_t)length);
  if (*data == NULL) return TEMPRESS_IO;
  memcpy(*data, bytes, (size_t)length);
  return TEMPRESS_OK;
}

/* ---- calls */

static void add_call(tempress *t, const tempress_call *call, const char *codec) {
  if (codec != NULL) tp_field_text(&t->request, TP_FIELD_CODEC, codec);
  if (call != NULL && call->bare) tp_field_u32(&t->request, TP_FIELD_FORM, 1);
  if (call != NULL && call->deadline_ms > 0) tp_field_u32(&t->request, TP_FIELD_DEADLINE, call->deadline_ms);
}

int tempress_compress(tempress *t, const tempress_call *call, const tempress_tensor *values, tempress_buffer *file) {
  output to;
  long temporary;
  t->message[0] = 0;
  if (!check_tensor(t, values)) return TEMPRESS_INVALID_ARGUMENT;
  int error = share(t, values->data, values->size, &temporary);
  if (error) return error;
  error = prepare_output(t, &to, file->data, file->size);
  if (!error) {
    tp_begin(t, TP_COMPRESS);
    add_call(t, call, call != NULL && call->codec != NULL ? call->codec : "tezip");
    add_shape(t, values);
    error = add_options(t, call);
    add_input(t, values->data, values->size, temporary);
    add_output(t, &to);
    if (!error) error = tp_ask(t);
    if (error) drop(t, to.spare);
    else error = take_output(t, &to, 0, &file->data, &file->size);
  }
  drop(t, temporary);
  return error;
}

/* Type and shape from the answer. */
static int take_shape(tempress *t, tempress_tensor *values) {
  tp_field field;
  int seen = 0;
  for (size_t at = 0; tp_next_field(t, &at, &field);) {
    if (field.tag == TP_FIELD_DTYPE && field.length == 4) {
      values->dtype = (tempress_dtype)tp_u32(field.bytes);
      seen |= 1;
    }
    if (field.tag == TP_FIELD_SHAPE && field.length % 8 == 0 && field.length / 8 <= TEMPRESS_MAX_RANK) {
      values->rank = (int)(field.length / 8);
      for (int k = 0; k < values->rank; k++) values->shape[k] = tp_u64(field.bytes + 8 * k);
      seen |= 2;
    }
  }
  return seen == 3 ? TEMPRESS_OK : tp_fail(t, TEMPRESS_PROTOCOL, "the daemon's answer has no shape", NULL);
}

int tempress_decompress(tempress *t, const tempress_call *call, const tempress_buffer *file, tempress_tensor *values) {
  output to;
  long temporary;
  int expected = values->data != NULL || (call != NULL && call->bare && values->rank > 0);
  t->message[0] = 0;
  if (values->data != NULL && !check_tensor(t, values)) return TEMPRESS_INVALID_ARGUMENT;
  int error = share(t, file->data, file->size, &temporary);
  if (error) return error;
  error = prepare_output(t, &to, values->data, values->data == NULL ? 0 : values->size);
  if (!error) {
    tp_begin(t, TP_DECOMPRESS);
    add_call(t, call, call == NULL ? NULL : call->codec);
    if (expected) add_shape(t, values);
    error = add_options(t, call);
    add_input(t, file->data, file->size, temporary);
    add_output(t, &to);
    if (!error) error = tp_ask(t);
    if (!error) error = take_shape(t, values);
    if (error) drop(t, to.spare);
    else error = take_output(t, &to, 0, &values->data, &values->size);
  }
  drop(t, temporary);
  return error;
}

int tempress_metrics(tempress *t, const char *const *names, const tempress_tensor *original,
                     const tempress_tensor *decoded, size_t compressed_size) {
  long copies[2] = {-1, -1};
  uint64_t size = compressed_size;
  t->message[0] = 0;
  if (!check_tensor(t, original) || !check_tensor(t, decoded)) return TEMPRESS_INVALID_ARGUMENT;
  int error = share(t, original->data, original->size, &copies[0]);
  if (!error) error = share(t, decoded->data, decoded->size, &copies[1]);
  if (!error) {
    tp_begin(t, TP_METRICS);
    for (; *names != NULL; names++) tp_field_text(&t->request, TP_FIELD_METRIC, *names);
    add_shape(t, original);
    tp_field_u64s(&t->request, TP_FIELD_SIZE, &size, 1);
    add_input(t, original->data, original->size, copies[0]);
    add_input(t, decoded->data, decoded->size, copies[1]);
    error = tp_ask(t);
  }
  for (int i = 0; i < 2; i++) drop(t, copies[i]);
  return error;
}

/* One entry; 1 if it was whole. */
static int give_entry(const tp_field *field, void (*each)(const tempress_entry *, void *), void *user) {
  const unsigned char *end = field->bytes + field->length;
  if (field->length < 8 || tp_u32(field->bytes + 4) > field->length - 8) return 0;
  size_t key_length = tp_u32(field->bytes + 4);
  const unsigned char *values = field->bytes + 8 + key_length;
  size_t count = 0;
  for (const unsigned char *at = values; at < end; at++) count += *at == 0;
  if (values < end && end[-1] != 0) return 0;
  char *key = tp_copy_text(field->bytes + 8, key_length);
  const char **list = malloc((count + 1) * sizeof *list);
  if (key != NULL && list != NULL) {
    const char *at = (const char *)values;
    for (size_t i = 0; i < count; i++) {
      list[i] = at;
      at += strlen(at) + 1;
    }
    tempress_entry entry = {(enum tempress_about)field->bytes[0], (enum tempress_type)field->bytes[1], key,
                            field->bytes[2] == 1, count, list};
    each(&entry, user);
  }
  int whole = key != NULL && list != NULL;
  free(key);
  free(list);
  return whole;
}

int tempress_info(tempress *t, const tempress_call *call, void (*each)(const tempress_entry *, void *), void *user) {
  tp_field field;
  tp_begin(t, TP_OPTIONS);
  add_call(t, NULL, call != NULL && call->codec != NULL ? call->codec : "tezip");
  int error = add_options(t, call);
  if (!error) error = tp_ask(t);
  for (size_t at = 0; !error && tp_next_field(t, &at, &field);) {
    if (field.tag == TP_FIELD_INFO && !give_entry(&field, each, user)) {
      error = tp_fail(t, TEMPRESS_PROTOCOL, "the daemon's answer is cut off", NULL);
    }
  }
  return error;
}

/* All texts of one kind in the answer, a line each. */
static int take_text(tempress *t, unsigned tag, const char **text) {
  tp_field field;
  t->text.length = 0;
  t->text.failed = 0;
  for (size_t at = 0; tp_next_field(t, &at, &field);) {
    if (field.tag != tag) continue;
    if (t->text.length > 0) tp_append(&t->text, "\n", 1);
    tp_append(&t->text, field.bytes, field.length);
  }
  tp_append(&t->text, "", 1);
  if (t->text.failed) return tp_fail(t, TEMPRESS_IO, "no memory", NULL);
  *text = (const char *)t->text.bytes;
  return TEMPRESS_OK;
}

int tempress_status(tempress *t, const char **json) {
  tp_begin(t, TP_STATUS);
  int error = tp_ask(t);
  return error ? error : take_text(t, TP_FIELD_JSON, json);
}

int tempress_train_status(tempress *t, const char **lines) {
  tp_begin(t, TP_TRAIN_STATUS);
  int error = tp_ask(t);
  return error ? error : take_text(t, TP_FIELD_JSON, lines);
}

/* Both texts one behind the other, so that one block holds them. */
static int take_answer_texts(tempress *t, tempress_answer *answer) {
  tp_field field;
  size_t out = 0;
  t->text.length = 0;
  t->text.failed = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (size_t at = 0; tp_next_field(t, &at, &field);) {
      if (field.tag == TP_FIELD_EXIT_STATUS && field.length == 4) answer->status = (int)tp_u32(field.bytes);
      if (field.tag == (pass == 0 ? TP_FIELD_STDOUT : TP_FIELD_STDERR)) {
        tp_append(&t->text, field.bytes, field.length);
      }
    }
    tp_append(&t->text, "", 1);
    if (pass == 0) out = t->text.length;
  }
  if (t->text.failed) return tp_fail(t, TEMPRESS_IO, "no memory", NULL);
  answer->out = (const char *)t->text.bytes;
  answer->err = (const char *)t->text.bytes + out;
  return TEMPRESS_OK;
}

int tempress_external(tempress *t, const char *const *words, size_t word_count, const tempress_buffer *inputs,
                      size_t input_count, const char *const *output_names, tempress_buffer *outputs, size_t most,
                      tempress_answer *answer) {
  int error = TEMPRESS_OK;
  size_t ready = 0;
  long *copies = malloc((input_count + 1) * sizeof *copies);
  output *places = malloc((most + 1) * sizeof *places);
  memset(answer, 0, sizeof *answer);
  if (copies == NULL || places == NULL) error = tp_fail(t, TEMPRESS_IO, "no memory", NULL);
  for (size_t i = 0; copies != NULL && i < input_count; i++) copies[i] = -1;
  for (size_t i = 0; !error && i < input_count; i++) error = share(t, inputs[i].data, inputs[i].size, &copies[i]);
  for (; !error && ready < most; ready += !error) error = prepare_output(t, &places[ready], NULL, 0);
  if (!error) {
    tp_begin(t, TP_EXTERNAL);
    for (size_t i = 0; i < word_count; i++) tp_field_text(&t->request, TP_FIELD_ARGUMENT, words[i]);
    for (size_t i = 0; i < input_count; i++) add_input(t, inputs[i].data, inputs[i].size, copies[i]);
    for (size_t i = 0; i < most; i++) add_output(t, &places[i]);
    for (size_t i = 0; i < most; i++) tp_field_text(&t->request, TP_FIELD_OUTPUT_NAME, output_names[i]);
    error = tp_ask(t);
  }
  if (!error) error = take_answer_texts(t, answer);
  tp_field field;
  size_t made = 0;
  for (size_t at = 0; !error && tp_next_field(t, &at, &field);) made += field.tag == TP_FIELD_OUTPUT;
  for (size_t i = 0; i < ready; i++) {
    if (error || i >= made) drop(t, places[i].spare);
    else error = take_output(t, &places[i], i, &outputs[i].data, &outputs[i].size);
    if (!error && i < made) answer->outputs++;
  }
  for (size_t i = 0; copies != NULL && i < input_count; i++) drop(t, copies[i]);
  free(copies);
  free(places);
  return error;
}
