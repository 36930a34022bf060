/*
 * replies.h over TABLE_REPLIES: key = SHA-256 of caller and Idempotency-Key, value =
 * {"time","status","fingerprint","json"} or, when the answer is secret, {"time","secret"} alone:
 * neither the answer nor a digest of a body that holds a password is kept. {"time","begun"} came
 * with the call's first change and stays when its answer never did. Two calls with one key at the
 * same time: the second waits for the first. Fails with CONFLICT, INVALID or as the store does.
 */
#include "provision/replies.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cms/digest.h"
#include "provision/row.h"

#define KEEP_S (2 * 24 * 3600)
#define PURGE_MAX 5000

struct _Replies {
	Service *service;
	GMutex lock;
	GCond ended;
	GHashTable *running; /* table key -> Claim * */
};

/* A key in use, and whether the store knows. */
typedef struct {
	char *name, *value;
	gboolean written;
} Claim;

static void claim_free(gpointer data)
{
	Claim *claim = data;

	g_free(claim->name);
	free(claim->value);
	g_free(claim);
}

Replies *replies_new(Service *service)
{
	Replies *replies = g_new0(Replies, 1);

	replies->service = service;
	g_mutex_init(&replies->lock);
	g_cond_init(&replies->ended);
	replies->running = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, claim_free);
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

static Claim *claim_new(const char *name, gint64 now_s)
{
	Claim *claim = g_new0(Claim, 1);
	json_t *begun = json_pack("{s:I, s:b}", "time", (json_int_t)now_s, "begun", 1);

	claim->name = g_strdup(name);
	claim->value = json_dumps(begun, JSON_COMPACT);
	json_decref(begun);
	return claim;
}

static Claim *take_key(Replies *replies, const char *name)
{
	Claim *claim = claim_new(name, replies->service->now_s());

	g_mutex_lock(&replies->lock);
	while (g_hash_table_contains(replies->running, name))
		g_cond_wait(&replies->ended, &replies->lock);
	g_hash_table_insert(replies->running, claim->name, claim);
	g_mutex_unlock(&replies->lock);
	return claim;
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
	g_autofree char *text = NULL;
	json_t *kept;

	if (!row_read_text(replies->service->store, TABLE_REPLIES, name, &text, error))
		return FALSE;
	if (text == NULL)
		return TRUE;
	kept = json_loads(text, 0, NULL);
	if (json_is_true(json_object_get(kept, "begun"))) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"the call of this Idempotency-Key was begun and its answer lost: see what "
			"it did");
	} else if (json_is_true(json_object_get(kept, "secret"))) {
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

static gboolean write_claim(StoreTxn *txn, gpointer data, GError **error)
{
	Claim *claim = data;

	claim->written = store_put(txn, TABLE_REPLIES, claim->name, claim->value, error);
	return claim->written;
}

gboolean replies_begin(Replies *replies, const char *caller, const char *key,
	const char *fingerprint, ApiResponse *response, gboolean *answered, GError **error)
{
	g_autofree char *name = NULL;
	Claim *claim;
	gboolean ok;

	*answered = FALSE;
	if (!check_key(key, error))
		return FALSE;
	name = table_key(caller, key);
	claim = take_key(replies, name);
	ok = look_up(replies, name, fingerprint, response, answered, error);
	if (!ok || *answered)
		give_key(replies, name);
	else
		store_accompany(write_claim, claim);
	return ok;
}

typedef struct {
	const char *name;
	char *value; /* NULL: the call failed, and its key is free again */
} Keep;

static gboolean keep_reply(StoreTxn *txn, gpointer data, GError **error)
{
	const Keep *keep = data;

	if (keep->value == NULL)
		return store_delete(txn, TABLE_REPLIES, keep->name, error);
	return store_put(txn, TABLE_REPLIES, keep->name, keep->value, error);
}

/* The claim is this thread's alone until its key is given back. */
static gboolean claim_is_written(Replies *replies, const char *name)
{
	const Claim *claim;
	gboolean written;

	g_mutex_lock(&replies->lock);
	claim = g_hash_table_lookup(replies->running, name);
	written = claim != NULL && claim->written;
	g_mutex_unlock(&replies->lock);
	return written;
}

gboolean replies_end(Replies *replies, const char *caller, const char *key, const char *fingerprint,
	const ApiResponse *response, GError **error)
{
	g_autofree char *name = table_key(caller, key);
	Keep keep = {.name = name};
	gboolean ok = TRUE;

	store_accompany(NULL, NULL);
	if (response == NULL && claim_is_written(replies, name))
		ok = store_run(replies->service->store, keep_reply, &keep, error);
	if (response != NULL) {
		json_int_t now = replies->service->now_s();
		/* What is no JSON (a page) is not kept either. */
		json_t *kept = response->secret || response->bytes != NULL
				       ? json_pack("{s:I, s:b}", "time", now, "secret", 1)
				       : json_pack("{s:I, s:i, s:s, s:O?}", "time", now, "status",
						 (int)response->status, "fingerprint", fingerprint,
						 "json", response->json);

		keep.value = json_dumps(kept, JSON_COMPACT);
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
