/*
 * Bytes for the one who has the secret of an X25519 key, and for nobody who carries them: hybrid
 * public key encryption, RFC 9180 in mode base, one message a key. KEM DHKEM(X25519, HKDF-SHA256),
 * KDF HKDF-SHA256 (RFC 5869), AEAD AES-256-GCM; AES-128-GCM is there for the vectors of RFC 9180
 * A.1. What is sealed is the KEM's encapsulated key (HPKE_KEY_BYTES), then ciphertext and tag.
 */
#ifndef ACUSE_CMS_HPKE_H
#define ACUSE_CMS_HPKE_H

#include <glib.h>

#define HPKE_KEY_BYTES 32
#define HPKE_TAG_BYTES 16
#define HPKE_OVERHEAD (HPKE_KEY_BYTES + HPKE_TAG_BYTES)
#define HPKE_MAX_BYTES 4096 /* of a message */

typedef enum { HPKE_AES_128_GCM = 1, HPKE_AES_256_GCM = 2 } HpkeAead; /* RFC 9180, 7.3 */

/* Both sides know them: what they are about, and what else is to be as it was sealed. */
typedef struct {
	HpkeAead aead;
	const void *info, *aad;
	gsize info_size, aad_size;
} HpkeContext;

/* A fresh key pair, HPKE_KEY_BYTES each; FALSE with INTERNAL. */
gboolean hpke_key_pair(guint8 *secret, guint8 *public_key, GError **error);

/* The sealed bytes, HPKE_OVERHEAD more than size. NULL with INVALID: no such key, or too long. */
GBytes *hpke_seal(const HpkeContext *context, const guint8 *public_key, const void *plain,
	gsize size, GError **error);

/*
 * Writes size - HPKE_OVERHEAD bytes to plain, which the caller wipes. INVALID: for another key,
 * info or aad, changed on the way, or not of that form; plain is then zeros.
 */
gboolean hpke_open(const HpkeContext *context, const guint8 *secret, const void *sealed, gsize size,
	guint8 *plain, GError **error);

#endif
