/*
 * Reading sends: list, one, its bytes, its proof. Reads of content leave a leaf with who read (R5).
 * Fails with the store's errors, NOT_FOUND or INVALID. Each request runs in its own thread.
 */
#include "provision/sends.h"

#include <string.h>

#include "base/error.h"
#include "provision/bundle.h"
#include "provision/send_record.h"

typedef struct {
	Store *store;
	const char *expediente, *mailbox, *state, *message_id;
	guint limit;
	json_t *items;
	char *next;
	GError *error;
} Listing;

static gboolean same_text(const json_t *send, const char *name, const char *wanted)
{
	const char *text = row_text(send, name);

	return wanted == NULL || (text != NULL && g_ascii_strcasecmp(text, wanted) == 0);
}

static gboolean list_visit(const char *key, const char *value, gpointer data)
{
	Listing *listing = data;
	json_auto_t *send = send_record_read(listing->store, value, &listing->error);

	if (send == NULL)
		return FALSE;
	if (!same_text(send, "expediente", listing->expediente) ||
		!same_text(send, "mailbox", listing->mailbox) ||
		!same_text(send, "state", listing->state) ||
		!same_text(send, "message_id", listing->message_id))
		return TRUE;
	if (json_array_size(listing->items) >= listing->limit)
		return FALSE;
	json_array_append(listing->items, send);
	g_free(listing->next);
	listing->next = g_strdup(strrchr(key, '/') + 1);
	return TRUE;
}

/* The index that narrows the most: its entries end with the number that orders sends. */
static char *list_prefix(const Listing *listing)
{
	g_autofree char *mailbox = NULL;

	if (listing->message_id != NULL)
		return send_record_message_prefix(listing->message_id);
	if (listing->expediente != NULL)
		return g_strdup_printf("expediente/%s/", listing->expediente);
	if (listing->mailbox == NULL)
		return g_strdup("send/all/");
	mailbox = g_ascii_strdown(listing->mailbox, -1);
	return g_strdup_printf("mailbox/%s/", mailbox);
}

gboolean sends_window(
	const ApiRequest *request, const char *prefix, guint *limit, char **after, GError **error)
{
	const char *cursor = NULL;

	*after = NULL;
	if (!api_page(request, limit, &cursor, error))
		return FALSE;
	if (cursor == NULL)
		return TRUE;
	if (strlen(cursor) != 20 || strspn(cursor, "0123456789") != 20)
		return api_invalid(error, "after", "no such cursor");
	*after = g_strconcat(prefix, cursor, NULL);
	return TRUE;
}

gboolean sends_list(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Listing listing = {.store = request->service->store};
	json_auto_t *items = json_array();
	g_autofree char *prefix = NULL, *after = NULL;
	SendState state;
	gboolean done;

	listing.expediente = request->query(request->http, "expediente");
	listing.mailbox = request->query(request->http, "mailbox");
	listing.state = request->query(request->http, "state");
	listing.message_id = request->query(request->http, "message_id");
	listing.items = items;
	if (listing.state != NULL && !send_state_parse(listing.state, &state))
		return api_invalid(error, "state", "no such state");
	prefix = list_prefix(&listing);
	if (!sends_window(request, prefix, &listing.limit, &after, error))
		return FALSE;
	done = store_scan(
		listing.store, TABLE_INDEX, prefix, after, TRUE, list_visit, &listing, error);
	if (done && listing.error != NULL) {
		g_propagate_error(error, listing.error);
		done = FALSE;
	} else {
		g_clear_error(&listing.error);
	}
	if (done)
		response->json = json_pack("{s:O, s:s?}", "items", items, "next",
			json_array_size(items) == listing.limit ? listing.next : NULL);
	g_free(listing.next);
	return done;
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

	if (send == NULL)
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

gboolean sends_proof(const ApiRequest *request, ApiResponse *response, GError **error)
{
	json_auto_t *send = send_record_read(request->service->store, request->arguments[0], error);
	g_autoptr(GBytes) bytes = NULL;

	if (send == NULL || !note_reading(request, "proof", error))
		return FALSE;
	bytes = bundle_make(request->service, request->arguments[0], error);
	if (bytes == NULL)
		return FALSE;
	response->bytes = g_steal_pointer(&bytes);
	response->content_type = BUNDLE_CONTENT_TYPE;
	return TRUE;
}
