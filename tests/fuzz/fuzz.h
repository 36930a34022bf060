/*
 * What the fuzz targets share. A target is one file that defines LLVMFuzzerTestOneInput: it reads
 * the bytes as a stranger's and aborts when a promise of the parser's header does not hold.
 * tests/fuzz/limits bounds its input.
 */
#ifndef ACUSE_TESTS_FUZZ_FUZZ_H
#define ACUSE_TESTS_FUZZ_FUZZ_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Optional: once, before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

/* Stops with the promise that was broken. */
#define FUZZ_PROMISE(condition, ...)                                                               \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_broken(__FILE__, __LINE__, __VA_ARGS__);                              \
	} while (0)

void fuzz_broken(const char *file, int line, const char *format, ...)
	G_GNUC_PRINTF(3, 4) G_GNUC_NORETURN;

/* Takes the next line off the input, as a C string without its LF: new. */
char *fuzz_take_line(const uint8_t **data, size_t *size);
/* What is left, as a C string: new. */
char *fuzz_take_rest(const uint8_t *data, size_t size);
/* A failed function says why, a successful one does not. */
void fuzz_check_error(gboolean success, const GError *error, const char *what);
/* NULL or UTF-8. */
void fuzz_check_utf8(const char *text, const char *what);

/* A file in memory with these bytes; *path (new) leads to it until the descriptor is closed. */
int fuzz_file_new(const uint8_t *data, size_t size, char **path);

#endif
