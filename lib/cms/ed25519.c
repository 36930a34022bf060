/* ed25519.h, thin over OpenSSL; no state. Safe in every thread. */
#include "cms/ed25519.h"

#include <openssl/evp.h>

#include "base/error.h"

static gboolean fail(GError **error)
{
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INTERNAL, "Ed25519 failed");
	return FALSE;
}

gboolean ed25519_new(guint8 *secret, GError **error)
{
	EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	size_t size = ED25519_KEY_BYTES;
	gboolean made = pair != NULL && EVP_PKEY_get_raw_private_key(pair, secret, &size) == 1 &&
			size == ED25519_KEY_BYTES;

	EVP_PKEY_free(pair);
	return made || fail(error);
}

gboolean ed25519_public(const guint8 *secret, guint8 *public_key)
{
	EVP_PKEY *pair =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, ED25519_KEY_BYTES);
	size_t size = ED25519_KEY_BYTES;
	gboolean done = pair != NULL && EVP_PKEY_get_raw_public_key(pair, public_key, &size) == 1;

	EVP_PKEY_free(pair);
	return done;
}

gboolean ed25519_sign(
	const guint8 *secret, const void *data, gsize size, guint8 *signature, GError **error)
{
	EVP_PKEY *pair =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, ED25519_KEY_BYTES);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t written = ED25519_SIGNATURE_BYTES;
	gboolean done = pair != NULL && context != NULL &&
			EVP_DigestSignInit(context, NULL, NULL, NULL, pair) == 1 &&
			EVP_DigestSign(context, signature, &written, data, size) == 1 &&
			written == ED25519_SIGNATURE_BYTES;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pair);
	return done || fail(error);
}

gboolean ed25519_verify(
	const guint8 *public_key, const void *data, gsize size, const guint8 *signature)
{
	EVP_PKEY *key =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, ED25519_KEY_BYTES);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	gboolean good =
		key != NULL && context != NULL &&
		EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(context, signature, ED25519_SIGNATURE_BYTES, data, size) == 1;

	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}
