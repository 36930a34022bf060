/*
 * A send's final bytes (sends.h): they are stored, then named by a record; from then on the send is
 * prepared. The same call again changes nothing and gets the same answer. Fails with a row of the
 * error table and no effect. Requests run in their own threads, changes in the committer's.
 */
#include "provision/sends.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "provision/exceptions.h"
#include "provision/notices.h"
#include "provision/send_hold.h"
#include "provision/send_record.h"

static gboolean is_same_prepared(const json_t *send, const Prepared *prepared)
{
	const json_t *attempts = json_object_get(send, "attempts");
	json_t *attempt;
	gboolean attempted = FALSE;
	size_t i;

	json_array_foreach(attempts, i, attempt)
		attempted |= g_strcmp0(json_string_value(attempt), prepared->queue_id) == 0;
	return attempted && json_integer_value(json_object_get(send, "size")) == prepared->size &&
	       g_strcmp0(row_text(send, "message_sha256"), prepared->message_sha256) == 0 &&
	       g_strcmp0(row_text(send, "certificate_sha256"), prepared->certificate_sha256) == 0 &&
	       g_strcmp0(row_text(send, "cms_sha256"), prepared->cms_sha256) == 0;
}

static gboolean append_prepared(
	StoreTxn *txn, json_t *send, const Prepared *prepared, GError **error)
{
	g_autoptr(Record) record = record_new("send.prepared", prepared->id, prepared->now_s);
	SendEntry entry = {.event = send_state_name(SEND_PREPARED), .time_s = prepared->now_s};

	record_add(record, "message_sha256", prepared->message_sha256);
	record_add_int(record, "size", prepared->size);
	record_add(record, "queue_id", prepared->queue_id);
	record_add(record, "entity_sha256", row_text(send, "entity_sha256"));
	record_add(record, "certificate_sha256", prepared->certificate_sha256);
	record_add(record, "cms_sha256", prepared->cms_sha256);
	record_add(record, "unsigned", prepared->unsigned_reason);
	if (!send_record_append(txn, send, record, &entry.leaf, error))
		return FALSE;
	send_record_note(send, &entry);
	return TRUE;
}

static gboolean add_attempt(StoreTxn *txn, json_t *send, const char *queue_id, GError **error)
{
	json_t *attempts = json_object_get(send, "attempts"), *attempt;
	size_t i;

	json_array_foreach(attempts, i, attempt)
		if (g_strcmp0(json_string_value(attempt), queue_id) == 0)
			return TRUE;
	json_array_append_new(attempts, json_string(queue_id));
	return send_record_claim(txn, "queue", queue_id, send_record_id(send), error);
}

gboolean send_prepared_is_asked_again(const json_t *send, const Prepared *prepared)
{
	return row_text(send, "message_sha256") != NULL && is_same_prepared(send, prepared) &&
	       send_record_state(send) != SEND_NOT_RELEASED && send_record_state(send) != SEND_HELD;
}

/* The days of an answer are counted from when it left, not from when it was written. */
static void note_departure(json_t *send, gint64 now_s)
{
	g_autofree char *time = time_to_rfc3339(now_s);

	json_object_set_new(send, "departed", json_string(time));
}

gboolean send_prepared_take(StoreTxn *txn, json_t *send, const Prepared *prepared, GError **error)
{
	gboolean is_signed = json_is_true(json_object_get(send, "sign"));
	gboolean was_held = send_record_state(send) == SEND_HELD;
	SendState next;

	if (!send_next(send_record_state(send), SEND_EVENT_PREPARED, &next)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "the send is %s",
			send_state_name(send_record_state(send)));
		return FALSE;
	}
	if (prepared->unsigned_reason != NULL && !(is_signed && prepared->may_be_unsigned)) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN,
			"[signing] on_failure is not unsigned");
		return FALSE;
	}
	is_signed = is_signed && prepared->unsigned_reason == NULL;
	if (is_signed != (prepared->certificate_sha256 != NULL) ||
		is_signed != (prepared->cms_sha256 != NULL))
		return api_invalid(error, "certificate_sha256, cms_sha256",
			"must be there when the send is signed, and only then");
	if (!exception_check(txn, send, error))
		return FALSE;
	json_object_update_new(
		send, json_pack("{s:s, s:s?, s:s?, s:I, s:s}", "message_sha256",
			      prepared->message_sha256, "certificate_sha256",
			      prepared->certificate_sha256, "cms_sha256", prepared->cms_sha256,
			      "size", (json_int_t)prepared->size, "state", send_state_name(next)));
	if (prepared->unsigned_reason != NULL)
		json_object_set_new(send, "unsigned", json_string(prepared->unsigned_reason));
	if (was_held)
		note_departure(send, prepared->now_s);
	return (prepared->packed == NULL ||
		       store_put_blob(txn, prepared->message_sha256, prepared->packed, error)) &&
	       add_attempt(txn, send, prepared->queue_id, error) &&
	       append_prepared(txn, send, prepared, error) &&
	       /* Of what was held it was told then. */
	       (was_held ||
		       notice_add_warnings(txn, send, prepared->domain, prepared->now_s, error));
}

/* The message came with the call and is put down with its record, or it is there already. */
gboolean send_prepared_check_message(const ApiRequest *request, Prepared *prepared, GError **error)
{
	Blobs *blobs = request->service->blobs;
	guint64 size;
	g_autoptr(GError) failure = NULL;

	if (request->message != NULL) {
		size = g_bytes_get_size(request->message);
	} else if (!blobs_size(blobs, prepared->message_sha256, &size, &failure)) {
		if (g_error_matches(failure, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND))
			return api_invalid(error, "message_sha256", "no such blob");
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (size != (guint64)prepared->size)
		return api_invalid(error, "size", "is not that of the message");
	if (request->message == NULL)
		return TRUE;
	prepared->packed = blobs_pack(blobs, prepared->message_sha256, request->message, error);
	return prepared->packed != NULL;
}

static gboolean change_prepared(StoreTxn *txn, gpointer data, GError **error)
{
	const Prepared *prepared = data;
	json_auto_t *send = send_record_load(txn, prepared->id, error);

	if (send == NULL)
		return FALSE;
	return send_prepared_is_asked_again(send, prepared) ||
	       (send_prepared_take(txn, send, prepared, error) &&
		       send_record_save(txn, send, error));
}

gboolean sends_prepared(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Service *service = request->service;
	g_auto(Prepared) prepared = {.id = request->arguments[0],
		.now_s = service->now_s(),
		.domain = settings_string(service->settings, "institution", "domain"),
		.may_be_unsigned = send_hold_is(service, "unsigned")};

	if (!send_check_prepared(request->body, &prepared, error) ||
		!send_prepared_check_message(request, &prepared, error) ||
		!store_run(service->store, change_prepared, &prepared, error))
		return FALSE;
	response->json = json_object();
	return TRUE;
}
