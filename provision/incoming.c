/*
 * incoming.h: what the evidence milter posts becomes a row and a leaf, once for each mail; lists of
 * them. Fails with INVALID, NOT_FOUND, or as the store does. Each call runs in its own thread,
 * changes in the committer's.
 */
#include "provision/incoming.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/hex.h"
#include "cms/digest.h"
#include "core/authentication_results.h"
#include "core/fold.h"
#include "provision/list.h"
#include "provision/send_record.h"

#define TEXT_BYTES_MAX 4096
#define RESULTS_BYTES_MAX (64 * 1024)
#define MAILBOXES_MAX 100
#define SAME_ID_MAX 16
#define SUBJECT_CHARS 500

static char *index_key(const char *kind, const char *key)
{
	return g_strconcat(kind, "/", key, NULL);
}

static char *digest_key(const char *kind, const char *text)
{
	g_autofree char *digest = digest_sha256_hex(text, strlen(text));

	return index_key(kind, digest);
}

gboolean incoming_load(StoreTxn *txn, const char *id, json_t **row, GError **error)
{
	if (!row_load(txn, TABLE_INCOMING, id, row, error))
		return FALSE;
	if (*row == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no incoming mail %s", id);
	return *row != NULL;
}

gboolean incoming_save(StoreTxn *txn, const json_t *row, GError **error)
{
	return row_save(txn, TABLE_INCOMING, row_text(row, "id"), row, error);
}

gboolean incoming_append(StoreTxn *txn, json_t *row, const Record *record, GError **error)
{
	json_t *leaves = json_object_get(row, "leaves");
	guint64 leaf;

	if (!store_append(txn, record, &leaf, error))
		return FALSE;
	if (leaves == NULL) {
		leaves = json_array();
		json_object_set_new(row, "leaves", leaves);
	}
	json_array_append_new(leaves, json_integer((json_int_t)leaf));
	return TRUE;
}

gboolean incoming_settle(StoreTxn *txn, const json_t *row, GError **error)
{
	const char *id = row_text(row, "id");
	const char *until = row_text(row, "until");
	g_autofree char *open = index_key("incoming-open", id);
	g_autofree char *due =
		g_strdup_printf("incoming-due/%s/%s", until != NULL ? until : "", id);

	return store_delete(txn, TABLE_INDEX, open, error) &&
	       (until == NULL || store_delete(txn, TABLE_INDEX, due, error));
}

/* ---- what came ---- */

typedef struct {
	Service *service;
	const json_t *body;
	gint64 now_s;
	json_t *row;
} Arrival;

const char *incoming_sender(const json_t *row)
{
	const char *from = row_text(row, "from");

	return from != NULL ? from : row_text(row, "envelope_sender");
}

/* A forgery that names somebody's Message-ID first does not take its place: what our servers found
 * is part of it. Without an id it is the bytes that come again. */
char *incoming_same_key(const json_t *body, gboolean proved)
{
	const char *id = row_text(body, "message_id");
	g_autofree char *sender = g_ascii_strdown(incoming_sender(body), -1);
	g_autofree char *text = g_strdup_printf(
		"%s\n%s\n%d", id != NULL ? id : row_text(body, "message_sha256"), sender, proved);

	return digest_key("incoming-mail", text);
}

static gboolean is_proved(const json_t *body)
{
	const char *from = row_text(body, "from");
	const char *domain = from != NULL ? strrchr(from, '@') : NULL;

	return domain != NULL && authentication_results_dmarc_pass(
					 row_text(body, "authentication_results"), domain + 1);
}

/* An answer to a notification is evidence, and asks for nothing. */
static gboolean needs_answer(StoreTxn *txn, const json_t *body, gboolean *needs, GError **error)
{
	const char *id = row_text(body, "send");
	json_auto_t *send = NULL;

	*needs = !json_is_true(json_object_get(body, "automatic")) &&
		 *row_text(body, "envelope_sender") != '\0';
	if (!*needs || id == NULL)
		return TRUE;
	if (!row_load(txn, TABLE_SENDS, id, &send, error))
		return FALSE;
	*needs = !send_record_is_notification(send);
	return TRUE;
}

static json_t *row_new(const Arrival *arrival, const char *id, gboolean open)
{
	static const char *const kept[] = {"message_id", "message_sha256", "from",
		"envelope_sender", "mailboxes", "date", "queue_id", "client_address", "send"};
	const json_t *body = arrival->body;
	const char *subject = row_text(body, "subject");
	g_autofree char *time = time_to_rfc3339(arrival->now_s);
	g_autofree char *short_subject =
		subject != NULL ? text_begin(subject, SUBJECT_CHARS) : NULL;
	g_autofree char *found =
		authentication_results_summary(row_text(body, "authentication_results"));
	json_t *row = json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:n, s:n, s:b, s:n, s:n, s:n, s:n}",
		"id", id, "time", time, "state", open ? INCOMING_OPEN : INCOMING_NONE, "subject",
		short_subject, "authentication", found, "counted_from", "until", "outside_hours",
		FALSE, "overdue", "answered", "closed", "purged");

	for (gsize i = 0; i < G_N_ELEMENTS(kept); i++) {
		json_t *value = json_object_get(body, kept[i]);

		json_object_set(row, kept[i], value != NULL ? value : json_null());
	}
	return row;
}

/* One for each mailbox, so that a proof for one opens no other. */
static gboolean append_leaves(
	StoreTxn *txn, const Arrival *arrival, const json_t *mailboxes, GError **error)
{
	json_t *row = arrival->row, *mailbox;
	size_t i;

	json_array_foreach(mailboxes, i, mailbox) {
		g_autoptr(Record) record =
			record_new("incoming.received", row_text(row, "id"), arrival->now_s);

		record_add(record, "message_sha256", row_text(row, "message_sha256"));
		record_add(record, "queue_id", row_text(row, "queue_id"));
		record_add(record, "authentication", row_text(row, "authentication"));
		record_add(record, "state", row_text(row, "state"));
		record_add(record, "until", row_text(row, "until"));
		record_add_salted(record, "mailbox", json_string_value(mailbox));
		record_add_salted(record, "from", row_text(row, "from"));
		record_add_salted(record, "envelope_sender", row_text(row, "envelope_sender"));
		record_add_salted(record, "message_id", row_text(row, "message_id"));
		record_add_salted(record, "date", row_text(row, "date"));
		record_add_salted(record, "subject", row_text(row, "subject"));
		if (!incoming_append(txn, row, record, error))
			return FALSE;
	}
	return TRUE;
}

char *incoming_id_key(const char *message_id)
{
	return digest_key("incoming-id", message_id);
}

/* The answer will name the Message-ID. */
static gboolean index_message(StoreTxn *txn, const json_t *row, GError **error)
{
	const char *message_id = row_text(row, "message_id");
	g_autofree char *key = NULL, *before = NULL, *after = NULL;
	g_auto(GStrv) ids = NULL;

	if (message_id == NULL)
		return TRUE;
	key = incoming_id_key(message_id);
	if (!row_load_text(txn, TABLE_INDEX, key, &before, error))
		return FALSE;
	ids = g_strsplit(before != NULL ? before : "", " ", -1);
	if (g_strv_length(ids) >= SAME_ID_MAX)
		return TRUE;
	after = before != NULL ? g_strconcat(before, " ", row_text(row, "id"), NULL)
			       : g_strdup(row_text(row, "id"));
	return store_put(txn, TABLE_INDEX, key, after, error);
}

static gboolean add_new(StoreTxn *txn, Arrival *arrival, const char *same_key, GError **error)
{
	g_autofree char *id = NULL, *open = NULL;
	gboolean needs;
	guint64 number;

	if (!store_next(txn, "incoming", &number, error) ||
		!needs_answer(txn, arrival->body, &needs, error))
		return FALSE;
	id = g_strdup_printf("%012" G_GUINT64_FORMAT, number);
	open = index_key("incoming-open", id);
	arrival->row = row_new(arrival, id, needs);
	if (needs && (!store_put(txn, TABLE_INDEX, open, "1", error) ||
			     !incoming_set_term(
				     txn, arrival->service, arrival->row, arrival->now_s, error)))
		return FALSE;
	return append_leaves(txn, arrival, json_object_get(arrival->row, "mailboxes"), error) &&
	       incoming_confirm(
		       txn, arrival->service, arrival->row, arrival->body, arrival->now_s, error) &&
	       index_message(txn, arrival->row, error) &&
	       store_put(txn, TABLE_INDEX, same_key, id, error) &&
	       incoming_save(txn, arrival->row, error);
}

static gboolean has_text(const json_t *list, const char *text)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (strcmp(json_string_value(item), text) == 0)
			return TRUE;
	return FALSE;
}

/* The same mail again, perhaps for another mailbox. */
static gboolean add_mailboxes(StoreTxn *txn, Arrival *arrival, GError **error)
{
	json_t *known = json_object_get(arrival->row, "mailboxes"), *mailbox;
	json_auto_t *added = json_array();
	size_t i;

	json_array_foreach(json_object_get(arrival->body, "mailboxes"), i, mailbox)
		if (!has_text(known, json_string_value(mailbox))) {
			json_array_append(known, mailbox);
			json_array_append(added, mailbox);
		}
	return json_array_size(added) == 0 || (append_leaves(txn, arrival, added, error) &&
						      incoming_save(txn, arrival->row, error));
}

static gboolean change_arrival(StoreTxn *txn, gpointer data, GError **error)
{
	Arrival *arrival = data;
	g_autofree char *key = incoming_same_key(arrival->body, is_proved(arrival->body)),
			*id = NULL;

	g_clear_pointer(&arrival->row, json_decref);
	if (!row_load_text(txn, TABLE_INDEX, key, &id, error))
		return FALSE;
	if (id == NULL)
		return add_new(txn, arrival, key, error);
	return incoming_load(txn, id, &arrival->row, error) && add_mailboxes(txn, arrival, error);
}

/* What strangers wrote may have anything in it but must not be endless. */
static gboolean check_texts(const json_t *body, GError **error)
{
	static const char *const names[] = {"message_id", "from", "subject", "date",
		"client_address", "send", "authentication_results", "envelope_sender", "queue_id",
		"message_sha256"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const json_t *value = json_object_get(body, names[i]);
		gsize most = strcmp(names[i], "authentication_results") == 0 ? RESULTS_BYTES_MAX
									     : TEXT_BYTES_MAX;

		if (value == NULL || json_is_null(value))
			continue;
		if (!json_is_string(value))
			return api_invalid(error, names[i], "must be a string");
		if (strcmp(names[i], "subject") != 0 && json_string_length(value) > most)
			return api_invalid(error, names[i], "is too long");
	}
	if (row_text(body, "envelope_sender") == NULL)
		return api_invalid(error, "envelope_sender", "is missing");
	if (row_text(body, "queue_id") == NULL)
		return api_invalid(error, "queue_id", "is missing");
	if (row_text(body, "message_sha256") == NULL ||
		!hex_is_sha256(row_text(body, "message_sha256")))
		return api_invalid(error, "message_sha256", "must be a SHA-256 in hex");
	return TRUE;
}

static gboolean check_arrival(const json_t *body, GError **error)
{
	const json_t *mailboxes = json_object_get(body, "mailboxes");
	json_t *mailbox;
	size_t i;

	if (!api_known(body, error, "message_id", "message_sha256", "from", "envelope_sender",
		    "mailboxes", "subject", "date", "queue_id", "client_address", "automatic",
		    "suppressed", "spam", "addressed", "authentication_results", "send", NULL) ||
		!check_texts(body, error))
		return FALSE;
	if (json_array_size(mailboxes) < 1 || json_array_size(mailboxes) > MAILBOXES_MAX)
		return api_invalid(error, "mailboxes", "from 1 to 100 addresses");
	json_array_foreach(mailboxes, i, mailbox) {
		const char *text = json_string_value(mailbox);
		g_autofree char *address =
			text != NULL ? api_address(text, "mailboxes", error) : NULL;

		if (text == NULL)
			return api_invalid(error, "mailboxes", "must be addresses");
		if (address == NULL)
			return FALSE;
	}
	return TRUE;
}

static gboolean post_incoming(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Arrival arrival = {request->service, request->body, request->service->now_s(), NULL};
	gboolean done;

	if (request->body == NULL)
		return api_invalid(error, "body", "is missing");
	done = check_arrival(request->body, error) &&
	       store_run(request->service->store, change_arrival, &arrival, error);
	if (done)
		response->json = json_pack("{s:O}", "id", json_object_get(arrival.row, "id"));
	json_decref(arrival.row);
	return done;
}

/* ---- lists ---- */

typedef struct {
	Store *store;
	const char *mailbox; /* NULL: all */
	gboolean indexed;    /* the keys are the index's, not the table's */
} Shown;

static json_t *show(const char *key, const char *value, gpointer data, GError **error)
{
	const Shown *shown = data;
	json_auto_t *row = NULL;

	if (!shown->indexed)
		row = row_parse(value, error);
	else if (!row_read(shown->store, TABLE_INCOMING, strrchr(key, '/') + 1, &row, error))
		return NULL;
	if (row == NULL || (shown->mailbox != NULL &&
				   !has_text(json_object_get(row, "mailboxes"), shown->mailbox)))
		return NULL;
	return g_steal_pointer(&row);
}

/* Unanswered, the oldest first: that is who waits longest. All: the newest. */
static gboolean list_incoming(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const char *mailbox = request->query(request->http, "mailbox");
	const char *unanswered = request->query(request->http, "unanswered");
	g_autofree char *lower = mailbox != NULL ? g_ascii_strdown(mailbox, -1) : NULL;
	Shown shown = {request->service->store, lower, g_strcmp0(unanswered, "1") == 0};
	const List list = {shown.indexed ? TABLE_INDEX : TABLE_INCOMING,
		shown.indexed ? "incoming-open/" : "", !shown.indexed, show, &shown};

	return list_answer(request, &list, response, error);
}

static gboolean show_incoming(const ApiRequest *request, ApiResponse *response, GError **error)
{
	if (!row_read(request->service->store, TABLE_INCOMING, request->arguments[0],
		    &response->json, error))
		return FALSE;
	if (response->json == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no incoming mail %s",
			request->arguments[0]);
	return response->json != NULL;
}

#define READERS (ROLE_OTIC | ROLE_TRAMITE | ROLE_AUDITOR)

const Route routes_incoming[] = {
	{"POST", "/v1/incoming", ROLE_EVIDENCE, FALSE, post_incoming, TRUE},
	{"GET", "/v1/incoming", READERS, FALSE, list_incoming},
	{"GET", "/v1/incoming/{id}", READERS, FALSE, show_incoming},
	{"POST", "/v1/incoming/{id}/close", ROLE_OTIC | ROLE_TRAMITE, FALSE, incoming_close},
	{NULL, NULL, 0, FALSE, NULL},
};
