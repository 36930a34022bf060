/* pool.h: a table of tokens by label. One thread. */
#include "signer/pool.h"
#include "base/error.h"

#include <string.h>

struct _Pool {
	PoolOptions options;
	Bindings *bindings;
	GHashTable *places; /* label -> Place * */
	guint64 signatures; /* of tokens that left */
};

static void set_place(Pool *pool, const char *label, const char *serial)
{
	Place *place = g_hash_table_lookup(pool->places, label);

	if (place != NULL)
		token_set_serial(place_token(place), serial);
	else
		g_hash_table_insert(pool->places, g_strdup(label),
			place_new(&pool->options, pool->bindings, label, serial));
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

	if (place_is_seal(&pool->options, key) || bindings_find_token(pool->bindings, key) != NULL)
		return FALSE;
	pool->signatures += token_signatures(place_token(value));
	return TRUE;
}

void pool_sync(Pool *pool)
{
	const GPtrArray *all = bindings_all(pool->bindings);
	GHashTableIter iter;
	gpointer value;

	g_hash_table_foreach_remove(pool->places, left_the_bindings, pool);
	if (*pool->options.seal_token != '\0')
		set_place(pool, pool->options.seal_token, "");
	for (guint i = 0; i < all->len; i++) {
		const Binding *binding = all->pdata[i];

		if (!place_is_seal(&pool->options, binding->token))
			set_place(pool, binding->token, binding->serial);
	}
	g_hash_table_iter_init(&iter, pool->places);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		place_sync(value);
}

/*
 * Of the tokens that may sign for the mailbox, the one that would be done first; when none is
 * unlocked the first, whose trouble the sender is told.
 */
static Place *choose_place(const Pool *pool, const GPtrArray *bindings, const char *mailbox)
{
	Place *chosen = NULL;
	guint least_ms = G_MAXUINT;

	for (guint i = 0; i < bindings->len; i++) {
		const Binding *binding = bindings->pdata[i];
		Place *place = g_hash_table_lookup(pool->places, binding->token);
		guint expected_ms;

		if (place == NULL || place_is_seal(&pool->options, binding->token))
			continue;
		expected_ms = place_expected_ms(place, mailbox);
		if (chosen == NULL || expected_ms < least_ms) {
			chosen = place;
			least_ms = expected_ms;
		}
	}
	return chosen;
}

gboolean pool_sign(Pool *pool, const GPtrArray *bindings, const TokenWork *work, TokenDone done,
	gpointer data, GError **error)
{
	g_autofree char *lower = g_ascii_strdown(work->mailbox, -1);
	const TokenWork wanted = {lower, work->content_fd, work->wait_ms};
	Place *place = choose_place(pool, bindings, lower);

	if (place != NULL)
		return place_sign(place, &wanted, done, data, error);
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_NO_BINDING,
		"the token of the mailbox signs no mail");
	return FALSE;
}

gboolean pool_seal(Pool *pool, int content_fd, TokenDone done, gpointer data, GError **error)
{
	Place *place = g_hash_table_lookup(pool->places, pool->options.seal_token);
	const TokenWork work = {NULL, content_fd, 0};

	if (place == NULL) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_NO_BINDING, "there is no seal token");
		return FALSE;
	}
	return place_sign(place, &work, done, data, error);
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

	return place != NULL && place_unlock(place, pin, despite_low, done, data, error);
}

gboolean pool_lock(Pool *pool, const char *label, GError **error)
{
	Place *place = find_place(pool, label, error);

	if (place == NULL)
		return FALSE;
	token_lock(place_token(place));
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
		gboolean seal = place_is_seal(&pool->options, label);
		GVariantDict dict;

		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert(&dict, "token", "s", label);
		g_variant_dict_insert(&dict, "state", "s", seal ? "active" : binding->state);
		g_variant_dict_insert(&dict, "purpose", "s", seal ? "seal" : "mail");
		g_variant_dict_insert(&dict, "personal", "b", place_is_personal(place));
		token_describe(place_token(place), &dict);
		g_variant_builder_add_value(&tokens, g_variant_dict_end(&dict));
		signatures += token_signatures(place_token(place));
	}
	g_variant_dict_init(&answer, NULL);
	g_variant_dict_insert_value(&answer, "tokens", g_variant_builder_end(&tokens));
	g_variant_dict_insert(&answer, "version", "t", bindings_version(pool->bindings));
	g_variant_dict_insert(&answer, "signatures", "t", signatures);
	return g_variant_dict_end(&answer);
}

GVariant *pool_chains(const Pool *pool, const char *label, GError **error)
{
	Place *place = find_place(pool, label, error);
	g_autoptr(GVariant) chains = NULL;
	GVariantDict dict;

	if (place == NULL)
		return NULL;
	chains = token_chains(place_token(place));
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert_value(&dict, "chains", chains);
	return g_variant_dict_end(&dict);
}

void pool_child_exited(Pool *pool, pid_t pid)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, pool->places);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Place *place = value;

		if (token_worker(place_token(place)) == pid)
			token_worker_exited(place_token(place));
	}
}
