/*
 * place.h: one PIN, one attempt (FACTS 21). A PIN from a credential is tried once at start and once
 * after each death of a worker that had been ready; one that failed, or may have, is never tried
 * again by program. One thread.
 */
#include "signer/place.h"
#include "base/error.h"
#include "base/log.h"
#include "signer/credential.h"
#include "signer/worker.h"

#include <string.h>

struct _Place {
	Token *token;
	gboolean credential_spent; /* it failed, or a person locked the token */
	int alarm;		   /* the error that was told last; -1: none since it was ready */
	guint timer;		   /* before the credential is read; 0: none */
	guint limit;		   /* ends a person's time; 0: none */
	guint mails;		   /* that a person's token may still sign */
	GHashTable *unfit; /* mailboxes that it had no certificate for, since it was ready */
	const PoolOptions *options;
	Bindings *bindings;
};

/* A mail's signature, on its way. */
typedef struct {
	Place *place;
	char *mailbox;
	gboolean personal;
	TokenDone done;
	gpointer data;
} Counted;

static void stop_limit(Place *place)
{
	if (place->limit != 0)
		g_source_remove(place->limit);
	place->limit = 0;
}

void place_free(gpointer data)
{
	Place *place = data;

	place->credential_spent = TRUE;
	token_free(place->token);
	stop_limit(place);
	if (place->timer != 0)
		g_source_remove(place->timer);
	g_hash_table_unref(place->unfit);
	g_free(place);
}

gboolean place_is_seal(const PoolOptions *options, const char *label)
{
	return *options->seal_token != '\0' && strcmp(options->seal_token, label) == 0;
}

gboolean place_is_personal(const Place *place)
{
	const char *label = token_label(place->token);
	const Binding *binding = bindings_find_token(place->bindings, label);

	return !place_is_seal(place->options, label) && binding != NULL && binding->personal;
}

static gboolean may_be_used(const Place *place)
{
	const char *label = token_label(place->token);

	if (place_is_personal(place) && !place->options->personal)
		return FALSE;
	return place_is_seal(place->options, label) ||
	       binding_may_open(bindings_find_token(place->bindings, label));
}

static void try_credential(Place *place)
{
	const char *label = token_label(place->token);
	g_autoptr(PacketBuffer) pin = NULL;
	g_autoptr(GError) error = NULL;

	if (place->credential_spent || token_state(place->token) != TOKEN_LOCKED ||
		bindings_is_held(place->bindings, label) || !may_be_used(place) ||
		place_is_personal(place))
		return;
	pin = credential_read(label);
	if (pin != NULL && !token_unlock(place->token, pin->data, pin->size, 0, NULL, NULL, &error))
		log_error(
			"token cannot be started", "token", label, "detail", error->message, NULL);
}

static gboolean on_pause_over(gpointer data)
{
	Place *place = data;

	place->timer = 0;
	try_credential(place);
	return G_SOURCE_REMOVE;
}

static void try_credential_later(Place *place, guint pause_ms)
{
	if (place->timer == 0 && !place->credential_spent)
		place->timer = g_timeout_add(pause_ms, on_pause_over, place);
}

static gboolean on_time_over(gpointer data)
{
	Place *place = data;

	place->limit = 0;
	log_info("the time of a person's token is over", "token", token_label(place->token), NULL);
	token_lock(place->token);
	return G_SOURCE_REMOVE;
}

static void on_ready(Token *token, gboolean typed, gpointer data)
{
	Place *place = data;
	g_autoptr(GError) error = NULL;

	place->alarm = -1;
	g_hash_table_remove_all(place->unfit);
	if (place_is_personal(place)) {
		place->mails = place->options->personal_mails;
		place->limit =
			g_timeout_add_seconds(place->options->personal_s, on_time_over, place);
	}
	if (typed) {
		place->credential_spent = FALSE;
		if (!bindings_set_held(place->bindings, token_label(token), FALSE, &error))
			log_warning("token stays held", "token", token_label(token), "detail",
				error->message, NULL);
	}
	log_info("token unlocked", "token", token_label(token), "pin",
		typed ? "typed" : "credential", NULL);
}

static void on_locked(Token *token, const GError *cause, gboolean tried, gpointer data)
{
	Place *place = data;

	stop_limit(place);
	if (cause == NULL) {
		log_info("token locked", "token", token_label(token), NULL);
		return;
	}
	/* A token that stays away is looked for again and again, and told once. */
	if (place->alarm != cause->code)
		log_error("alarm: token does not sign", "token", token_label(token), "error",
			acuse_error_row_of(cause)->name, "detail", cause->message, NULL);
	place->alarm = cause->code;
	if (tried || g_error_matches(cause, ACUSE_ERROR, ACUSE_ERROR_PIN_LOW))
		place->credential_spent = TRUE;
	else if (g_error_matches(cause, ACUSE_ERROR, ACUSE_ERROR_TOKEN_ABSENT))
		try_credential_later(place, PLACE_ABSENT_PAUSE_MS);
	else
		try_credential_later(place, PLACE_CREDENTIAL_PAUSE_MS);
}

static void on_reconnects(Token *token, const GError *cause, gpointer data)
{
	(void)data;
	if (cause != NULL)
		log_warning("token is opened anew", "token", token_label(token), "error",
			acuse_error_row_of(cause)->name, "detail", cause->message, NULL);
	else
		log_info("token is open again", "token", token_label(token), NULL);
}

static gboolean is_bound(const Token *token, const char *mailbox, gpointer data)
{
	const Place *place = data;

	return binding_signs_for(bindings_find_token(place->bindings, token_label(token)), mailbox,
		g_get_real_time() / G_USEC_PER_SEC);
}

Place *place_new(
	const PoolOptions *options, Bindings *bindings, const char *label, const char *serial)
{
	Place *place = g_new0(Place, 1);
	const TokenEvents events = {on_ready, on_locked, on_reconnects, is_bound, place};

	place->options = options;
	place->bindings = bindings;
	place->alarm = -1;
	place->unfit = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	place->token = token_new(&options->token, label, serial, &events);
	return place;
}

Token *place_token(const Place *place)
{
	return place->token;
}

/* Unlocked as an office's token, it became a person's. */
static gboolean has_no_limit(const Place *place)
{
	return place_is_personal(place) && token_state(place->token) == TOKEN_READY &&
	       place->limit == 0;
}

void place_sync(Place *place)
{
	if (!may_be_used(place) || has_no_limit(place))
		token_lock(place->token);
	else if (place->timer == 0)
		try_credential(place);
	token_recheck(place->token);
}

/* Locks after the last mail that the person let it sign; those that wait are told so. */
static void on_signed(GVariant *answer, const GError *error, gpointer data)
{
	g_autofree Counted *counted = data;
	g_autofree char *mailbox = counted->mailbox;
	Place *place = counted->place;

	if (g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_CERTIFICATE))
		g_hash_table_add(place->unfit, g_steal_pointer(&mailbox));
	counted->done(answer, error, counted->data);
	if (!counted->personal || answer == NULL || place->mails == 0 || --place->mails > 0)
		return;
	log_info("the mails of a person's token are signed", "token", token_label(place->token),
		NULL);
	token_lock(place->token);
}

gboolean place_sign(
	Place *place, const TokenWork *work, TokenDone done, gpointer data, GError **error)
{
	Counted *counted;

	if (work->mailbox == NULL)
		return token_sign(place->token, work, done, data, error);
	counted = g_new(Counted, 1);
	*counted = (Counted){place, g_strdup(work->mailbox), place_is_personal(place), done, data};
	if (token_sign(place->token, work, on_signed, counted, error))
		return TRUE;
	g_free(counted->mailbox);
	g_free(counted);
	return FALSE;
}

guint place_expected_ms(const Place *place, const char *mailbox)
{
	switch (token_state(place->token)) {
	case TOKEN_READY:
		return g_hash_table_contains(place->unfit, mailbox)
			       ? G_MAXUINT - 1
			       : token_expected_ms(place->token, mailbox);
	case TOKEN_STARTING:
		return G_MAXUINT - 2;
	case TOKEN_LOCKED:
		break;
	}
	return G_MAXUINT;
}

gboolean place_unlock(Place *place, const char *pin, gboolean despite_low, TokenDone done,
	gpointer data, GError **error)
{
	unsigned how = TOKEN_PIN_TYPED | (despite_low ? TOKEN_PIN_DESPITE_LOW : 0);

	if (place_is_personal(place) && !place->options->personal) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN,
			"people's own tokens are off ([signing] personal_tokens)");
		return FALSE;
	}
	if (strlen(pin) > WORKER_MAX_PIN) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "a PIN has at most %d bytes",
			WORKER_MAX_PIN);
		return FALSE;
	}
	if (!may_be_used(place)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"the binding of token %s is not active", token_label(place->token));
		return FALSE;
	}
	return token_unlock(place->token, pin, strlen(pin), how, done, data, error);
}
