/* Frames: requests are built in t->request, answers are read from t->answer. docs/PROTOCOL.md says how they look. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static void put_u16(unsigned char *to, unsigned value) {
  to[0] = (unsigned char)value;
  to[1] = (unsigned char)(value >> 8);
}

static void put_u32(unsigned char *to, uint32_t value) {
  for (int i = 0; i < 4; i++) to[i] = (unsigned char)(value >> (8 * i));
}

static void put_u64(unsigned char *to, uint64_t value) {
  for (int i = 0; i < 8; i++) to[i] = (unsigned char)(value >> (8 * i));
}

uint32_t tp_u32(const unsigned char *bytes) {
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

uint64_t tp_u64(const unsigned char *bytes) { return (uint64_t)tp_u32(bytes) | (uint64_t)tp_u32(bytes + 4) << 32; }

static double f64(const unsigned char *bytes) {
  uint64_t bits = tp_u64(bytes);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

void tp_append(tp_bytes *to, const void *bytes, size_t length) {
  if (to->failed) return;
  if (to->capacity - to->length < length) {
    size_t capacity = 2 * to->capacity + length + 256;
    unsigned char *larger = realloc(to->bytes, capacity);
    if (larger == NULL) {
      to->failed = 1;
      return;
    }
    to->bytes = larger;
    to->capacity = capacity;
  }
  if (length > 0) memcpy(to->bytes + to->length, bytes, length);
  to->length += length;
}

char *tp_copy_text(const unsigned char *bytes, size_t length) {
  char *text = malloc(length + 1);
  if (text == NULL) return NULL;
  if (length > 0) memcpy(text, bytes, length);
  text[length] = 0;
  return text;
}

void tp_begin(tempress *t, unsigned type) {
  unsigned char header[TP_HEADER_BYTES] = {0};
  t->request.length = 0;
  t->request.failed = 0;
  put_u16(header + 4, type);
  if (type != TP_HELLO) put_u32(header + 8, ++t->last_request);
  tp_append(&t->request, header, sizeof header);
}

static void begin_field(tp_bytes *to, unsigned tag, size_t length) {
  unsigned char header[TP_FIELD_HEADER_BYTES] = {0};
  put_u16(header, tag);
  put_u32(header + 4, (uint32_t)length);
  tp_append(to, header, sizeof header);
}

static void end_field(tp_bytes *to, size_t length) {
  static const unsigned char zeros[8] = {0};
  tp_append(to, zeros, (8 - length % 8) % 8);
}

void tp_field_bytes(tp_bytes *to, unsigned tag, const void *bytes, size_t length) {
  if (length > TP_MOST_BODY) { /* it cannot be sent; tp_ask says so */
    to->failed = 1;
    return;
  }
  begin_field(to, tag, length);
  tp_append(to, bytes, length);
  end_field(to, length);
}

void tp_field_text(tp_bytes *to, unsigned tag, const char *text) { tp_field_bytes(to, tag, text, strlen(text)); }

void tp_field_u32(tp_bytes *to, unsigned tag, uint32_t value) {
  unsigned char bytes[4];
  put_u32(bytes, value);
  tp_field_bytes(to, tag, bytes, sizeof bytes);
}

void tp_field_u64s(tp_bytes *to, unsigned tag, const uint64_t *values, size_t count) {
  begin_field(to, tag, 8 * count);
  for (size_t i = 0; i < count; i++) {
    unsigned char bytes[8];
    put_u64(bytes, values[i]);
    tp_append(to, bytes, sizeof bytes);
  }
}

void tp_field_inline(tp_bytes *to, const void *bytes, size_t length) {
  static const unsigned char header[8] = {0};
  begin_field(to, TP_FIELD_INPUT, 8 + length);
  tp_append(to, header, sizeof header);
  tp_append(to, bytes, length);
  end_field(to, length);
}

void tp_field_place(tp_bytes *to, unsigned tag, uint32_t segment, uint32_t flags, uint64_t offset, uint64_t length) {
  unsigned char bytes[24];
  put_u32(bytes, segment);
  put_u32(bytes + 4, flags);
  put_u64(bytes + 8, offset);
  put_u64(bytes + 16, length);
  tp_field_bytes(to, tag, bytes, sizeof bytes);
}

int tp_next_field(const tempress *t, size_t *at, tp_field *field) {
  const unsigned char *body = t->answer.bytes + TP_HEADER_BYTES;
  size_t length = t->answer_length - TP_HEADER_BYTES;
  if (length - *at < TP_FIELD_HEADER_BYTES) return 0;
  field->tag = body[*at] | (unsigned)body[*at + 1] << 8;
  field->length = tp_u32(body + *at + 4);
  *at += TP_FIELD_HEADER_BYTES;
  if (field->length > length - *at) return 0;
  field->bytes = body + *at;
  size_t padded = (field->length + 7) & ~(size_t)7;
  *at = padded > length - *at ? length : *at + padded;
  return 1;
}

int tp_fail(tempress *t, int error, const char *what, const char *hint) {
  snprintf(t->message, sizeof t->message, hint ? "%s - %s" : "%s", what, hint);
  return error;
}

/* Message, place and remedy of an error frame on one line. */
static int take_error(tempress *t) {
  char parts[3][1200] = {"", "", ""};
  uint32_t number = TEMPRESS_PROTOCOL;
  tp_field field;
  for (size_t at = 0; tp_next_field(t, &at, &field);) {
    if (field.tag == TP_FIELD_ERROR_NUMBER && field.length == 4) number = tp_u32(field.bytes);
    if (field.tag < TP_FIELD_MESSAGE || field.tag > TP_FIELD_HINT) continue;
    char *part = parts[field.tag - TP_FIELD_MESSAGE];
    size_t length = field.length < sizeof parts[0] - 1 ? field.length : sizeof parts[0] - 1;
    memcpy(part, field.bytes, length);
    part[length] = 0;
  }
  snprintf(t->message, sizeof t->message, "%s%s%s%s%s%s", parts[0], parts[1][0] ? " [" : "", parts[1],
           parts[1][0] ? "]" : "", parts[2][0] ? " - " : "", parts[2]);
  return number == 0 || number > TEMPRESS_INTERNAL ? TEMPRESS_PROTOCOL : (int)number;
}

/* The answer that was read; more may have come behind it. */
static void drop_answer(tempress *t) {
  t->answer.length -= t->answer_length;
  memmove(t->answer.bytes, t->answer.bytes + t->answer_length, t->answer.length);
  t->answer_length = 0;
}

static void forget_numbers(tempress *t) {
  for (size_t i = 0; i < t->number_count; i++) free(t->numbers[i].key);
  t->number_count = 0;
}

static int take_numbers(tempress *t) {
  tp_field field;
  for (size_t at = 0; tp_next_field(t, &at, &field);) {
    if (field.tag != TP_FIELD_NUMBER || field.length < 8) continue;
    if (t->number_count == t->number_capacity) {
      size_t capacity = 2 * t->number_capacity + 16;
      tp_number *larger = realloc(t->numbers, capacity * sizeof *larger);
      if (larger == NULL) return tp_fail(t, TEMPRESS_IO, "no memory", NULL);
      t->numbers = larger;
      t->number_capacity = capacity;
    }
    char *key = tp_copy_text(field.bytes + 8, field.length - 8);
    if (key == NULL) return tp_fail(t, TEMPRESS_IO, "no memory", NULL);
    t->numbers[t->number_count].key = key;
    t->numbers[t->number_count++].value = f64(field.bytes);
  }
  return TEMPRESS_OK;
}

/* Bytes of the frame that begins in t->answer; 0 as long as its header has not come. */
static size_t frame_length(const tempress *t) {
  return t->answer.length < TP_HEADER_BYTES ? 0 : TP_HEADER_BYTES + (size_t)tp_u32(t->answer.bytes);
}

/* Waits for the frame that answers the latest request. */
static int take_answer(tempress *t, uint32_t request) {
  for (;;) {
    size_t length = frame_length(t);
    while (length == 0 || t->answer.length < length) {
      if (length > TP_HEADER_BYTES + TP_MOST_BODY) {
        return tp_fail(t, TEMPRESS_PROTOCOL, "the daemon sent too large a frame", NULL);
      }
      int error = tp_receive(t);
      if (error) return error;
      length = frame_length(t);
    }
    t->answer_length = length;
    uint32_t answered = tp_u32(t->answer.bytes + 8);
    unsigned type = t->answer.bytes[4] | (unsigned)t->answer.bytes[5] << 8;
    if (type == TP_ERROR && (answered == request || answered == 0)) return take_error(t);
    if (answered == request && (type == TP_DONE || type == TP_WELCOME)) return take_numbers(t);
    drop_answer(t); /* of a request that was given up */
  }
}

int tp_ask(tempress *t) {
  forget_numbers(t);
  t->message[0] = 0;
  if (t->socket < 0) return tp_fail(t, TEMPRESS_IO, "there is no connection to a daemon", "open another one");
  if (t->request.failed || t->request.length - TP_HEADER_BYTES > TP_MOST_BODY) {
    return tp_fail(t, TEMPRESS_LIMIT, "the request is too large, or there is no memory for it", NULL);
  }
  put_u32(t->request.bytes, (uint32_t)(t->request.length - TP_HEADER_BYTES));
  uint32_t request = tp_u32(t->request.bytes + 8);
  if (t->answer_length > 0) drop_answer(t);
  int error = tp_send(t, t->request.bytes, t->request.length);
  if (error) return error;
  t->waiting = 1;
  error = take_answer(t, request);
  t->waiting = 0;
  return error;
}

double tempress_number(const tempress *t, const char *key) {
  for (size_t i = 0; i < t->number_count; i++) {
    if (strcmp(t->numbers[i].key, key) == 0) return t->numbers[i].value;
  }
  return NAN;
}

const char *tempress_number_at(const tempress *t, size_t index, double *value) {
  if (index >= t->number_count) return NULL;
  if (value != NULL) *value = t->numbers[index].value;
  return t->numbers[index].key;
}
