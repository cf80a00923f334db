/* What the files of the client share. */
#ifndef TEMPRESS_INTERNAL_H
#define TEMPRESS_INTERNAL_H

#include "protocol.h"
#include "tempress.h"

/* Bytes that grow. `failed` stays 1 once there was no memory, so that it can be checked once, at the end. */
typedef struct {
  unsigned char *bytes;
  size_t length;
  size_t capacity;
  int failed;
} tp_bytes;

/* A field of an answer; it points into the connection's answer. */
typedef struct {
  unsigned tag;
  const unsigned char *bytes;
  size_t length;
} tp_field;

/* Memory given to the program: a segment that is mapped, or (number 0) plain memory. */
typedef struct {
  uint32_t number;
  int descriptor;
  void *data;
  size_t size; /* mapped */
  int used;    /* this entry holds a block */
  int free;    /* kept for the next */
} tp_block;

typedef struct {
  char *key;
  double value;
} tp_number;

struct tempress {
  int socket; /* -1: lost */
  int wake[2];
  char *path;
  char prefix[128];
  char version[32];
  uint64_t most_segments;
  uint32_t last_request;
  uint32_t last_segment;
  volatile int waiting; /* within a call that can be cancelled */
  tp_bytes request;
  tp_bytes answer; /* what came and is not read yet; a frame begins at 0 */
  size_t answer_length;
  tp_block *blocks;
  size_t block_count;
  size_t block_capacity;
  tp_number *numbers;
  size_t number_count;
  size_t number_capacity;
  tp_bytes text;
  char message[4096];
};

/* frame.c */
void tp_append(tp_bytes *to, const void *bytes, size_t length);
void tp_begin(tempress *t, unsigned type);
void tp_field_bytes(tp_bytes *to, unsigned tag, const void *bytes, size_t length);
void tp_field_text(tp_bytes *to, unsigned tag, const char *text);
void tp_field_u32(tp_bytes *to, unsigned tag, uint32_t value);
void tp_field_u64s(tp_bytes *to, unsigned tag, const uint64_t *values, size_t count);
void tp_field_inline(tp_bytes *to, const void *bytes, size_t length);
void tp_field_place(tp_bytes *to, unsigned tag, uint32_t segment, uint32_t flags, uint64_t offset, uint64_t length);
uint32_t tp_u32(const unsigned char *bytes);
uint64_t tp_u64(const unsigned char *bytes);
/* The next field from *at on; 0 at the end or where the frame is wrong. */
int tp_next_field(const tempress *t, size_t *at, tp_field *field);
/* Sends the request and waits for its answer, with the numbers in it. */
int tp_ask(tempress *t);
int tp_fail(tempress *t, int error, const char *what, const char *hint);
char *tp_copy_text(const unsigned char *bytes, size_t length);

/* connect.c */
int tp_connect(tempress *t, const char *socket, int flags);
int tp_send(tempress *t, const void *bytes, size_t length);
/* More of the answer; a cancel is sent when it is asked for. */
int tp_receive(tempress *t);

/* memory.c */
/* A block for `size` bytes, or for what the daemon will write; index in t->blocks, or -1. */
long tp_take_block(tempress *t, size_t size);
/* The block that holds [data, data + size), or -1. */
long tp_find_block(const tempress *t, const void *data, size_t size);
int tp_map_block(tempress *t, long block, size_t size);
void *tp_plain_block(tempress *t, size_t size);
void tp_free_blocks(tempress *t);

#endif
