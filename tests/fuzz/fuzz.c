/* fuzz.h: small things; whatever of the system fails here ends the program. */
#include "tests/fuzz/fuzz.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void on_trap(int number)
{
	(void)number;
	abort();
}

/* g_error() traps; libFuzzer keeps the input of what aborts. */
__attribute__((constructor)) static void abort_on_trap(void)
{
	signal(SIGTRAP, on_trap);
}

void fuzz_broken(const char *file, int line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "%s:%d: promise broken: ", file, line);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	abort();
}

char *fuzz_take_line(const uint8_t **data, size_t *size)
{
	const uint8_t *feed = *size > 0 ? memchr(*data, '\n', *size) : NULL;
	size_t length = feed != NULL ? (size_t)(feed - *data) : *size;
	char *line = fuzz_take_rest(*data, length);

	length += feed != NULL;
	*data += length;
	*size -= length;
	return line;
}

char *fuzz_take_rest(const uint8_t *data, size_t size)
{
	return g_strndup(size > 0 ? (const char *)data : "", size);
}

void fuzz_check_error(gboolean success, const GError *error, const char *what)
{
	FUZZ_PROMISE(success == (error == NULL), "%s: %s", what,
		success ? "an error besides success" : "failed without an error");
}

void fuzz_check_utf8(const char *text, const char *what)
{
	FUZZ_PROMISE(text == NULL || g_utf8_validate(text, -1, NULL), "%s is not UTF-8", what);
}

int fuzz_file_new(const uint8_t *data, size_t size, char **path)
{
	int fd = memfd_create("acuse-fuzz", MFD_CLOEXEC);

	if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size))
		g_error("no file in memory");
	*path = g_strdup_printf("/proc/self/fd/%d", fd);
	return fd;
}
