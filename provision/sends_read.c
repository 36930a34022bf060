/*
 * Reading sends: list, one, its bytes, its proof. Reads of content leave a leaf with who read (R5).
 * Fails with the store's errors, NOT_FOUND or INVALID. Each request runs in its own thread.
 */
#include "provision/sends.h"

#include <string.h>

#include "base/error.h"
#include "provision/bundle.h"
#include "provision/constancia.h"
#include "provision/list.h"
#include "provision/purge.h"
#include "provision/send_record.h"

typedef struct {
	Store *store;
	const char *expediente, *mailbox, *state, *message_id;
} Wanted;

static gboolean same_text(const json_t *send, const char *name, const char *wanted)
{
	const char *text = row_text(send, name);

	return wanted == NULL || (text != NULL && g_ascii_strcasecmp(text, wanted) == 0);
}

/* The index has only the id. */
static json_t *show_send(const char *key, const char *id, gpointer data, GError **error)
{
	const Wanted *wanted = data;
	json_auto_t *send = send_record_read(wanted->store, id, error);

	(void)key;
	if (send == NULL || !same_text(send, "expediente", wanted->expediente) ||
		!same_text(send, "mailbox", wanted->mailbox) ||
		!same_text(send, "state", wanted->state) ||
		!same_text(send, "message_id", wanted->message_id))
		return NULL;
	return g_steal_pointer(&send);
}

/* The index that narrows the most: its entries end with the number that orders sends. */
static char *list_prefix(const Wanted *wanted)
{
	g_autofree char *mailbox = NULL;

	if (wanted->message_id != NULL)
		return send_record_message_prefix(wanted->message_id);
	if (wanted->expediente != NULL)
		return g_strdup_printf("expediente/%s/", wanted->expediente);
	if (wanted->mailbox == NULL)
		return g_strdup("send/all/");
	mailbox = g_ascii_strdown(wanted->mailbox, -1);
	return g_strdup_printf("mailbox/%s/", mailbox);
}

gboolean sends_list(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Wanted wanted = {.store = request->service->store};
	g_autofree char *prefix = NULL;
	List list = {TABLE_INDEX, NULL, TRUE, show_send, &wanted};
	SendState state;

	wanted.expediente = request->query(request->http, "expediente");
	wanted.mailbox = request->query(request->http, "mailbox");
	wanted.state = request->query(request->http, "state");
	wanted.message_id = request->query(request->http, "message_id");
	if (wanted.state != NULL && !send_state_parse(wanted.state, &state))
		return api_invalid(error, "state", "no such state");
	list.prefix = prefix = list_prefix(&wanted);
	return list_answer(request, &list, response, error);
}

typedef struct {
	GPtrArray *ids;
	guint limit;
} Under;

static gboolean under_visit(const char *key, const char *value, gpointer data)
{
	Under *under = data;

	(void)key;
	g_ptr_array_add(under->ids, g_strdup(value));
	return under->ids->len < under->limit;
}

GPtrArray *sends_under(Store *store, const char *prefix, guint limit, GError **error)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	Under under = {ids, limit};

	if (!store_scan(store, TABLE_INDEX, prefix, NULL, TRUE, under_visit, &under, error))
		return NULL;
	return g_steal_pointer(&ids);
}

gboolean sends_show(const ApiRequest *request, ApiResponse *response, GError **error)
{
	response->json = send_record_read(request->service->store, request->arguments[0], error);
	return response->json != NULL;
}

typedef struct {
	const ApiRequest *request;
	const char *what;
} Reading;

static gboolean append_reading(StoreTxn *txn, gpointer data, GError **error)
{
	const Reading *reading = data;
	const ApiRequest *request = reading->request;
	g_autoptr(Record) record =
		record_new("send.read", request->arguments[0], request->service->now_s());

	record_add(record, "what", reading->what);
	record_add_salted(record, "actor", request->actor);
	return store_append(txn, record, NULL, error);
}

/* Who saw content is on record before the content is given (R5). */
static gboolean note_reading(const ApiRequest *request, const char *what, GError **error)
{
	Reading reading = {request, what};

	return store_run(request->service->store, append_reading, &reading, error);
}

gboolean sends_message(const ApiRequest *request, ApiResponse *response, GError **error)
{
	json_auto_t *send = send_record_read(request->service->store, request->arguments[0], error);
	g_autoptr(GBytes) bytes = NULL;
	const char *digest;

	if (send == NULL || !purge_check_kept(send, FALSE, error))
		return FALSE;
	digest = row_text(send, "message_sha256");
	if (digest == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND,
			"the send has no bytes: it was never prepared");
		return FALSE;
	}
	bytes = blobs_get(request->service->blobs, digest, error);
	if (bytes == NULL || !note_reading(request, "message", error))
		return FALSE;
	response->bytes = g_steal_pointer(&bytes);
	response->content_type = "message/rfc822";
	return TRUE;
}

static gboolean answer_constancia(const ApiRequest *request, ConstanciaForm form,
	const char *content_type, ApiResponse *response, GError **error)
{
	g_autoptr(ProofPoint) point = proof_point_new(request->service, request->arguments[0],
		request->query(request->http, "recipient"), 0, error);
	g_autoptr(GBytes) bytes = NULL;

	if (point == NULL)
		return FALSE;
	bytes = constancia_make(request->service, point, form, error);
	if (bytes == NULL || !note_reading(request, "constancia", error))
		return FALSE;
	response->bytes = g_steal_pointer(&bytes);
	response->content_type = content_type;
	return TRUE;
}

gboolean sends_constancia_pdf(const ApiRequest *request, ApiResponse *response, GError **error)
{
	return answer_constancia(request, CONSTANCIA_PDF, "application/pdf", response, error);
}

gboolean sends_constancia_png(const ApiRequest *request, ApiResponse *response, GError **error)
{
	return answer_constancia(request, CONSTANCIA_PNG, "image/png", response, error);
}

gboolean sends_proof(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autoptr(ProofPoint) point = proof_point_new(request->service, request->arguments[0],
		request->query(request->http, "recipient"), 0, error);
	g_autoptr(GBytes) bytes = NULL;

	if (point == NULL)
		return FALSE;
	bytes = bundle_make(request->service, point, error);
	if (bytes == NULL || !note_reading(request, "proof", error))
		return FALSE;
	response->bytes = g_steal_pointer(&bytes);
	response->content_type = BUNDLE_CONTENT_TYPE;
	return TRUE;
}
