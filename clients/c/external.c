/*
 * tempress-external: LibPressio's external protocol with the command line of `tempress external`, forwarded to the
 * daemon. It starts in a millisecond and starts the daemon if none runs. This program reads and writes the files; the
 * daemon sees their contents in shared memory and opens none.
 */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tempress.h"

/* LibPressio removes no output; ours that are older than this are left over. */
#define LEFT_OVER_SECONDS 600

static int complain(const char *what, const char *about) {
  fprintf(stderr, "tempress-external: %s: %s\n", about, what);
  return TEMPRESS_IO;
}

/* The whole file, read into shared memory. */
static int read_input(tempress *t, const char *path, tempress_buffer *input) {
  struct stat found;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return complain(strerror(errno), path);
  if (fstat(file, &found) != 0 || !S_ISREG(found.st_mode)) {
    close(file);
    return complain("this is no plain file", path);
  }
  input->size = (size_t)found.st_size;
  input->data = tempress_alloc(t, input->size);
  if (input->data == NULL) {
    close(file);
    return complain(tempress_message(t), path);
  }
  for (size_t done = 0; done < input->size;) {
    ssize_t got = read(file, (char *)input->data + done, input->size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      close(file);
      return complain(got == 0 ? "the file became shorter" : strerror(errno), path);
    }
    done += (size_t)got;
  }
  close(file);
  return TEMPRESS_OK;
}

static int write_output(const char *path, const void *bytes, size_t size) {
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return complain(strerror(errno), path);
  for (size_t done = 0; done < size;) {
    ssize_t put = write(file, (const char *)bytes + done, size - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      close(file);
      return complain(strerror(errno), path);
    }
    done += (size_t)put;
  }
  return close(file) == 0 ? TEMPRESS_OK : complain(strerror(errno), path);
}

/* Whether a word is --NAME or --FIELD_NAME. */
static int is_flag(const char *word, const char *name) {
  size_t length = strlen(word);
  size_t tail = strlen(name);
  if (length < tail + 2 || strncmp(word, "--", 2) != 0 || strcmp(word + length - tail, name) != 0) return 0;
  return length == tail + 2 || word[length - tail - 1] == '_';
}

/* LibPressio's own temporary input: it removes it when it has read the output. */
static int is_temporary(const char *path) {
  struct stat found;
  const char *name = strrchr(path, '/');
  name = strstr(name == NULL ? path : name + 1, ".pressioin");
  if (name == NULL || strlen(name) < strlen(".pressioin") + 6) return 0;
  if (lstat(path, &found) != 0 || !S_ISREG(found.st_mode)) return 0;
  return found.st_nlink == 1 && found.st_uid == geteuid();
}

/* Removes what LibPressio left there long ago. */
static void sweep(const char *folder) {
  DIR *listing = opendir(folder);
  struct dirent *entry;
  struct stat found;
  time_t now = time(NULL);
  while (listing != NULL && (entry = readdir(listing)) != NULL) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    if (fstatat(dirfd(listing), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (now - found.st_mtime > LEFT_OVER_SECONDS) unlinkat(dirfd(listing), entry->d_name, 0);
  }
  if (listing != NULL) closedir(listing);
}

/* A new name in a folder that nobody else can write into. */
static int new_output(char *to, size_t room, size_t index) {
  struct stat found;
  const char *base = getenv("TMPDIR");
  char folder[2048];
  if (base == NULL || *base == 0) base = "/tmp";
  int length = snprintf(folder, sizeof folder, "%s/tempress-external-%ld", base, (long)geteuid());
  if (length < 0 || (size_t)length >= sizeof folder) return complain("the path is too long", base);
  if (mkdir(folder, 0700) != 0 && errno != EEXIST) return complain(strerror(errno), folder);
  if (lstat(folder, &found) != 0 || !S_ISDIR(found.st_mode) || found.st_uid != geteuid() || (found.st_mode & 077) != 0) {
    return complain("this folder belongs to somebody else, or others may enter it", folder);
  }
  sweep(folder);
  length = snprintf(to, room, "%s/%ld-%ld-%zu", folder, (long)getpid(), (long)time(NULL), index);
  return length > 0 && (size_t)length < room ? TEMPRESS_OK : complain("the path is too long", folder);
}

static int run(tempress *t, int count, const char *const *words) {
  enum { MOST_NAME = 4096 };
  size_t most = (size_t)count + 1;
  tempress_buffer *inputs = calloc(most, sizeof *inputs);
  tempress_buffer *outputs = calloc(most, sizeof *outputs);
  const char **paths = calloc(most, sizeof *paths);
  const char **wanted = calloc(most, sizeof *wanted);
  char *names = calloc(most, MOST_NAME);
  const char **output_names = calloc(most, sizeof *output_names);
  tempress_answer answer = {TEMPRESS_IO, "", "", 0};
  size_t input_count = 0;
  size_t types = 0;
  int error = TEMPRESS_OK;
  if (!inputs || !outputs || !paths || !wanted || !names || !output_names) error = complain("no memory", "start");
  for (int i = 0; !error && i < count; i++) {
    if (is_flag(words[i], "otype")) types++;
    if (i + 1 == count) break;
    if (is_flag(words[i], "input")) paths[input_count++] = words[i + 1];
    if (is_flag(words[i], "output") && types > 0) wanted[types - 1] = words[i + 1];
  }
  for (size_t i = 0; !error && i < input_count; i++) {
    error = read_input(t, paths[i], &inputs[i]);
    output_names[i] = names + i * MOST_NAME;
    if (error) continue;
    if (wanted[i] != NULL) output_names[i] = wanted[i];
    else if (is_temporary(paths[i])) output_names[i] = paths[i];
    else error = new_output(names + i * MOST_NAME, MOST_NAME, i);
  }
  if (!error) {
    error = tempress_external(t, words, (size_t)count, inputs, input_count, output_names, outputs, input_count, &answer);
    if (error) complain(tempress_message(t), tempress_error_name(error));
  }
  for (size_t i = 0; !error && i < answer.outputs; i++) {
    error = write_output(output_names[i], outputs[i].data, outputs[i].size);
  }
  if (!error) {
    /* LibPressio looks for outputs before it looks at the status: without one it hides the error. */
    int is_there = input_count > 0 && wanted[0] != NULL && access(wanted[0], F_OK) == 0;
    if (answer.status != 0 && input_count > 0 && !is_there) write_output(output_names[0], "", 1);
    fputs(answer.out, stdout);
    fputs(answer.err, stderr);
    if (fflush(stdout) != 0) error = complain(strerror(errno), "standard output");
  }
  free(inputs);
  free(outputs);
  free(paths);
  free(wanted);
  free(names);
  free(output_names);
  return error ? error : answer.status;
}

int main(int count, char **words) {
  tempress *t;
  int error = tempress_open(&t, NULL, TEMPRESS_START);
  if (error) complain(tempress_message(t), tempress_error_name(error));
  else error = run(t, count - 1, (const char *const *)words + 1);
  tempress_close(t);
  return error;
}
