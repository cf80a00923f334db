/*
 * Tempress for C programs: error-bounded compression of tensors by the daemon `tempress serve`.
 *
 *   tempress *t;
 *   if (tempress_open(&t, NULL, TEMPRESS_START) != TEMPRESS_OK) ...
 *   float *values = tempress_alloc(t, bytes);          // in shared memory: nothing is copied on this side
 *   tempress_tensor field = {TEMPRESS_FLOAT32, 3, {132, 73, 144}, values, bytes};
 *   const char *options[] = {"pressio:abs=0.01", NULL};
 *   tempress_buffer file = {NULL, 0};
 *   tempress_call call = {"tezip", options, 0, 0};
 *   if (tempress_compress(t, &call, &field, &file) != TEMPRESS_OK) fputs(tempress_message(t), stderr);
 *
 * C99 and POSIX, libc only. Every function that can fail gives a number: 0, or one of enum tempress_error.
 * A connection is for one thread at a time; several connections may be used at once. Only tempress_cancel may be
 * called from another thread or a signal handler.
 */
#ifndef TEMPRESS_H
#define TEMPRESS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TEMPRESS_VERSION_MAJOR 0
#define TEMPRESS_VERSION_MINOR 1
#define TEMPRESS_VERSION_PATCH 0
#define TEMPRESS_VERSION "0.1.0"

/* The same numbers as in all of Tempress. */
enum tempress_error {
  TEMPRESS_OK = 0,
  TEMPRESS_INVALID_ARGUMENT = 1, /* an option, type or shape that does not go */
  TEMPRESS_UNSUPPORTED = 2,      /* not by this codec or version */
  TEMPRESS_CORRUPT = 3,          /* the file is damaged */
  TEMPRESS_TRUNCATED = 4,        /* the file ends too soon */
  TEMPRESS_BOUND_BROKEN = 5,     /* the promise was not kept; nothing was written */
  TEMPRESS_IO = 6,               /* no daemon, no memory, or it went away */
  TEMPRESS_PROTOCOL = 7,         /* the daemon does not understand us, or we it */
  TEMPRESS_TIMEOUT = 8,          /* not done by the deadline */
  TEMPRESS_CANCELLED = 9,        /* tempress_cancel was called, or the daemon stops */
  TEMPRESS_LIMIT = 10,           /* more than the daemon gives to one client */
  TEMPRESS_INTERNAL = 11         /* a fault of Tempress */
};

/* Types of values; the numbers of the container. */
typedef enum {
  TEMPRESS_FLOAT32 = 1,
  TEMPRESS_FLOAT64 = 2,
  TEMPRESS_INT8 = 3,
  TEMPRESS_INT16 = 4,
  TEMPRESS_INT32 = 5,
  TEMPRESS_INT64 = 6,
  TEMPRESS_UINT8 = 7,
  TEMPRESS_UINT16 = 8,
  TEMPRESS_UINT32 = 9,
  TEMPRESS_UINT64 = 10,
  TEMPRESS_BOOL = 11
} tempress_dtype;

#define TEMPRESS_MAX_RANK 8

/* Values on a grid, contiguous, extents slowest first (C order); axis 0 is time. */
typedef struct {
  tempress_dtype dtype;
  int rank;
  uint64_t shape[TEMPRESS_MAX_RANK];
  void *data;
  size_t size; /* bytes */
} tempress_tensor;

/* A compressed file in memory. */
typedef struct {
  void *data;
  size_t size; /* bytes */
} tempress_buffer;

/* How to compress or decompress. All 0 is the default. */
typedef struct {
  const char *codec;          /* NULL: "tezip". Decompression needs it for bare streams only. */
  const char *const *options; /* "KEY=VALUE" words, ended by NULL; or NULL. tempress help CODEC lists them. */
  int bare;                   /* 1: the codec's own stream (zfp, sz3; the values themselves for noop) and no .tpz */
  unsigned deadline_ms;       /* give up after so many milliseconds; 0: never */
} tempress_call;

/* A connection to the daemon. */
typedef struct tempress tempress;

/* Start the daemon if none answers: the program $TEMPRESS_PROGRAM, else tempress on the PATH. */
#define TEMPRESS_START 1

/*
 * Connects to the daemon at `socket`: a path, or "@NAME" for an abstract one; NULL: $TEMPRESS_SOCKET, else the user's own
 * (as tempress help serve says). *connection is set even on errors other than no memory, so that tempress_message can
 * tell what went wrong; close it in any case.
 */
int tempress_open(tempress **connection, const char *socket, int flags);

/* Ends the connection and frees all its memory, that of tempress_alloc too. NULL is ignored. */
void tempress_close(tempress *connection);

/*
 * Memory that the daemon sees too: tensors and files in it cross without a copy on this side. Any memory may be given
 * to the functions below; other memory costs one copy. NULL when there is none (see tempress_message).
 */
void *tempress_alloc(tempress *connection, size_t size);

/* For tempress_alloc, and for data that the functions below gave. NULL is ignored. */
void tempress_free(tempress *connection, void *data);

/*
 * Compresses `values` to `file`. With file->data NULL memory is allocated (tempress_free); else file->data and
 * file->size are room for the file, and TEMPRESS_LIMIT tells that it was too small. file->size becomes the file's.
 */
int tempress_compress(tempress *connection, const tempress_call *call, const tempress_tensor *values,
                      tempress_buffer *file);

/*
 * The values of a file. With values->data NULL type and shape are set and memory is allocated (tempress_free); else they
 * say what is expected and where it goes. `call` may be NULL.
 */
int tempress_decompress(tempress *connection, const tempress_call *call, const tempress_buffer *file,
                        tempress_tensor *values);

/*
 * Metrics of a finished compression, by LibPressio's names ("error_stat", "pearson"), in a list that NULL ends.
 * Both tensors have the same type and shape. Results: tempress_number.
 */
int tempress_metrics(tempress *connection, const char *const *names, const tempress_tensor *original,
                     const tempress_tensor *decoded, size_t compressed_size);

/*
 * A number that the latest call gave, by LibPressio's name: "size:compression_ratio", "error_stat:max_error",
 * "tempress:time_queue" (milliseconds) ...; NaN where there is none of that name.
 */
double tempress_number(const tempress *connection, const char *key);

/* The same by index from 0 on; NULL after the last. The name is valid until the next call. */
const char *tempress_number_at(const tempress *connection, size_t index, double *value);

/* What an entry of tempress_info tells of. */
enum tempress_about { TEMPRESS_OPTION = 1, TEMPRESS_CONFIGURATION = 2, TEMPRESS_DOCUMENTATION = 3, TEMPRESS_METRIC = 4 };
enum tempress_type {
  TEMPRESS_TYPE_INT = 1,
  TEMPRESS_TYPE_FLOAT = 2,
  TEMPRESS_TYPE_BOOL = 3,
  TEMPRESS_TYPE_TEXT = 4,
  TEMPRESS_TYPE_TEXTS = 5,
  TEMPRESS_TYPE_NUMBERS = 6
};

typedef struct {
  enum tempress_about about;
  enum tempress_type type;
  const char *key;
  int set;                   /* 0: an option without a value */
  size_t count;              /* of values: 1, or more in lists */
  const char *const *values; /* as text */
} tempress_entry;

/* Options (with those of `call` set), configuration and documentation of a codec, entry by entry. */
int tempress_info(tempress *connection, const tempress_call *call, void (*each)(const tempress_entry *, void *),
                  void *user);

/* JSON text about the daemon; about each training it knows of, a line each. Valid until the next call. */
int tempress_status(tempress *connection, const char **json);
int tempress_train_status(tempress *connection, const char **lines);

/*
 * One command line of LibPressio's external protocol (tempress-external uses it). `words` are those after the program's
 * name. Inputs stand for the files that --input names, in their order; `output_names` are announced for outputs.
 * Outputs that were made are set (at most `most`) and counted; free them. The texts are valid until the next call.
 */
typedef struct {
  int status;
  const char *out;
  const char *err;
  size_t outputs;
} tempress_answer;
int tempress_external(tempress *connection, const char *const *words, size_t word_count, const tempress_buffer *inputs,
                      size_t input_count, const char *const *output_names, tempress_buffer *outputs, size_t most,
                      tempress_answer *answer);

/*
 * Gives up the call that another thread is in, or that a signal interrupts: it ends with TEMPRESS_CANCELLED, unless it
 * is done by then. Without a call it does nothing.
 */
void tempress_cancel(tempress *connection);

/* What went wrong in the latest call: what, where and what to do, on one line; "" after success. */
const char *tempress_message(const tempress *connection);

/* "invalid-argument" and so on; "ok" for 0. */
const char *tempress_error_name(int error);

/* Version of the daemon's program, such as "0.1.0". */
const char *tempress_daemon_version(const tempress *connection);

/* Bytes of one value; 0 for no type. */
size_t tempress_dtype_size(tempress_dtype dtype);

#ifdef __cplusplus
}
#endif
#endif
