/*
 * pool.h: a table of tokens by label. A PIN from a credential is tried once at start and once after
 * each death of a worker that had been ready; one that failed, or may have, is never tried again by
 * program (FACTS 21). One thread.
 */
#include "signer/pool.h"
#include "base/error.h"
#include "base/log.h"
#include "signer/credential.h"

#include <string.h>

typedef struct {
	Token *token;
	gboolean credential_spent; /* it failed, or a person locked the token */
	int alarm;		   /* the error that was told last; -1: none since it was ready */
	guint timer;		   /* before the credential is read; 0: none */
	guint limit;		   /* ends a person's time; 0: none */
	guint mails;		   /* that a person's token may still sign */
	Pool *pool;
} Place;

struct _Pool {
	PoolOptions options;
	Bindings *bindings;
	GHashTable *places; /* label -> Place * */
	guint64 signatures; /* of tokens that left */
};

/* A signature of a person's token, on its way. */
typedef struct {
	Place *place;
	TokenDone done;
	gpointer data;
} Counted;

static void stop_limit(Place *place)
{
	if (place->limit != 0)
		g_source_remove(place->limit);
	place->limit = 0;
}

static void place_free(gpointer data)
{
	Place *place = data;

	place->credential_spent = TRUE;
	token_free(place->token);
	stop_limit(place);
	if (place->timer != 0)
		g_source_remove(place->timer);
	g_free(place);
}

static gboolean is_seal(const Pool *pool, const char *label)
{
	return *pool->options.seal_token != '\0' && strcmp(pool->options.seal_token, label) == 0;
}

static gboolean is_personal(const Pool *pool, const char *label)
{
	const Binding *binding = bindings_find_token(pool->bindings, label);

	return !is_seal(pool, label) && binding != NULL && binding->personal;
}

static gboolean may_be_used(const Pool *pool, const char *label)
{
	if (is_personal(pool, label) && !pool->options.personal)
		return FALSE;
	return is_seal(pool, label) ||
	       binding_is_active(bindings_find_token(pool->bindings, label));
}

static void try_credential(Place *place)
{
	const char *label = token_label(place->token);
	g_autoptr(PacketBuffer) pin = NULL;
	g_autoptr(GError) error = NULL;

	if (place->credential_spent || token_state(place->token) != TOKEN_LOCKED ||
		bindings_is_held(place->pool->bindings, label) ||
		!may_be_used(place->pool, label) || is_personal(place->pool, label))
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
	if (is_personal(place->pool, token_label(token))) {
		place->mails = place->pool->options.personal_mails;
		place->limit =
			g_timeout_add_seconds(place->pool->options.personal_s, on_time_over, place);
	}
	if (typed) {
		place->credential_spent = FALSE;
		if (!bindings_set_held(place->pool->bindings, token_label(token), FALSE, &error))
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
		try_credential_later(place, POOL_ABSENT_PAUSE_MS);
	else
		try_credential_later(place, POOL_CREDENTIAL_PAUSE_MS);
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

static Place *add_place(Pool *pool, const char *label, const char *serial)
{
	Place *place = g_hash_table_lookup(pool->places, label);

	if (place == NULL) {
		place = g_new0(Place, 1);
		TokenEvents events = {on_ready, on_locked, on_reconnects, place};

		place->pool = pool;
		place->alarm = -1;
		place->token = token_new(pool->options.module, label, serial,
			pool->options.sign_timeout_ms, &events);
		g_hash_table_insert(pool->places, g_strdup(label), place);
	} else {
		token_set_serial(place->token, serial);
	}
	return place;
}

Pool *pool_new(const PoolOptions *options, Bindings *bindings)
{
	Pool *pool = g_new0(Pool, 1);

	pool->options = *options;
	pool->bindings = bindings;
	pool->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, place_free);
	return pool;
}

void pool_free(Pool *pool)
{
	if (pool == NULL)
		return;
	g_hash_table_unref(pool->places);
	g_free(pool);
}

static gboolean left_the_bindings(gpointer key, gpointer value, gpointer data)
{
	Pool *pool = data;
	Place *place = value;

	if (is_seal(pool, key) || bindings_find_token(pool->bindings, key) != NULL)
		return FALSE;
	pool->signatures += token_signatures(place->token);
	return TRUE;
}

/* Unlocked as an office's token, it became a person's. */
static gboolean has_no_limit(const Place *place)
{
	return is_personal(place->pool, token_label(place->token)) &&
	       token_state(place->token) == TOKEN_READY && place->limit == 0;
}

void pool_sync(Pool *pool)
{
	const GPtrArray *all = bindings_all(pool->bindings);
	GHashTableIter iter;
	gpointer value;

	g_hash_table_foreach_remove(pool->places, left_the_bindings, pool);
	if (*pool->options.seal_token != '\0')
		add_place(pool, pool->options.seal_token, "");
	for (guint i = 0; i < all->len; i++) {
		const Binding *binding = all->pdata[i];

		if (!is_seal(pool, binding->token))
			add_place(pool, binding->token, binding->serial);
	}
	g_hash_table_iter_init(&iter, pool->places);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Place *place = value;

		if (!may_be_used(pool, token_label(place->token)) || has_no_limit(place))
			token_lock(place->token);
		else if (place->timer == 0)
			try_credential(place);
	}
}

/* Locks after the last mail that the person let it sign; those that wait are told so. */
static void on_counted(GVariant *answer, const GError *error, gpointer data)
{
	g_autofree Counted *counted = data;
	Place *place = counted->place;

	counted->done(answer, error, counted->data);
	if (answer == NULL || place->mails == 0 || --place->mails > 0)
		return;
	log_info("the mails of a person's token are signed", "token", token_label(place->token),
		NULL);
	token_lock(place->token);
}

static gboolean sign_counted(Place *place, const char *mailbox, int content_fd, TokenDone done,
	gpointer data, GError **error)
{
	Counted *counted = g_new(Counted, 1);

	*counted = (Counted){place, done, data};
	if (token_sign(place->token, mailbox, content_fd, on_counted, counted, error))
		return TRUE;
	g_free(counted);
	return FALSE;
}

gboolean pool_sign(Pool *pool, const Binding *binding, const char *mailbox, int content_fd,
	TokenDone done, gpointer data, GError **error)
{
	Place *place = g_hash_table_lookup(pool->places, binding->token);
	g_autofree char *lower = g_ascii_strdown(mailbox, -1);

	if (place == NULL || is_seal(pool, binding->token)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NO_BINDING, "token %s signs no mail",
			binding->token);
		return FALSE;
	}
	if (binding->personal)
		return sign_counted(place, lower, content_fd, done, data, error);
	return token_sign(place->token, lower, content_fd, done, data, error);
}

gboolean pool_seal(Pool *pool, int content_fd, TokenDone done, gpointer data, GError **error)
{
	Place *place = g_hash_table_lookup(pool->places, pool->options.seal_token);

	if (place == NULL) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_NO_BINDING, "there is no seal token");
		return FALSE;
	}
	return token_sign(place->token, NULL, content_fd, done, data, error);
}

static Place *find_place(const Pool *pool, const char *label, GError **error)
{
	Place *place = g_hash_table_lookup(pool->places, label);

	if (place == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no token %s", label);
	return place;
}

gboolean pool_unlock(Pool *pool, const char *label, const char *pin, gboolean despite_low,
	TokenDone done, gpointer data, GError **error)
{
	Place *place = find_place(pool, label, error);
	unsigned how = TOKEN_PIN_TYPED | (despite_low ? TOKEN_PIN_DESPITE_LOW : 0);

	if (place == NULL)
		return FALSE;
	if (is_personal(pool, label) && !pool->options.personal) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN,
			"people's own tokens are off ([signing] personal_tokens)");
		return FALSE;
	}
	if (!may_be_used(pool, label)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"the binding of token %s is not active", label);
		return FALSE;
	}
	return token_unlock(place->token, pin, strlen(pin), how, done, data, error);
}

gboolean pool_lock(Pool *pool, const char *label, GError **error)
{
	Place *place = find_place(pool, label, error);

	if (place == NULL)
		return FALSE;
	token_lock(place->token);
	return bindings_set_held(pool->bindings, label, TRUE, error);
}

GVariant *pool_status(const Pool *pool)
{
	GVariantBuilder tokens;
	GVariantDict answer;
	GHashTableIter iter;
	gpointer label, value;
	guint64 signatures = pool->signatures;

	g_variant_builder_init(&tokens, G_VARIANT_TYPE("aa{sv}"));
	g_hash_table_iter_init(&iter, pool->places);
	while (g_hash_table_iter_next(&iter, &label, &value)) {
		const Place *place = value;
		const Binding *binding = bindings_find_token(pool->bindings, label);
		gboolean seal = is_seal(pool, label);
		GVariantDict dict;

		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert(&dict, "token", "s", label);
		g_variant_dict_insert(&dict, "state", "s", seal ? "active" : binding->state);
		g_variant_dict_insert(&dict, "purpose", "s", seal ? "seal" : "mail");
		g_variant_dict_insert(&dict, "personal", "b", is_personal(pool, label));
		token_describe(place->token, &dict);
		g_variant_builder_add_value(&tokens, g_variant_dict_end(&dict));
		signatures += token_signatures(place->token);
	}
	g_variant_dict_init(&answer, NULL);
	g_variant_dict_insert_value(&answer, "tokens", g_variant_builder_end(&tokens));
	g_variant_dict_insert(&answer, "version", "t", bindings_version(pool->bindings));
	g_variant_dict_insert(&answer, "signatures", "t", signatures);
	return g_variant_dict_end(&answer);
}

void pool_child_exited(Pool *pool, pid_t pid)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, pool->places);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Place *place = value;

		if (token_worker(place->token) == pid)
			token_worker_exited(place->token);
	}
}
