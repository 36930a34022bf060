/* Bytes as lower-case hex: digests and salts, a dozen a message. */
#ifndef ACUSE_BASE_HEX_H
#define ACUSE_BASE_HEX_H

#include <glib.h>

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

#endif
