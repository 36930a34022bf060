/* Digests and MACs that need no key object. Hex is lower case. */
#ifndef ACUSE_CMS_DIGEST_H
#define ACUSE_CMS_DIGEST_H

#include <glib.h>

/* 64 digits, a new string; aborts when OpenSSL has no SHA-256. */
char *digest_sha256_hex(const void *bytes, gsize size);
/* Gives OpenSSL's SHA-256 to lib/core (core/sha256.h); in main, before the first thread. */
void digest_serve_core(void);
/* Cryptographic random bytes; aborts when the system has none. */
void random_bytes(void *buffer, gsize size);

#endif
