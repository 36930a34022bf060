/*
 * What became of mail to an official mailbox: an answer that left, or an operator's word, settles
 * it. Fails with INVALID, NOT_FOUND, CONFLICT, or as the store does. Changes run in the committer's
 * thread.
 */
#include "provision/incoming.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "core/address.h"
#include "provision/send_record.h"

#define REASON_CHARS_MAX 200

static gboolean goes_to(const json_t *send, const char *sender)
{
	json_t *address;
	size_t i;

	json_array_foreach(json_object_get(send, "recipients"), i, address)
		if (address_same_mailbox(json_string_value(address), sender))
			return TRUE;
	return FALSE;
}

static gboolean answer_one(
	StoreTxn *txn, const char *id, const json_t *send, gint64 now_s, GError **error)
{
	g_autoptr(Record) record = record_new("incoming.answered", id, now_s);
	g_autofree char *time = time_to_rfc3339(now_s);
	json_auto_t *row = NULL;

	if (!incoming_load(txn, id, &row, error))
		return FALSE;
	if (strcmp(row_text(row, "state"), INCOMING_OPEN) != 0 ||
		!goes_to(send, incoming_sender(row)))
		return TRUE;
	json_object_set_new(row, "state", json_string("answered"));
	json_object_set_new(row, "answered",
		json_pack("{s:s, s:s}", "send", send_record_id(send), "time", time));
	record_add(record, "send", send_record_id(send));
	return incoming_settle(txn, row, error) && incoming_append(txn, row, record, error) &&
	       incoming_save(txn, row, error);
}

gboolean incoming_answered(StoreTxn *txn, const json_t *send, gint64 now_s, GError **error)
{
	json_t *message_id;
	size_t i;

	json_array_foreach(json_object_get(send, "in_reply_to"), i, message_id) {
		g_autofree char *key = incoming_id_key(json_string_value(message_id));
		g_autofree char *found = NULL;
		g_auto(GStrv) ids = NULL;

		if (!row_load_text(txn, TABLE_INDEX, key, &found, error))
			return FALSE;
		ids = g_strsplit(found != NULL ? found : "", " ", -1);
		for (char **id = ids; *id != NULL; id++)
			if (!answer_one(txn, *id, send, now_s, error))
				return FALSE;
	}
	return TRUE;
}

typedef struct {
	const ApiRequest *request;
	const char *reason;
	json_t *row;
} Closing;

static gboolean change_close(StoreTxn *txn, gpointer data, GError **error)
{
	Closing *closing = data;
	const ApiRequest *request = closing->request;
	gint64 now_s = request->service->now_s();
	g_autofree char *time = time_to_rfc3339(now_s);
	g_autoptr(Record) record = record_new("incoming.closed", request->arguments[0], now_s);

	g_clear_pointer(&closing->row, json_decref);
	if (!incoming_load(txn, request->arguments[0], &closing->row, error))
		return FALSE;
	if (strcmp(row_text(closing->row, "state"), INCOMING_OPEN) != 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "incoming mail %s is %s",
			request->arguments[0], row_text(closing->row, "state"));
		return FALSE;
	}
	json_object_set_new(closing->row, "state", json_string("closed"));
	json_object_set_new(closing->row, "closed",
		json_pack("{s:s, s:s, s:s}", "reason", closing->reason, "actor", request->actor,
			"time", time));
	record_add_salted(record, "reason", closing->reason);
	record_add(record, "actor", request->actor);
	return incoming_settle(txn, closing->row, error) &&
	       incoming_append(txn, closing->row, record, error) &&
	       incoming_save(txn, closing->row, error);
}

gboolean incoming_close(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Closing closing = {.request = request};

	if (!api_known(request->body, error, "reason", NULL))
		return FALSE;
	closing.reason = api_string(request->body, "reason", REASON_CHARS_MAX, error);
	if (closing.reason == NULL)
		return FALSE;
	if (*closing.reason == '\0')
		return api_invalid(error, "reason", "must not be empty");
	if (!store_run(request->service->store, change_close, &closing, error)) {
		json_decref(closing.row);
		return FALSE;
	}
	response->json = closing.row;
	return TRUE;
}
