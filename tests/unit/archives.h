/* Archives made at run time, for tests of what looks into them. */
#ifndef ACUSE_TESTS_UNIT_ARCHIVES_H
#define ACUSE_TESTS_UNIT_ARCHIVES_H

#include <glib.h>

typedef struct {
	const char *name;
	const void *bytes;
	gsize size;
} Member;

#define TEXT_MEMBER(name, text)                                                                    \
	{                                                                                          \
		name, text, sizeof(text) - 1                                                       \
	}
/* Begins as a program for Windows does. */
#define PROGRAM                                                                                    \
	"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0\xb8\0\0\0\0\0\0\0@\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"    \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80\0\0\0\xe\x1f\xba\xe"

/*
 * format: "zip", "zip-stored", "zip-locked" (password), "7z", "tar", "tar.gz", "gz" (one member),
 * "rar4", "rar5" (stored). The caller owns the result.
 */
GByteArray *archive_make(const char *format, const Member *members, gsize n);

#endif
