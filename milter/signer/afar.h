/*
 * Tokens unlocked from afar: the signer's identity, its offers and what comes back sealed
 * (signer/unlock_offer.h). Whoever carries them learns no PIN; that one could only seal PINs of its
 * own, so a token whose PIN was wrong from afar takes none from there before its holder typed the
 * right one at the gateway.
 */
#ifndef ACUSE_SIGNER_AFAR_H
#define ACUSE_SIGNER_AFAR_H

#include <glib.h>

#include "signer/packet_buffer.h"

#define AFAR_OFFER_LIFE_S 120
#define AFAR_MAX_OFFERS 64 /* open at the same time, one a token */

typedef struct _Afar Afar;

/* Reads the identity in state_folder, or makes it, and which tokens are closed. NULL with error. */
Afar *afar_open(const char *state_folder, GError **error);
void afar_free(Afar *afar);

/* The public identity, hex; borrowed. */
const char *afar_identity(const Afar *afar);

/* Answer {offer s, signature ay}, floating, instead of an open offer of that token. FORBIDDEN after
 * a wrong PIN from afar; UNAVAILABLE: too many are open. */
GVariant *afar_offer(
	Afar *afar, const char *token, const char *holder, gint64 now_s, GError **error);

/*
 * The block with the PIN that was sealed for this offer (unlock_block_pin), and the offer's token,
 * a new string. Whatever comes of it, the offer is used up. PERMIT: not open, or over; INVALID: not
 * sealed for it; FORBIDDEN as above.
 */
PacketBuffer *afar_take(
	Afar *afar, const char *text, GBytes *sealed, gint64 now_s, char **token, GError **error);

/* The PIN was spent and not right, which outlives a restart; and: the right one was typed at the
 * gateway. */
void afar_close(Afar *afar, const char *token);
void afar_reopen(Afar *afar, const char *token);

#endif
