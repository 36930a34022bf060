/*
 * A token unlocked from afar (DESIGN 4). The signer makes a key pair for that one use and says
 * whose it is in an offer, a text of five lines
 *
 *     acuse-unlock-1 / TOKEN / HOLDER / EXPIRES_UNIX / KEY_HEX
 *
 * which it signs with its own identity (Ed25519, RFC 8032). Who types the PIN knows that identity
 * from the gateway and not from whoever carries the offer, checks it, and seals the PIN for KEY by
 * hybrid public key encryption (RFC 9180, cms/hpke.h) with info "acuse-unlock-1" and the offer's
 * text as aad: what comes back is good once, for that token and holder, and until EXPIRES. What is
 * sealed has always UNLOCK_BLOCK_BYTES, so that it does not tell how long a PIN is. Pure.
 */
#ifndef ACUSE_SIGNER_UNLOCK_OFFER_H
#define ACUSE_SIGNER_UNLOCK_OFFER_H

#include <glib.h>

#define UNLOCK_CONTEXT "acuse-unlock-1"
#define UNLOCK_KEY_BYTES 32
#define UNLOCK_OFFER_MAX_CHARS 1024
#define UNLOCK_BLOCK_BYTES 256
#define UNLOCK_MAX_PIN (UNLOCK_BLOCK_BYTES - 2)

typedef struct {
	char *token, *holder; /* holder: an address */
	gint64 expires_s;
	guint8 key[UNLOCK_KEY_BYTES];
} UnlockOffer;

/* A new text. NULL with INVALID: a control character, an empty member, or too long. */
char *unlock_offer_make(const UnlockOffer *offer, GError **error);
/* NULL with INVALID unless it is of that very form. */
UnlockOffer *unlock_offer_parse(const char *text, GError **error);
void unlock_offer_free(UnlockOffer *offer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UnlockOffer, unlock_offer_free)

/* Bytes of so many pairs of hexadecimal digits, and nothing else. */
gboolean unlock_bytes_of_hex(const char *hex, guint8 *bytes, gsize size);

/* The block with the PIN; FALSE with INVALID: none, or longer than UNLOCK_MAX_PIN. */
gboolean unlock_block_fill(guint8 block[UNLOCK_BLOCK_BYTES], const char *pin, GError **error);
/* The PIN inside the block; NULL: it is none. */
const char *unlock_block_pin(const guint8 block[UNLOCK_BLOCK_BYTES]);

#endif
