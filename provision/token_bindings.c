/*
 * The outbox's kind "bindings" (tokens.h): computes the bindings of all tokens from TABLE_TOKENS
 * and pushes them to the signer under a rising version; {"lock": LABEL} also locks that token.
 * Idempotent: a repeat pushes what is true then. Runs in the outbox's thread; fails with what the
 * signer or the store says.
 */
#include "provision/tokens.h"

#include "api/record_json.h"
#include "base/error.h"
#include "signer/protocol.h"

#define PUSH_TIMEOUT_MS 5000
#define ENDED_KEPT_S (30 * 86400) /* that a token is told of after its end */

typedef struct {
	GVariantBuilder *list;
	gint64 now_s;
} Pushed;

static gboolean next_version(StoreTxn *txn, gpointer data, GError **error)
{
	return store_next(txn, "bindings", data, error);
}

/* Open when it is absent; what the API let in has the right form. */
static gint64 time_member(const json_t *row, const char *name)
{
	const char *text = json_string_value(json_object_get(row, name));
	gint64 time_s = 0;

	return text != NULL && time_from_rfc3339(text, &time_s) ? time_s : 0;
}

static gboolean is_barred(const json_t *row)
{
	return json_is_string(json_object_get(json_object_get(row, "certificate"), "bar"));
}

/* One packet takes all bindings, and a list that only grows would one day not go into it: then no
 * loss would reach the signer. What it never heard of signs nothing either. */
static gboolean ended_long_ago(const json_t *row, gint64 now_s)
{
	static const char *const ended[] = {"returned", "revoked", "expired", NULL};
	const char *state = json_string_value(json_object_get(row, "state"));

	return g_strv_contains(ended, state) &&
	       json_integer_value(json_object_get(row, "time")) + ENDED_KEPT_S < now_s;
}

static gboolean add_binding(const char *key, const char *value, gpointer data)
{
	json_t *row = json_loads(value, 0, NULL);
	const json_t *mailboxes = json_object_get(row, "mailboxes");
	const char *serial = json_string_value(json_object_get(row, "serial"));
	const char *state = json_string_value(json_object_get(row, "state"));
	const Pushed *pushed = data;
	const char *holder = json_string_value(json_object_get(row, "holder"));
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_auto(GStrv) addresses = NULL;
	GVariantDict dict;

	if (!token_state_is_bound(state) || ended_long_ago(row, pushed->now_s)) {
		json_decref(row);
		return TRUE;
	}
	/* Open it stays, but what bars it would otherwise sign for a mailbox that another token
	 * has. */
	for (size_t i = 0; !is_barred(row) && i < json_array_size(mailboxes); i++)
		g_strv_builder_add(builder, json_string_value(json_array_get(mailboxes, i)));
	addresses = g_strv_builder_end(builder);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "token", "s", key);
	g_variant_dict_insert(&dict, "serial", "s", serial != NULL ? serial : "");
	g_variant_dict_insert(&dict, "mailboxes", "^as", addresses);
	g_variant_dict_insert(&dict, "from", "x", time_member(row, "from"));
	g_variant_dict_insert(&dict, "until", "x", time_member(row, "until"));
	g_variant_dict_insert(
		&dict, "personal", "b", json_is_true(json_object_get(row, "personal")));
	g_variant_dict_insert(&dict, "state", "s", state);
	g_variant_dict_insert(&dict, "holder", "s", holder != NULL ? holder : "");
	g_variant_builder_add_value(pushed->list, g_variant_dict_end(&dict));
	json_decref(row);
	return TRUE;
}

static gboolean push_lock(const char *socket_path, const char *label, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GVariant) answer = NULL;
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "token", "s", label);
	answer = signer_call(
		socket_path, PUSH_TIMEOUT_MS, "lock", g_variant_dict_end(&dict), NULL, &cause);
	/* A token that the signer does not know cannot sign either. */
	if (answer != NULL || g_error_matches(cause, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&cause));
	return FALSE;
}

static gboolean push_bindings(Service *service, const json_t *body, GError **error)
{
	const char *socket_path = settings_string(service->settings, "signing", "control_socket");
	const char *locked = json_string_value(json_object_get(body, "lock"));
	g_autoptr(GVariant) answer = NULL;
	GVariantBuilder bindings;
	Pushed pushed = {&bindings, service->now_s()};
	GVariantDict dict;
	guint64 version;

	if (!store_run(service->store, next_version, &version, error))
		return FALSE;
	g_variant_builder_init(&bindings, G_VARIANT_TYPE("aa{sv}"));
	if (!store_scan(
		    service->store, TABLE_TOKENS, "", NULL, FALSE, add_binding, &pushed, error)) {
		g_variant_builder_clear(&bindings);
		return FALSE;
	}
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "version", "t", version);
	g_variant_dict_insert_value(&dict, "bindings", g_variant_builder_end(&bindings));
	answer = signer_call(
		socket_path, PUSH_TIMEOUT_MS, "bind", g_variant_dict_end(&dict), NULL, error);
	if (answer == NULL)
		return FALSE;
	return locked == NULL || push_lock(socket_path, locked, error);
}

const OutboxKind outbox_kinds_tokens[] = {
	{"bindings", push_bindings, OUTBOX_SIGNER},
	{NULL},
};
