/* Compresses a field in memory and shows what it cost: cc example.c $(pkg-config --cflags --libs tempress) */
#include <stdio.h>
#include <tempress.h>

enum { FRAMES = 60, ROWS = 80, COLUMNS = 100, COUNT = FRAMES * ROWS * COLUMNS };

int main(void) {
  tempress *t;
  int error = tempress_open(&t, NULL, TEMPRESS_START);
  float *values = error ? NULL : tempress_alloc(t, COUNT * sizeof *values);
  if (values != NULL) {
    for (int i = 0; i < COUNT; i++) { /* a ripple that travels */
      int frame = i / (ROWS * COLUMNS), row = i / COLUMNS % ROWS, column = i % COLUMNS;
      float x = (float)(column + frame) / COLUMNS - 0.5f, y = (float)row / ROWS - 0.5f;
      values[i] = 20.0f / (1.0f + 50.0f * (x * x + y * y));
    }
    tempress_tensor field = {TEMPRESS_FLOAT32, 3, {FRAMES, ROWS, COLUMNS}, values, COUNT * sizeof *values};
    const char *options[] = {"pressio:abs=0.01", NULL};
    tempress_call call = {"tezip", options, 0, 0};
    tempress_buffer file = {NULL, 0};
    error = tempress_compress(t, &call, &field, &file);
    if (!error) {
      printf("%zu -> %zu bytes, ratio %.1f, largest error %g\n", field.size, file.size,
             tempress_number(t, "size:compression_ratio"), tempress_number(t, "error_stat:max_error"));
    }
  }
  if (values == NULL || error) fprintf(stderr, "%s\n", tempress_message(t));
  tempress_close(t);
  return values == NULL || error;
}
