/*
 * The stored send (send_record.h). A send is one JSON object; strings that people wrote stand in
 * it, the ledger has only their commitments. Fails with the store's errors, or DAMAGED when what it
 * gave back is no send. Functions with a StoreTxn run in the committer thread, the others anywhere.
 */
#include "provision/send_record.h"
#include "provision/metrics.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "cms/digest.h"
#include "core/plan.h"

/* The send that was found, or NULL with NOT_FOUND. */
static json_t *found(json_t *send, const char *id, GError **error)
{
	if (send == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no send %s", id);
	return send;
}

json_t *send_record_load(StoreTxn *txn, const char *id, GError **error)
{
	json_t *send;

	return row_load(txn, TABLE_SENDS, id, &send, error) ? found(send, id, error) : NULL;
}

json_t *send_record_read(Store *store, const char *id, GError **error)
{
	json_t *send;

	return row_read(store, TABLE_SENDS, id, &send, error) ? found(send, id, error) : NULL;
}

gboolean send_record_save(StoreTxn *txn, const json_t *send, GError **error)
{
	return row_save(txn, TABLE_SENDS, send_record_id(send), send, error);
}

/* A client may name a recipient twice; it is one. */
static json_t *distinct(const json_t *texts)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	json_t *result = json_array(), *text;
	size_t i;

	json_array_foreach(texts, i, text)
		if (g_hash_table_add(seen, (gpointer)json_string_value(text)))
			json_array_append(result, text);
	return result;
}

json_t *send_record_new(const json_t *intent, gint64 now_s)
{
	json_t *send = json_deep_copy(intent);
	json_t *recipients = distinct(json_object_get(intent, "recipients"));
	json_t *deliveries = json_array(), *address;
	g_autofree char *time = time_to_rfc3339(now_s);
	size_t i;

	json_array_foreach(recipients, i, address)
		json_array_append_new(
			deliveries, json_pack("{s:O, s:s, s:s}", "address", address, "state",
					    delivery_state_name(DELIVERY_PENDING), "time", time));
	/* It comes with the intent but is recorded on its own. */
	json_object_del(send, "prepared");
	json_object_set_new(send, "recipients", recipients);
	json_object_set_new(send, "state", json_string(send_state_name(SEND_INTENT)));
	json_object_set_new(send, "time", json_string(time));
	json_object_set_new(
		send, "attempts", json_pack("[O]", json_object_get(intent, "queue_id")));
	json_object_update_new(send, json_pack("{s:n, s:n, s:n, s:n}", "message_sha256", "size",
					     "certificate_sha256", "cms_sha256"));
	json_object_set_new(send, "deliveries", deliveries);
	json_object_set_new(send, "timeline", json_array());
	json_object_set_new(send, "leaves", json_array());
	return send;
}

const char *send_record_id(const json_t *send)
{
	const char *id = row_text(send, "id");

	return id != NULL ? id : "";
}

SendState send_record_state(const json_t *send)
{
	SendState state = SEND_INTENT;
	const char *word = row_text(send, "state");

	if (word != NULL)
		send_state_parse(word, &state);
	return state;
}

gboolean send_record_is_notification(const json_t *send)
{
	return g_strcmp0(row_text(send, "class"), send_class_name(CLASS_NOTIFICATION)) == 0;
}

gint64 send_record_time_s(const json_t *send)
{
	gint64 time_s = 0;
	const char *text = row_text(send, "time");

	if (text == NULL || !time_from_rfc3339(text, &time_s))
		return 0;
	return time_s;
}

gint64 send_record_departure_s(const json_t *send)
{
	gint64 time_s = 0;
	const char *text = row_text(send, "departed");

	return text != NULL && time_from_rfc3339(text, &time_s) ? time_s : send_record_time_s(send);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *send_record_fingerprint(const json_t *send)
{
	/* Without a Message-ID nothing tells a second mail from the first one again: then no mail
	 * is a repeat. */
	const char *message_id = row_text(send, "message_id");
	const char *const parts[] = {message_id != NULL ? message_id : send_record_id(send),
		row_text(send, "content_sha256")};
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
	const char *mailbox = row_text(send, "mailbox");
	json_t *address;
	size_t i;

	/* The closing NUL goes in: no two lists of words give the same bytes. */
	for (i = 0; i < G_N_ELEMENTS(parts); i++)
		g_checksum_update(sum, (const guchar *)parts[i], (gssize)strlen(parts[i]) + 1);
	json_array_foreach(json_object_get(send, "recipients"), i, address)
		g_ptr_array_add(addresses, g_ascii_strdown(json_string_value(address), -1));
	g_ptr_array_sort(addresses, compare_strings);
	g_ptr_array_insert(addresses, 0, g_ascii_strdown(mailbox, -1));
	for (i = 0; i < addresses->len; i++)
		g_checksum_update(
			sum, addresses->pdata[i], (gssize)strlen(addresses->pdata[i]) + 1);
	return g_strdup(g_checksum_get_string(sum));
}

char *send_record_message_prefix(const char *message_id)
{
	g_autofree char *digest = digest_sha256_hex(message_id, strlen(message_id));

	return g_strdup_printf("message-id/%s/", digest);
}

static gboolean index_put(StoreTxn *txn, const char *kind, const char *key, const char *id,
	guint64 sequence, GError **error)
{
	g_autofree char *full = NULL;

	if (key == NULL)
		return TRUE;
	if (sequence == 0)
		full = g_strdup_printf("%s/%s", kind, key);
	else
		full = g_strdup_printf("%s/%s/%020" G_GUINT64_FORMAT, kind, key, sequence);
	return store_put(txn, TABLE_INDEX, full, id, error);
}

gboolean send_record_find(
	StoreTxn *txn, const char *kind, const char *key, char **id, GError **error)
{
	g_autofree char *full = g_strconcat(kind, "/", key, NULL);

	return row_load_text(txn, TABLE_INDEX, full, id, error);
}

/* A report is led to its send by these: nobody takes over another send's. */
gboolean send_record_claim(
	StoreTxn *txn, const char *kind, const char *key, const char *id, GError **error)
{
	g_autofree char *owner = NULL;

	if (!send_record_find(txn, kind, key, &owner, error))
		return FALSE;
	if (owner != NULL && strcmp(owner, id) != 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "%s belongs to another send",
			kind);
		return FALSE;
	}
	return owner != NULL || index_put(txn, kind, key, id, 0, error);
}

gboolean send_record_index(StoreTxn *txn, json_t *send, const char *fingerprint, GError **error)
{
	const char *id = send_record_id(send);
	g_autofree char *mailbox = g_ascii_strdown(row_text(send, "mailbox"), -1);
	const char *message_id = row_text(send, "message_id");
	g_autofree char *prefix = NULL, *key = NULL;
	guint64 sequence;

	if (!store_next(txn, "send", &sequence, error))
		return FALSE;
	/* "" is an id like any other here: nothing looks for it. */
	prefix = send_record_message_prefix(message_id != NULL ? message_id : "");
	key = g_strdup_printf("%s%020" G_GUINT64_FORMAT, prefix, sequence);
	return send_record_claim(txn, "token", row_text(send, "token"), id, error) &&
	       send_record_claim(txn, "queue", row_text(send, "queue_id"), id, error) &&
	       index_put(txn, "fingerprint", fingerprint, id, 0, error) &&
	       index_put(txn, "pending", id, id, 0, error) &&
	       index_put(txn, "send", "all", id, sequence, error) &&
	       store_put(txn, TABLE_INDEX, key, id, error) &&
	       index_put(txn, "expediente", row_text(send, "expediente"), id, sequence, error) &&
	       index_put(txn, "mailbox", mailbox, id, sequence, error);
}

gboolean send_record_append(
	StoreTxn *txn, json_t *send, Record *record, guint64 *leaf, GError **error)
{
	json_t *leaves = json_object_get(send, "leaves");
	gsize n = json_array_size(leaves);
	guint64 index;

	if (n > 0)
		record_add_int(
			record, "previous", json_integer_value(json_array_get(leaves, n - 1)));
	if (!store_append(txn, record, &index, error))
		return FALSE;
	metrics_count_send(record->type);
	json_array_append_new(leaves, json_integer((json_int_t)index));
	if (leaf != NULL)
		*leaf = index;
	return TRUE;
}

gboolean send_record_settle(StoreTxn *txn, json_t *send, SendEvent event, const char *how,
	gint64 now_s, gboolean *moved, GError **error)
{
	SendState next, state = send_record_state(send);
	g_autofree char *type = NULL, *pending = NULL;
	g_autoptr(Record) record = NULL;
	SendEntry entry = {.time_s = now_s};

	if (moved != NULL)
		*moved = FALSE;
	if (!send_next(state, event, &next) || next == state)
		return TRUE;
	type = g_strdup_printf("send.%s", send_state_name(next));
	record = record_new(type, send_record_id(send), now_s);
	record_add(record, "how", how);
	if (!send_record_append(txn, send, record, &entry.leaf, error))
		return FALSE;
	json_object_set_new(send, "state", json_string(send_state_name(next)));
	entry.event = send_state_name(next);
	send_record_note(send, &entry);
	if (moved != NULL)
		*moved = TRUE;
	if (state == SEND_NOT_RELEASED || next == SEND_HELD)
		return TRUE;
	pending = g_strdup_printf("pending/%s", send_record_id(send));
	return store_delete(txn, TABLE_INDEX, pending, error);
}

void send_record_deliver(json_t *send, const char *recipient, DeliveryState event, gint64 now_s)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(send, "deliveries"), i, row) {
		DeliveryState state, next;
		const char *word = row_text(row, "state");
		const char *address = row_text(row, "address");
		g_autofree char *time = NULL;

		if (address == NULL || strcmp(address, recipient) != 0 ||
			!delivery_state_parse(word, &state))
			continue;
		next = delivery_next(state, event);
		if (next == state)
			continue;
		time = time_to_rfc3339(now_s);
		json_object_set_new(row, "state", json_string(delivery_state_name(next)));
		json_object_set_new(row, "time", json_string(time));
	}
}

void send_record_note(json_t *send, const SendEntry *entry)
{
	const Verdict *verdict = entry->verdict;
	g_autofree char *time = time_to_rfc3339(entry->time_s);
	json_t *row = json_pack("{s:s, s:s, s:s?, s:s?, s:b, s:s?, s:s?, s:s?, s:s?, s:I}", "time",
		time, "event", entry->event, "recipient",
		verdict ? verdict->recipient : entry->recipient, "trust",
		verdict ? trust_name(verdict->trust) : NULL, "counts",
		verdict == NULL || verdict->counts, "matched_by",
		verdict ? verdict->matched_by : NULL, "reason", verdict ? verdict->reason : NULL,
		"diagnostic", entry->diagnostic, "original_sha256", entry->original_sha256, "leaf",
		(json_int_t)entry->leaf);

	if (entry->read_by != NULL)
		json_object_set_new(row, "read_by", json_string(entry->read_by));
	json_array_append_new(json_object_get(send, "timeline"), row);
}

static char **texts_of(const json_t *array)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new();
	json_t *text;
	size_t i;

	json_array_foreach(array, i, text)
		g_ptr_array_add(texts, g_strdup(json_string_value(text)));
	g_ptr_array_add(texts, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
}

SendFacts *send_record_facts(const json_t *send)
{
	SendFacts *facts = g_new0(SendFacts, 1);

	facts->send_id = g_strdup(send_record_id(send));
	facts->token = g_strdup(row_text(send, "token"));
	facts->message_id = g_strdup(row_text(send, "message_id"));
	facts->queue_ids = texts_of(json_object_get(send, "attempts"));
	facts->recipients = texts_of(json_object_get(send, "recipients"));
	facts->time_s = send_record_time_s(send);
	return facts;
}

void send_record_facts_free(SendFacts *facts)
{
	g_free(facts->send_id);
	g_free(facts->token);
	g_free(facts->message_id);
	g_strfreev(facts->queue_ids);
	g_strfreev(facts->recipients);
	g_free(facts);
}
