/* A fresh directory for one test, removed with all that is in it. */
#ifndef BERTH_TESTS_TEMP_DIRECTORY_H
#define BERTH_TESTS_TEMP_DIRECTORY_H

#include <stddef.h>

enum { TEMP_PATH_BYTES = 256 };

void temp_directory_make(char ret[TEMP_PATH_BYTES]);
void temp_directory_remove(const char *path);

/* Whole small files; a failure fails the test. Reading gives NUL-terminated bytes to free. */
char *temp_file_read(const char *directory, const char *name, size_t *ret_bytes);
void temp_file_write(const char *directory, const char *name, const void *data, size_t bytes);
int temp_file_exists(const char *directory, const char *name);

/* Permission bits. */
unsigned temp_file_mode(const char *directory, const char *name);

/* Runs `body` in a child process that ends without any cleanup, as if it were killed. Returns what
 * `body` returned, or 128 and the signal. */
int temp_in_child(int (*body)(void *context), void *context);

#endif
