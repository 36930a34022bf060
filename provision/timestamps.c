/*
 * POST /v1/sends/{id}/timestamp: a time-stamp over a signature that the signer just made, asked of
 * the authority of [signing] tsa_url over HTTP, since neither the signer's worker nor the milter
 * has the network (CAdES-T). What came of it is a record of the send. When the authority does not
 * answer, [signing] tsa_missing says whether the mail waits or leaves without. Any thread; blocks
 * on the authority.
 */
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/log.h"
#include "provision/row.h"
#include "provision/send_record.h"
#include "provision/timestamp_authority.h"

#define MAX_CMS_CHARS (128 * 1024) /* base64 */

typedef struct {
	const ApiRequest *request;
	gint64 time_s;	    /* that the authority says; 0: there is none */
	const char *reason; /* why there is none */
} Stamp;

static gboolean record_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Stamp *stamp = data;
	const Service *service = stamp->request->service;
	const char *id = stamp->request->arguments[0];
	gboolean there = stamp->time_s != 0;
	g_autoptr(Record) record =
		record_new(there ? "send.timestamped" : "send.untimestamped", id, service->now_s());
	g_autofree char *time = there ? time_to_rfc3339(stamp->time_s) : NULL;
	SendEntry entry = {
		.event = there ? "timestamped" : "untimestamped", .time_s = service->now_s()};
	json_auto_t *send = send_record_load(txn, id, error);

	if (send == NULL)
		return FALSE;
	if (send_record_state(send) != SEND_INTENT && send_record_state(send) != SEND_HELD) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"only what is about to be signed gets a time-stamp");
		return FALSE;
	}
	record_add(record, "authority", settings_string(service->settings, "signing", "tsa_url"));
	record_add(record, "stamped", time);
	record_add(record, "reason", stamp->reason);
	if (!send_record_append(txn, send, record, &entry.leaf, error))
		return FALSE;
	send_record_note(send, &entry);
	return send_record_save(txn, send, error);
}

static GBytes *stamp_cms(const Service *service, GBytes *cms, gint64 *time_s, GError **error)
{
	g_autoptr(TimestampRequest) request = timestamp_request_new(cms, error);
	g_autoptr(GBytes) answer = NULL;
	g_autoptr(GBytes) stamped = NULL;

	if (request == NULL)
		return NULL;
	answer = timestamp_authority_ask(service, request, error);
	if (answer == NULL)
		return NULL;
	stamped = timestamp_add(request, answer, cms,
		settings_string(service->settings, "signing", "tsa_trust"), time_s, error);
	if (stamped == NULL || ABS(*time_s - service->now_s()) <= TIMESTAMP_APART_MAX_S)
		return g_steal_pointer(&stamped);
	/* It would contradict the record for ever. */
	*time_s = 0;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
		"our clock is not the time-stamping authority's: set it right");
	return NULL;
}

static GBytes *read_cms(const ApiRequest *request, GError **error)
{
	const char *text;
	guchar *der;
	gsize size;

	if (!timestamp_authority_is_set(request->service)) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"there is no time-stamping authority ([signing] tsa_url)");
		return NULL;
	}
	if (!api_known(request->body, error, "cms", NULL))
		return NULL;
	text = api_string(request->body, "cms", MAX_CMS_CHARS, error);
	if (text == NULL)
		return NULL;
	der = g_base64_decode(text, &size);
	return g_bytes_new_take(der, size);
}

static gboolean may_leave_without(const Service *service)
{
	return strcmp(settings_string(service->settings, "signing", "tsa_missing"), "sign") == 0;
}

static gboolean post_timestamp(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autoptr(GBytes) cms = read_cms(request, error);
	g_autoptr(GBytes) stamped = NULL;
	g_autoptr(GError) failure = NULL;
	g_autofree char *text = NULL;
	Stamp stamp = {request, 0, NULL};

	if (cms == NULL)
		return FALSE;
	stamped = stamp_cms(request->service, cms, &stamp.time_s, &failure);
	if (stamped == NULL) {
		log_warning("no time-stamp", "send_id", request->arguments[0], "reason",
			failure->message, NULL);
		stamp.reason = failure->message;
		if (!may_leave_without(request->service)) {
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
				"no time-stamp: %s", failure->message);
			return FALSE;
		}
	}
	if (!store_run(request->service->store, record_change, &stamp, error))
		return FALSE;
	if (stamped != NULL)
		text = g_base64_encode(g_bytes_get_data(stamped, NULL), g_bytes_get_size(stamped));
	response->json = json_pack("{s:s?}", "cms", text);
	return TRUE;
}

const Route routes_timestamps[] = {
	{"POST", "/v1/sends/{id}/timestamp", ROLE_OUTGOING, FALSE, post_timestamp},
	{NULL, NULL, 0, FALSE, NULL},
};
