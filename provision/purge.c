/*
 * purge_send of purge.h: one change of the store. What refers to bytes is taken out of the rows and
 * the bytes are given up (collect.h), so bytes that another record names stay. An entry of the
 * outbox is looked for by the send's id in its text. Fails with NOT_FOUND, CONFLICT or the store's
 * errors, and then nothing changed. Changes run in the committer's thread.
 */
#include "provision/purge.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/log.h"
#include "cms/digest.h"
#include "core/facts.h"
#include "provision/collect.h"
#include "provision/send_record.h"
#include "provision/sends.h"

gboolean purge_has_taken(const json_t *send, gboolean values)
{
	const json_t *purged = json_object_get(send, "purged");

	return row_text(purged, values ? "values" : "content") != NULL;
}

gboolean purge_check_kept(const json_t *send, gboolean values, GError **error)
{
	if (!purge_has_taken(send, values))
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_PURGED, "purged at %s",
		row_text(json_object_get(send, "purged"), values ? "values" : "content"));
	return FALSE;
}

/* ---- whether it may be ---- */

typedef struct {
	const char *mark; /* what an entry of that send has in its text */
	gboolean found;
} Looking;

static gboolean look_at_entry(const char *key, const char *value, gpointer data)
{
	Looking *looking = data;

	(void)key;
	looking->found = strstr(value, looking->mark) != NULL;
	return !looking->found;
}

gboolean purge_find_queued(Store *store, const char *id, gboolean *found, GError **error)
{
	g_autofree char *mark = g_strdup_printf("\"%s\"", id);
	Looking looking = {mark, FALSE};
	gboolean done =
		store_scan(store, TABLE_OUTBOX, "", NULL, FALSE, look_at_entry, &looking, error);

	*found = looking.found;
	return done;
}

gboolean purge_refuse(const char *why, GError **error)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "not purged: %s", why);
	return FALSE;
}

static gboolean check_settled(Store *store, StoreTxn *txn, const json_t *send, GError **error)
{
	g_autofree char *key = g_strconcat("due-of/answer/", send_record_id(send), NULL);
	g_autofree char *term = NULL;
	SendState state = send_record_state(send);
	gboolean queued = FALSE;

	if (!row_load_text(txn, TABLE_INDEX, key, &term, error))
		return FALSE;
	if (state != SEND_RELEASED && state != SEND_NOT_RELEASED)
		return purge_refuse("it is not known yet whether it left", error);
	if (term != NULL)
		return purge_refuse("the term to answer it is not over", error);
	if (!purge_find_queued(store, send_record_id(send), &queued, error))
		return FALSE;
	return !queued || purge_refuse("something of it waits in the outbox", error);
}

/* ---- content ---- */

typedef struct {
	const char *id;
	GPtrArray *keys; /* of TABLE_INDEX */
} Keys;

static gboolean collect_key(const char *key, const char *value, gpointer data)
{
	Keys *keys = data;

	if (keys->id == NULL || strcmp(value, keys->id) == 0)
		g_ptr_array_add(keys->keys, g_strdup(key));
	return TRUE;
}

/* That an answer was used once stays known, without its bytes' name. */
static gboolean forget_answer(StoreTxn *txn, const json_t *row, const char *id, GError **error)
{
	const char *message_id = row_text(json_object_get(row, "report"), "message_id");
	g_autofree char *digest = NULL, *key = NULL, *used = NULL, *value = NULL;

	if (message_id == NULL)
		return TRUE;
	digest = digest_sha256_hex(message_id, strlen(message_id));
	if (!send_record_find(txn, "answer", digest, &used, error))
		return FALSE;
	if (used == NULL || strstr(used, id) == NULL)
		return TRUE;
	key = g_strconcat("answer/", digest, NULL);
	value = g_strconcat("purged ", id, NULL);
	return store_put(txn, TABLE_INDEX, key, value, error);
}

/* An event that was matched to another send is that send's. */
static gboolean forget_event(StoreTxn *txn, const char *index_key, const char *id, GError **error)
{
	g_autofree char *key = NULL;
	json_auto_t *row = NULL;

	if (!row_load_text(txn, TABLE_INDEX, index_key, &key, error))
		return FALSE;
	if (key == NULL || !row_load(txn, TABLE_EVENTS, key, &row, error))
		return key == NULL;
	if (g_strcmp0(row_text(row, "matched"), id) != 0)
		return TRUE;
	return forget_answer(txn, row, id, error) && store_delete(txn, TABLE_EVENTS, key, error) &&
	       store_delete(txn, TABLE_INDEX, index_key, error);
}

static gboolean forget_report(
	Store *store, StoreTxn *txn, const char *sha256, const char *id, GError **error)
{
	for (int i = STREAM_UNKNOWN; i <= STREAM_RELEASE; i++) {
		g_autofree char *prefix =
			g_strdup_printf("event/%s/%s/", stream_name((Stream)i), sha256);
		g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
		Keys keys = {NULL, found};

		if (!store_scan(store, TABLE_INDEX, prefix, NULL, FALSE, collect_key, &keys, error))
			return FALSE;
		for (guint j = 0; j < found->len; j++)
			if (!forget_event(txn, found->pdata[j], id, error))
				return FALSE;
	}
	return collect_give_up(txn, sha256, error);
}

static gboolean take_content(Store *store, StoreTxn *txn, json_t *send, GError **error)
{
	const char *message = row_text(send, "message_sha256");
	json_t *entry;
	size_t i;

	if (message != NULL && !collect_give_up(txn, message, error))
		return FALSE;
	json_object_set_new(send, "message_sha256", json_null());
	json_array_foreach(json_object_get(send, "timeline"), i, entry) {
		const char *original = row_text(entry, "original_sha256");

		if (original != NULL &&
			!forget_report(store, txn, original, send_record_id(send), error))
			return FALSE;
		json_object_set_new(entry, "original_sha256", json_null());
	}
	return TRUE;
}

/* ---- values ---- */

static gboolean delete_index(StoreTxn *txn, const char *kind, const char *key, GError **error)
{
	g_autofree char *full = key != NULL ? g_strconcat(kind, "/", key, NULL) : NULL;

	return full == NULL || store_delete(txn, TABLE_INDEX, full, error);
}

static gboolean delete_numbered(
	Store *store, StoreTxn *txn, const char *prefix, const char *id, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	Keys keys = {id, found};

	if (!store_scan(store, TABLE_INDEX, prefix, NULL, FALSE, collect_key, &keys, error))
		return FALSE;
	for (guint i = 0; i < found->len; i++)
		if (!store_delete(txn, TABLE_INDEX, found->pdata[i], error))
			return FALSE;
	return TRUE;
}

/* Every way to find it by what is personal. */
static gboolean delete_entries(Store *store, StoreTxn *txn, const json_t *send, GError **error)
{
	const char *id = send_record_id(send), *mailbox = row_text(send, "mailbox");
	const char *message_id = row_text(send, "message_id");
	g_autofree char *by_message =
		send_record_message_prefix(message_id != NULL ? message_id : "");
	g_autofree char *lower = mailbox != NULL ? g_ascii_strdown(mailbox, -1) : NULL;
	g_autofree char *by_mailbox = lower != NULL ? g_strdup_printf("mailbox/%s/", lower) : NULL;
	g_autofree char *fingerprint = lower != NULL ? send_record_fingerprint(send) : NULL;
	g_autofree char *readers = g_strdup_printf("reading/%s/", id);
	g_autofree char *owner = NULL;

	if (fingerprint != NULL &&
		!send_record_find(txn, "fingerprint", fingerprint, &owner, error))
		return FALSE;
	return (g_strcmp0(owner, id) != 0 ||
		       delete_index(txn, "fingerprint", fingerprint, error)) &&
	       delete_index(txn, "token", row_text(send, "token"), error) &&
	       delete_numbered(store, txn, by_message, id, error) &&
	       delete_numbered(store, txn, readers, NULL, error) &&
	       (by_mailbox == NULL || delete_numbered(store, txn, by_mailbox, id, error));
}

static void scrub(json_t *send)
{
	static const char *const texts[] = {"login", "mailbox", "subject", "client_address",
		"token", "exception", "message_id"};
	json_t *entry;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(texts); i++)
		json_object_set_new(send, texts[i], json_null());
	json_object_set_new(send, "recipients", json_array());
	json_object_set_new(send, "deliveries", json_array());
	json_object_del(send, "findings");
	json_object_del(send, "exception_declared");
	json_object_del(send, "held");
	json_object_del(send, "in_reply_to");
	json_array_foreach(json_object_get(send, "timeline"), i, entry) {
		json_object_set_new(entry, "recipient", json_null());
		json_object_set_new(entry, "diagnostic", json_null());
		json_object_del(entry, "read_by");
	}
}

static gboolean take_values(Store *store, StoreTxn *txn, json_t *send, GError **error)
{
	json_t *leaf;
	size_t i;

	if (!delete_entries(store, txn, send, error))
		return FALSE;
	json_array_foreach(json_object_get(send, "leaves"), i, leaf)
		if (!store_drop_opening(txn, (guint64)json_integer_value(leaf), error))
			return FALSE;
	scrub(send);
	return TRUE;
}

/* ---- the change ---- */

typedef struct {
	Service *service;
	const char *id;
	const PurgeReason *reason;
	gint64 now_s;
} Purge;

static gboolean append_leaf(StoreTxn *txn, const Purge *purge, json_t *send, const char *what,
	const char *time, GError **error)
{
	const PurgeReason *reason = purge->reason;
	g_autoptr(Record) record = record_new("send.purged", purge->id, purge->now_s);
	SendEntry entry = {.event = "purged", .time_s = purge->now_s};
	json_t *purged = json_object_get(send, "purged");

	record_add(record, "what", what);
	record_add(record, "setting", reason->setting);
	record_add(record, "document", reason->document);
	record_add_salted(record, "actor", reason->actor);
	if (!send_record_append(txn, send, record, &entry.leaf, error))
		return FALSE;
	send_record_note(send, &entry);
	if (purged == NULL) {
		purged = json_object();
		json_object_set_new(send, "purged", purged);
	}
	if (row_text(purged, "content") == NULL)
		json_object_set_new(purged, "content", json_string(time));
	if (reason->values)
		json_object_set_new(purged, "values", json_string(time));
	return TRUE;
}

static gboolean purge_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Purge *purge = data;
	Store *store = purge->service->store;
	json_auto_t *send = send_record_load(txn, purge->id, error);
	gboolean content, values;
	g_autofree char *time = time_to_rfc3339(purge->now_s);
	const char *what;

	if (send == NULL)
		return FALSE;
	content = !purge_has_taken(send, FALSE);
	values = purge->reason->values && !purge_has_taken(send, TRUE);
	if (!content && !values)
		return TRUE;
	what = content && values ? "content and values" : content ? "content" : "values";
	return check_settled(store, txn, send, error) &&
	       (!content || take_content(store, txn, send, error)) &&
	       (!values || take_values(store, txn, send, error)) &&
	       append_leaf(txn, purge, send, what, time, error) &&
	       send_record_save(txn, send, error);
}

gboolean purge_send(Service *service, const char *id, const PurgeReason *reason, GError **error)
{
	Purge purge = {service, id, reason, service->now_s()};

	return store_run(service->store, purge_change, &purge, error);
}

#define MAX_DOCUMENT 200

/* By order: content and values, whatever its age. */
gboolean sends_purge(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const char *id = request->arguments[0];
	g_autoptr(GError) later = NULL;
	PurgeReason reason = {TRUE, NULL, NULL, request->actor};
	guint removed;

	if (!api_known(request->body, error, "document", NULL))
		return FALSE;
	reason.document = api_string(request->body, "document", MAX_DOCUMENT, error);
	if (reason.document == NULL || !purge_send(request->service, id, &reason, error))
		return FALSE;
	if (!collect_run(request->service, TRUE, &removed, &later))
		log_warning("what was purged is collected tomorrow", "send_id", id, "reason",
			later->message, NULL);
	response->json = send_record_read(request->service->store, id, error);
	return response->json != NULL;
}
