/*
 * Memory that the program and the daemon share. A block is a segment of its own, mapped here; the daemon reads and writes
 * it by its descriptor. Its name is removed by the daemon while it attaches. Freed blocks are kept for the next.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

/* Blocks that are kept free, in bytes; more go back at once. */
#define MOST_KEPT ((size_t)512 << 20)
/* A larger block serves if it is not wastefully large. */
#define MOST_WASTE 4

static size_t in_pages(size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  return (size + page - 1) / page * page;
}

/* Indices of blocks stay what they are while others come and go. */
static long add_block(tempress *t) {
  size_t index = 0;
  while (index < t->block_count && t->blocks[index].used) index++;
  if (index == t->block_capacity) {
    size_t capacity = 2 * t->block_capacity + 8;
    tp_block *larger = realloc(t->blocks, capacity * sizeof *larger);
    if (larger == NULL) return -1;
    t->blocks = larger;
    t->block_capacity = capacity;
  }
  if (index == t->block_count) t->block_count++;
  memset(&t->blocks[index], 0, sizeof *t->blocks);
  t->blocks[index].used = 1;
  t->blocks[index].descriptor = -1;
  return (long)index;
}

static void unmap(tp_block *block) {
  if (block->data != NULL && block->size > 0) munmap(block->data, block->size);
  block->data = NULL;
  block->size = 0;
}

static void remove_block(tempress *t, long index) {
  tp_block *block = &t->blocks[index];
  if (!block->used) return;
  if (block->number == 0) {
    free(block->data);
  } else {
    unmap(block);
    if (block->descriptor >= 0) close(block->descriptor);
  }
  memset(block, 0, sizeof *block);
}

int tp_map_block(tempress *t, long index, size_t size) {
  tp_block *block = &t->blocks[index];
  struct stat found;
  if (block->size >= size) return TEMPRESS_OK;
  /* The daemon may have made it longer; what is there is mapped and no more. */
  if (fstat(block->descriptor, &found) != 0 || (size_t)found.st_size < size) {
    return tp_fail(t, TEMPRESS_IO, "shared memory is shorter than it should be", NULL);
  }
  unmap(block);
  void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, block->descriptor, 0);
  if (data == MAP_FAILED) return tp_fail(t, TEMPRESS_IO, strerror(errno), "is there too little memory?");
  block->data = data;
  block->size = size;
  return TEMPRESS_OK;
}

static int random_bytes(unsigned char *to, size_t length) {
  int source = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  if (source < 0) return 0;
  ssize_t got = read(source, to, length);
  close(source);
  return got == (ssize_t)length;
}

/* A new segment of `size` bytes, attached. */
static long make_segment(tempress *t, size_t size) {
  unsigned char nonce[TP_NONCE_BYTES];
  char name[sizeof t->prefix + 2 * TP_NONCE_BYTES + 2];
  if (!random_bytes(nonce, sizeof nonce)) return tp_fail(t, TEMPRESS_IO, "no random numbers", NULL), -1;
  int length = snprintf(name, sizeof name, "/%s", t->prefix);
  for (size_t i = 0; i < sizeof nonce; i++) length += snprintf(name + length, 3, "%02x", nonce[i]);
  long index = add_block(t);
  if (index < 0) return tp_fail(t, TEMPRESS_IO, "no memory", NULL), -1;
  int descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (descriptor < 0) {
    remove_block(t, index);
    return tp_fail(t, TEMPRESS_IO, strerror(errno), "no shared memory: is /dev/shm there?"), -1;
  }
  /* Memory is there when this is done: a mapping without it would end the program when it is touched. */
  int reason = size == 0 ? 0 : posix_fallocate(descriptor, 0, (off_t)size);
  uint32_t number = ++t->last_segment;
  int error;
  if (reason != 0) {
    error = tp_fail(t, TEMPRESS_IO, strerror(reason), "is /dev/shm full?");
  } else {
    tp_begin(t, TP_ATTACH);
    tp_field_u32(&t->request, TP_FIELD_SEGMENT, number);
    tp_field_bytes(&t->request, TP_FIELD_NONCE, nonce, sizeof nonce);
    error = tp_ask(t);
  }
  shm_unlink(name); /* the daemon did, unless it is gone */
  t->blocks[index].number = number;
  t->blocks[index].descriptor = descriptor;
  if (!error) error = tp_map_block(t, index, size);
  if (error) {
    remove_block(t, index);
    return -1;
  }
  return index;
}

static void detach(tempress *t, long index) {
  char message[sizeof t->message];
  memcpy(message, t->message, sizeof message);
  tp_begin(t, TP_DETACH);
  tp_field_u32(&t->request, TP_FIELD_SEGMENT, t->blocks[index].number);
  tp_ask(t);
  memcpy(t->message, message, sizeof message);
  remove_block(t, index);
}

long tp_take_block(tempress *t, size_t size) {
  long best = -1;
  long spare = -1;
  size_t segments = 0;
  for (size_t i = 0; i < t->block_count; i++) {
    tp_block *block = &t->blocks[i];
    segments += block->number != 0;
    if (!block->free) continue; /* not in use, and a segment */
    spare = (long)i;
    /* For what the daemon will write (size 0) the largest is best; else the smallest that fits. */
    int fits = size == 0 || (block->size >= size && block->size / MOST_WASTE <= size);
    int better = best < 0 || (size == 0) == (block->size > t->blocks[best].size);
    if (fits && better) best = (long)i;
  }
  if (best < 0) {
    if (spare >= 0 && segments >= t->most_segments) detach(t, spare);
    best = make_segment(t, in_pages(size));
  }
  if (best >= 0) t->blocks[best].free = 0;
  return best;
}

long tp_find_block(const tempress *t, const void *data, size_t size) {
  for (size_t i = 0; i < t->block_count; i++) {
    const tp_block *block = &t->blocks[i];
    const char *start = block->data;
    const char *wanted = data;
    if (block->number == 0 || block->free || start == NULL) continue;
    if (wanted >= start && wanted <= start + block->size && size <= (size_t)(start + block->size - wanted)) {
      return (long)i;
    }
  }
  return -1;
}

void *tp_plain_block(tempress *t, size_t size) {
  long index = add_block(t);
  void *data = index < 0 ? NULL : malloc(size > 0 ? size : 1);
  if (data == NULL) {
    if (index >= 0) remove_block(t, index);
    tp_fail(t, TEMPRESS_IO, "no memory", NULL);
    return NULL;
  }
  t->blocks[index].data = data;
  t->blocks[index].size = size;
  return data;
}

void tp_free_blocks(tempress *t) {
  for (size_t i = 0; i < t->block_count; i++) remove_block(t, (long)i);
  free(t->blocks);
}

void *tempress_alloc(tempress *t, size_t size) {
  long index = tp_take_block(t, size > 0 ? size : 1);
  return index < 0 ? NULL : t->blocks[index].data;
}

void tempress_free(tempress *t, void *data) {
  size_t kept = 0;
  if (data == NULL) return;
  for (size_t i = 0; i < t->block_count; i++) kept += t->blocks[i].free ? t->blocks[i].size : 0;
  for (size_t i = 0; i < t->block_count; i++) {
    tp_block *block = &t->blocks[i];
    if (block->data != data || block->free) continue;
    if (block->number == 0) {
      remove_block(t, (long)i);
    } else if (kept + block->size > MOST_KEPT) {
      detach(t, (long)i);
    } else {
      block->free = 1;
    }
    return;
  }
}
