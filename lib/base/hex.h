/* Bytes as hex, lower case when it is ours: digests and salts, a dozen a message. */
#ifndef ACUSE_BASE_HEX_H
#define ACUSE_BASE_HEX_H

#include <glib.h>
#include <string.h>

/* A new string of twice as many characters. */
static inline char *hex_of_bytes(const guint8 *bytes, gsize size)
{
	static const char digits[] = "0123456789abcdef";
	char *hex = g_malloc(2 * size + 1);

	for (gsize i = 0; i < size; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	hex[2 * size] = '\0';
	return hex;
}

/* The bytes of the first 2 * size characters. FALSE, with some of them filled: one is no digit of
 * either case. */
static inline gboolean hex_to_bytes(const char *hex, guint8 *bytes, gsize size)
{
	for (gsize i = 0; i < size; i++) {
		int high = g_ascii_xdigit_value(hex[2 * i]);
		int low = high < 0 ? -1 : g_ascii_xdigit_value(hex[2 * i + 1]);

		if (low < 0)
			return FALSE;
		bytes[i] = (guint8)(high << 4 | low);
	}
	return TRUE;
}

/* Whether it is a SHA-256 as we write it: 64 digits in lower case. NULL is none. */
static inline gboolean hex_is_sha256(const char *text)
{
	return text != NULL && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

#endif
