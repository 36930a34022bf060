/*
 * replies.h over TABLE_REPLIES: key = SHA-256 of caller and Idempotency-Key, value =
 * {"time","status","fingerprint","json"} or, when the answer is secret, {"time","secret"} alone:
 * neither the answer nor a digest of a body that holds a password is kept. Two calls with one key
 * at the same time: the second waits for the first. Fails with CONFLICT, INVALID or as the store
 * does.
 */
#include "provision/replies.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cms/digest.h"

#define KEEP_S (2 * 24 * 3600)
#define PURGE_MAX 5000

struct _Replies {
	Service *service;
	GMutex lock;
	GCond ended;
	GHashTable *running; /* table keys */
};

Replies *replies_new(Service *service)
{
	Replies *replies = g_new0(Replies, 1);

	replies->service = service;
	g_mutex_init(&replies->lock);
	g_cond_init(&replies->ended);
	replies->running = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return replies;
}

void replies_free(Replies *replies)
{
	if (replies == NULL)
		return;
	g_hash_table_destroy(replies->running);
	g_mutex_clear(&replies->lock);
	g_cond_clear(&replies->ended);
	g_free(replies);
}

static char *table_key(const char *caller, const char *key)
{
	g_autofree char *both = g_strdup_printf("%s\n%s", caller, key);

	return digest_sha256_hex(both, strlen(both));
}

static gboolean check_key(const char *key, GError **error)
{
	gsize size = strlen(key);
	gboolean ok = size > 0 && size <= REPLY_KEY_CHARS_MAX;

	for (const char *p = key; ok && *p != '\0'; p++)
		ok = g_ascii_isgraph(*p);
	if (!ok)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"Idempotency-Key: must have 1 to %d visible characters",
			REPLY_KEY_CHARS_MAX);
	return ok;
}

static void take_key(Replies *replies, const char *name)
{
	g_mutex_lock(&replies->lock);
	while (g_hash_table_contains(replies->running, name))
		g_cond_wait(&replies->ended, &replies->lock);
	g_hash_table_add(replies->running, g_strdup(name));
	g_mutex_unlock(&replies->lock);
}

static void give_key(Replies *replies, const char *name)
{
	g_mutex_lock(&replies->lock);
	g_hash_table_remove(replies->running, name);
	g_cond_broadcast(&replies->ended);
	g_mutex_unlock(&replies->lock);
}

/* What is kept under the key: an answer, a conflict, or nothing (TRUE without *answered). */
static gboolean look_up(Replies *replies, const char *name, const char *fingerprint,
	ApiResponse *response, gboolean *answered, GError **error)
{
	GError *failure = NULL;
	g_autofree char *text = store_get(replies->service->store, TABLE_REPLIES, name, &failure);
	json_t *kept;

	if (failure != NULL) {
		g_propagate_error(error, failure);
		return FALSE;
	}
	if (text == NULL)
		return TRUE;
	kept = json_loads(text, 0, NULL);
	if (json_is_true(json_object_get(kept, "secret"))) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"the answer to this Idempotency-Key was given once and is not kept");
	} else if (g_strcmp0(json_string_value(json_object_get(kept, "fingerprint")),
			   fingerprint) != 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"this Idempotency-Key belongs to another request");
	} else {
		response->status = (unsigned)json_integer_value(json_object_get(kept, "status"));
		response->json = json_incref(json_object_get(kept, "json"));
		*answered = TRUE;
	}
	json_decref(kept);
	return *answered;
}

gboolean replies_begin(Replies *replies, const char *caller, const char *key,
	const char *fingerprint, ApiResponse *response, gboolean *answered, GError **error)
{
	g_autofree char *name = NULL;
	gboolean ok;

	*answered = FALSE;
	if (!check_key(key, error))
		return FALSE;
	name = table_key(caller, key);
	take_key(replies, name);
	ok = look_up(replies, name, fingerprint, response, answered, error);
	if (!ok || *answered)
		give_key(replies, name);
	return ok;
}

typedef struct {
	const char *name;
	char *value;
} Keep;

static gboolean keep_reply(StoreTxn *txn, gpointer data, GError **error)
{
	const Keep *keep = data;

	return store_put(txn, TABLE_REPLIES, keep->name, keep->value, error);
}

gboolean replies_end(Replies *replies, const char *caller, const char *key, const char *fingerprint,
	const ApiResponse *response, GError **error)
{
	g_autofree char *name = table_key(caller, key);
	gboolean ok = TRUE;

	if (response != NULL) {
		json_int_t now = replies->service->now_s();
		/* What is no JSON (a page) is not kept either. */
		json_t *kept = response->secret || response->bytes != NULL
				       ? json_pack("{s:I, s:b}", "time", now, "secret", 1)
				       : json_pack("{s:I, s:i, s:s, s:O?}", "time", now, "status",
						 (int)response->status, "fingerprint", fingerprint,
						 "json", response->json);
		Keep keep = {.name = name, .value = json_dumps(kept, JSON_COMPACT)};

		ok = store_run(replies->service->store, keep_reply, &keep, error);
		free(keep.value);
		json_decref(kept);
	}
	give_key(replies, name);
	return ok;
}

typedef struct {
	gint64 before_s;
	GPtrArray *keys;
} Old;

static gboolean collect_old(const char *key, const char *value, gpointer data)
{
	Old *old = data;
	json_t *kept = json_loads(value, 0, NULL);

	if (json_integer_value(json_object_get(kept, "time")) < old->before_s)
		g_ptr_array_add(old->keys, g_strdup(key));
	json_decref(kept);
	return old->keys->len < PURGE_MAX;
}

static gboolean delete_old(StoreTxn *txn, gpointer data, GError **error)
{
	const GPtrArray *keys = data;

	for (guint i = 0; i < keys->len; i++)
		if (!store_delete(txn, TABLE_REPLIES, keys->pdata[i], error))
			return FALSE;
	return TRUE;
}

gboolean replies_purge(Service *service, GError **error)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
	Old old = {.before_s = service->now_s() - KEEP_S, .keys = keys};

	if (!store_scan(service->store, TABLE_REPLIES, "", NULL, FALSE, collect_old, &old, error))
		return FALSE;
	return keys->len == 0 || store_run(service->store, delete_old, keys, error);
}
