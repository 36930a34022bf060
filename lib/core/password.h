/*
 * The rule of passwords (A11, DI-002 art. 10.1): at least 8 characters, with letters, digits and
 * others. One rule for provisiond's page and for the module in slapd. Pure.
 */
#ifndef ACUSE_CORE_PASSWORD_H
#define ACUSE_CORE_PASSWORD_H

#include <glib.h>

#define PASSWORD_MIN_CHARS 8
#define PASSWORD_MAX_BYTES 256 /* what a hash is computed over has a limit */

typedef enum {
	PASSWORD_GOOD,
	PASSWORD_UNREADABLE, /* no UTF-8, or control characters */
	PASSWORD_LENGTH,
	PASSWORD_KINDS, /* without letters, without digits, or without others */
} PasswordFault;

/* What is wrong with it first; any bytes. */
PasswordFault password_fault(const char *password);

#endif
