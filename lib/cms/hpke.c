/*
 * hpke.h over OpenSSL's X25519, HKDF and GCM, put together as RFC 9180 4.1 and 5.1 say. Secrets
 * that come up on the way are wiped. Fails with a GError; no state. Safe in every thread.
 */
#include "cms/hpke.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "base/error.h"

#define HASH_BYTES 32
#define NONCE_BYTES 12
#define MAX_LABELED 1024 /* of what one step of the KDF takes, besides info */

typedef struct {
	guint8 bytes[10];
	gsize size;
} Suite;

static const Suite kem_suite = {{'K', 'E', 'M', 0x00, 0x20}, 5};

static Suite hpke_suite(HpkeAead aead)
{
	return (Suite){{'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, (guint8)aead}, 10};
}

static gsize key_size(HpkeAead aead)
{
	return aead == HPKE_AES_256_GCM ? 32 : 16;
}

static gboolean kdf(int mode, const void *salt, gsize salt_size, const void *key, gsize key_bytes,
	const void *info, gsize info_size, guint8 *out, gsize out_size)
{
	EVP_KDF *algorithm = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(algorithm);
	OSSL_PARAM params[6], *next = params;
	gboolean done;

	*next++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	*next++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0);
	*next++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, key_bytes);
	if (salt != NULL)
		*next++ = OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_SALT, (void *)salt, salt_size);
	if (info != NULL)
		*next++ = OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_INFO, (void *)info, info_size);
	*next = OSSL_PARAM_construct_end();
	done = context != NULL && EVP_KDF_derive(context, out, out_size, params) == 1;
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(algorithm);
	return done;
}

static void put(GByteArray *bytes, const void *data, gsize size)
{
	if (size > 0)
		g_byte_array_append(bytes, data, (guint)size);
}

static void wipe(GByteArray *bytes)
{
	OPENSSL_cleanse(bytes->data, bytes->len);
	g_byte_array_unref(bytes);
}

/* RFC 9180, 4. */
static gboolean labeled_extract(const Suite *suite, const void *salt, gsize salt_size,
	const char *label, const void *key, gsize key_bytes, guint8 *out)
{
	/* Never grown, so that no copy of a secret stays behind. */
	GByteArray *all = g_byte_array_sized_new((guint)(MAX_LABELED + key_bytes));
	gboolean done;

	put(all, "HPKE-v1", 7);
	put(all, suite->bytes, suite->size);
	put(all, label, strlen(label));
	put(all, key, key_bytes);
	done = kdf(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, salt, salt_size, all->data, all->len, NULL, 0,
		out, HASH_BYTES);
	wipe(all);
	return done;
}

static gboolean labeled_expand(const Suite *suite, const guint8 *key, const char *label,
	const void *info, gsize info_size, guint8 *out, gsize out_size)
{
	GByteArray *all = g_byte_array_sized_new(MAX_LABELED);
	const guint8 length[2] = {(guint8)(out_size >> 8), (guint8)out_size};
	gboolean done;

	put(all, length, sizeof length);
	put(all, "HPKE-v1", 7);
	put(all, suite->bytes, suite->size);
	put(all, label, strlen(label));
	put(all, info, info_size);
	done = kdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, NULL, 0, key, HASH_BYTES, all->data, all->len,
		out, out_size);
	wipe(all);
	return done;
}

/* Of a peer whose key is of low order OpenSSL derives nothing (RFC 9180, 7.1.4). */
static gboolean agree(const guint8 *secret, const guint8 *peer, guint8 *shared)
{
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, HPKE_KEY_BYTES);
	EVP_PKEY *other = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, HPKE_KEY_BYTES);
	EVP_PKEY_CTX *context = own != NULL ? EVP_PKEY_CTX_new(own, NULL) : NULL;
	size_t size = HPKE_KEY_BYTES;
	gboolean done = context != NULL && other != NULL && EVP_PKEY_derive_init(context) == 1 &&
			EVP_PKEY_derive_set_peer(context, other) == 1 &&
			EVP_PKEY_derive(context, shared, &size) == 1 && size == HPKE_KEY_BYTES;

	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(other);
	EVP_PKEY_free(own);
	return done;
}

/* ExtractAndExpand of RFC 9180, 4.1. */
static gboolean kem_secret(const guint8 *own_secret, const guint8 *peer, const guint8 *encapsulated,
	const guint8 *receiver, guint8 *shared)
{
	guint8 agreed[HPKE_KEY_BYTES], extracted[HASH_BYTES], about[2 * HPKE_KEY_BYTES];
	gboolean done;

	memcpy(about, encapsulated, HPKE_KEY_BYTES);
	memcpy(about + HPKE_KEY_BYTES, receiver, HPKE_KEY_BYTES);
	done = agree(own_secret, peer, agreed) &&
	       labeled_extract(&kem_suite, "", 0, "eae_prk", agreed, sizeof agreed, extracted) &&
	       labeled_expand(&kem_suite, extracted, "shared_secret", about, sizeof about, shared,
		       HASH_BYTES);
	OPENSSL_cleanse(agreed, sizeof agreed);
	OPENSSL_cleanse(extracted, sizeof extracted);
	return done;
}

/* KeySchedule of RFC 9180, 5.1, mode base; sequence number 0, so base_nonce is the nonce. */
static gboolean key_schedule(
	const HpkeContext *context, const guint8 *shared, guint8 *key, guint8 *nonce)
{
	const Suite suite = hpke_suite(context->aead);
	guint8 about[1 + 2 * HASH_BYTES] = {0}, secret[HASH_BYTES];
	gboolean done;

	done = labeled_extract(&suite, "", 0, "psk_id_hash", "", 0, about + 1) &&
	       labeled_extract(&suite, "", 0, "info_hash", context->info, context->info_size,
		       about + 1 + HASH_BYTES) &&
	       labeled_extract(&suite, shared, HASH_BYTES, "secret", "", 0, secret) &&
	       labeled_expand(
		       &suite, secret, "key", about, sizeof about, key, key_size(context->aead)) &&
	       labeled_expand(
		       &suite, secret, "base_nonce", about, sizeof about, nonce, NONCE_BYTES);
	OPENSSL_cleanse(secret, sizeof secret);
	return done;
}

/* in: the plain bytes, or ciphertext and tag. */
static gboolean gcm(const HpkeContext *context, gboolean seal, const guint8 *shared,
	const guint8 *in, gsize size, guint8 *out)
{
	guint8 key[32], nonce[NONCE_BYTES];
	const EVP_CIPHER *cipher =
		context->aead == HPKE_AES_256_GCM ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
	EVP_CIPHER_CTX *state = EVP_CIPHER_CTX_new();
	gsize text = seal ? size : size - HPKE_TAG_BYTES;
	int written = 0, rest = 0;
	gboolean done = state != NULL && key_schedule(context, shared, key, nonce) &&
			EVP_CipherInit_ex(state, cipher, NULL, key, nonce, seal) == 1 &&
			EVP_CipherUpdate(
				state, NULL, &written, context->aad, (int)context->aad_size) == 1 &&
			EVP_CipherUpdate(state, out, &written, in, (int)text) == 1;

	if (done && !seal)
		done = EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_SET_TAG, HPKE_TAG_BYTES,
			       (void *)(in + text)) == 1;
	done = done && EVP_CipherFinal_ex(state, out + text, &rest) == 1;
	if (done && seal)
		done = EVP_CIPHER_CTX_ctrl(
			       state, EVP_CTRL_AEAD_GET_TAG, HPKE_TAG_BYTES, out + text) == 1;
	EVP_CIPHER_CTX_free(state);
	OPENSSL_cleanse(key, sizeof key);
	OPENSSL_cleanse(nonce, sizeof nonce);
	return done;
}

static gboolean public_of(const guint8 *secret, guint8 *public_key)
{
	EVP_PKEY *pair =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, HPKE_KEY_BYTES);
	size_t size = HPKE_KEY_BYTES;
	gboolean done = pair != NULL && EVP_PKEY_get_raw_public_key(pair, public_key, &size) == 1 &&
			size == HPKE_KEY_BYTES;

	EVP_PKEY_free(pair);
	return done;
}

gboolean hpke_key_pair(guint8 *secret, guint8 *public_key, GError **error)
{
	EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	size_t size = HPKE_KEY_BYTES;
	gboolean made = pair != NULL && EVP_PKEY_get_raw_private_key(pair, secret, &size) == 1 &&
			size == HPKE_KEY_BYTES && public_of(secret, public_key);

	EVP_PKEY_free(pair);
	if (!made)
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_INTERNAL, "no X25519 key can be made");
	return made;
}

GBytes *hpke_seal(const HpkeContext *context, const guint8 *public_key, const void *plain,
	gsize size, GError **error)
{
	guint8 secret[HPKE_KEY_BYTES], shared[HASH_BYTES];
	g_autofree guint8 *sealed = NULL;
	gboolean done;

	if (size > HPKE_MAX_BYTES) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "too long to be sealed");
		return NULL;
	}
	sealed = g_malloc0(size + HPKE_OVERHEAD);
	if (!hpke_key_pair(secret, sealed, error))
		return NULL;
	done = kem_secret(secret, public_key, sealed, public_key, shared) &&
	       gcm(context, TRUE, shared, plain, size, sealed + HPKE_KEY_BYTES);
	OPENSSL_cleanse(secret, sizeof secret);
	OPENSSL_cleanse(shared, sizeof shared);
	if (done)
		return g_bytes_new_take(g_steal_pointer(&sealed), size + HPKE_OVERHEAD);
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "not a key to seal for");
	return NULL;
}

gboolean hpke_open(const HpkeContext *context, const guint8 *secret, const void *sealed, gsize size,
	guint8 *plain, GError **error)
{
	const guint8 *bytes = sealed;
	guint8 shared[HASH_BYTES], public_key[HPKE_KEY_BYTES];
	gboolean done = size >= HPKE_OVERHEAD && size <= HPKE_MAX_BYTES + HPKE_OVERHEAD;

	if (done) {
		done = public_of(secret, public_key) &&
		       kem_secret(secret, bytes, bytes, public_key, shared) &&
		       gcm(context, FALSE, shared, bytes + HPKE_KEY_BYTES, size - HPKE_KEY_BYTES,
			       plain);
		OPENSSL_cleanse(shared, sizeof shared);
		if (!done)
			OPENSSL_cleanse(plain, size - HPKE_OVERHEAD);
	}
	if (!done)
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"not sealed for this key, or changed on the way");
	return done;
}
