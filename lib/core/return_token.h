/*
 * Return tokens: what finds the send again when something comes back (DESIGN 4). 16 random bytes
 * and the first 4 of HMAC-SHA-256(key, "acuse-token-1" || random), in base32 (RFC 4648) lower case:
 * 32 characters. The MAC lets the evidence milter refuse invented tokens at RCPT without a look-up;
 * it proves nothing more (FACTS 5).
 */
#ifndef ACUSE_CORE_RETURN_TOKEN_H
#define ACUSE_CORE_RETURN_TOKEN_H

#include <glib.h>

#define RETURN_TOKEN_CHARS 32
#define RETURN_TOKEN_RANDOM_BYTES 16

/* random: RETURN_TOKEN_RANDOM_BYTES bytes, from the caller. Returns a new string. */
char *return_token_make(GBytes *key, const guint8 *random);

/* TRUE when the token is well formed and its MAC is right; constant time in the MAC. */
gboolean return_token_check(GBytes *key, const char *token);

/*
 * "acuse+TOKEN@domain" -> the token (a new string, not checked), or NULL when the address has
 * another form. Case of address does not matter.
 */
char *return_token_of_address(const char *address, const char *domain);

#endif
