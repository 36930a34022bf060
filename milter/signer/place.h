/*
 * One token of the gateway and what is decided about it: whether it may be used at all, when its
 * PIN is read from a credential, how long and how often a person's token signs. Logs what becomes
 * of it. Never blocks.
 */
#ifndef ACUSE_SIGNER_PLACE_H
#define ACUSE_SIGNER_PLACE_H

#include <glib.h>

#include "signer/bindings.h"
#include "signer/token.h"

#define PLACE_CREDENTIAL_PAUSE_MS 5000 /* before the credential is read again after a death */
#define PLACE_ABSENT_PAUSE_MS 30000    /* between looks for a token that is not there */

typedef struct {
	TokenOptions token;
	const char *seal_token; /* "": none */
	/* Whether people's tokens may be used, and for how long and how many mails after a PIN. */
	gboolean personal;
	guint personal_s, personal_mails;
} PoolOptions;

typedef struct _Place Place;

/* options and bindings are borrowed. */
Place *place_new(
	const PoolOptions *options, Bindings *bindings, const char *label, const char *serial);
void place_free(gpointer place);

Token *place_token(const Place *place);
gboolean place_is_seal(const PoolOptions *options, const char *label);
gboolean place_is_personal(const Place *place);

/* After the bindings changed: locks what is not active any more, starts what has a credential. */
void place_sync(Place *place);

/*
 * How long one more signature for this mailbox (lower case) would take; at the end those that
 * cannot say: what is being opened, what had no certificate for it, what is locked.
 */
guint place_expected_ms(const Place *place, const char *mailbox);

/* As token_sign; mailbox in lower case. */
gboolean place_sign(
	Place *place, const TokenWork *work, TokenDone done, gpointer data, GError **error);
/* As pool_unlock. */
gboolean place_unlock(Place *place, const char *pin, gboolean despite_low, TokenDone done,
	gpointer data, GError **error);

#endif
