/* digest.h: thin over OpenSSL's digest and random generator. Safe in every thread. */
#include "cms/digest.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/hex.h"

#define SHA256_BYTES 32

char *digest_sha256_hex(const void *bytes, gsize size)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;

	if (EVP_Digest(bytes, size, digest, &length, EVP_sha256(), NULL) != 1 ||
		length != SHA256_BYTES)
		g_error("SHA-256 is not available");
	return hex_of_bytes(digest, SHA256_BYTES);
}

void random_bytes(void *buffer, gsize size)
{
	if (size > G_MAXINT || RAND_bytes(buffer, (int)size) != 1)
		g_error("the system has no random bytes");
}
