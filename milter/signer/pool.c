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
	Pool *pool;
} Place;

struct _Pool {
	char *module, *seal_token;
	guint sign_timeout_ms;
	Bindings *bindings;
	GHashTable *places; /* label -> Place * */
	guint64 signatures; /* of tokens that left */
};

static void place_free(gpointer data)
{
	Place *place = data;

	place->credential_spent = TRUE;
	token_free(place->token);
	if (place->timer != 0)
		g_source_remove(place->timer);
	g_free(place);
}

static gboolean is_seal(const Pool *pool, const char *label)
{
	return *pool->seal_token != '\0' && strcmp(pool->seal_token, label) == 0;
}

static gboolean may_be_used(const Pool *pool, const char *label)
{
	return is_seal(pool, label) ||
	       binding_is_active(bindings_find_token(pool->bindings, label));
}

static void try_credential(Place *place)
{
	const char *label = token_label(place->token);
	g_autoptr(PacketBuffer) pin = NULL;
	g_autoptr(GError) error = NULL;

	if (place->credential_spent || token_state(place->token) != TOKEN_LOCKED ||
		bindings_is_held(place->pool->bindings, label) || !may_be_used(place->pool, label))
		return;
	pin = credential_read(label);
	if (pin != NULL &&
		!token_unlock(place->token, pin->data, pin->size, FALSE, NULL, NULL, &error))
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

static void on_ready(Token *token, gboolean typed, gpointer data)
{
	Place *place = data;
	g_autoptr(GError) error = NULL;

	place->alarm = -1;
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
		place->token =
			token_new(pool->module, label, serial, pool->sign_timeout_ms, &events);
		g_hash_table_insert(pool->places, g_strdup(label), place);
	} else {
		token_set_serial(place->token, serial);
	}
	return place;
}

Pool *pool_new(
	const char *module, const char *seal_token, guint sign_timeout_ms, Bindings *bindings)
{
	Pool *pool = g_new0(Pool, 1);

	pool->module = g_strdup(module);
	pool->seal_token = g_strdup(seal_token);
	pool->sign_timeout_ms = sign_timeout_ms;
	pool->bindings = bindings;
	pool->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, place_free);
	return pool;
}

void pool_free(Pool *pool)
{
	if (pool == NULL)
		return;
	g_hash_table_unref(pool->places);
	g_free(pool->module);
	g_free(pool->seal_token);
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

void pool_sync(Pool *pool)
{
	const GPtrArray *all = bindings_all(pool->bindings);
	GHashTableIter iter;
	gpointer value;

	g_hash_table_foreach_remove(pool->places, left_the_bindings, pool);
	if (*pool->seal_token != '\0')
		add_place(pool, pool->seal_token, "");
	for (guint i = 0; i < all->len; i++) {
		const Binding *binding = all->pdata[i];

		if (!is_seal(pool, binding->token))
			add_place(pool, binding->token, binding->serial);
	}
	g_hash_table_iter_init(&iter, pool->places);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Place *place = value;

		if (!may_be_used(pool, token_label(place->token)))
			token_lock(place->token);
		else if (place->timer == 0)
			try_credential(place);
	}
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
	return token_sign(place->token, lower, content_fd, done, data, error);
}

gboolean pool_seal(Pool *pool, int content_fd, TokenDone done, gpointer data, GError **error)
{
	Place *place = g_hash_table_lookup(pool->places, pool->seal_token);

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

gboolean pool_unlock(Pool *pool, const char *label, const char *pin, TokenDone done, gpointer data,
	GError **error)
{
	Place *place = find_place(pool, label, error);

	if (place == NULL)
		return FALSE;
	if (!may_be_used(pool, label)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"the binding of token %s is not active", label);
		return FALSE;
	}
	return token_unlock(place->token, pin, strlen(pin), TRUE, done, data, error);
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
