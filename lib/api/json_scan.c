/* json_scan.h: one pass over the bytes. Every text that is taken means the same to jansson. */
#include "api/json_scan.h"

#include <string.h>

char *json_scan_string(char **at)
{
	char *begin = *at + 1, *from = begin, *to = begin;
	guchar seen = 0;

	if (**at != '"')
		return NULL;
	for (; *from != '"'; from++) {
		if ((guchar)*from < ' ')
			return NULL;
		if (*from == '\\' && *++from != '"' && *from != '\\')
			return NULL;
		seen |= (guchar)*from;
		*to++ = *from;
	}
	*at = from + 1;
	*to = '\0';
	return seen < 0x80 || g_utf8_validate(begin, to - begin, NULL) ? begin : NULL;
}

gboolean json_scan_literal(char **at, const char *literal)
{
	gsize size = strlen(literal);

	if (strncmp(*at, literal, size) != 0)
		return FALSE;
	*at += size;
	return TRUE;
}
