/*
 * FORM-01 from filing to the delivery of its credentials (/v1/requests; request_life.h is its life,
 * request_step.c takes each step). The account is made by the outbox, so that a slapd that is down
 * delays it and loses nothing. A name that no rule can write is given by an operator. Any thread.
 */
#include <string.h>

#include "base/error.h"
#include "core/naming.h"
#include "directory/change.h"
#include "provision/accounts.h"
#include "provision/list.h"
#include "provision/outbox.h"
#include "provision/request_account.h"
#include "provision/request_form.h"
#include "provision/request_import.h"
#include "provision/request_page.h"
#include "provision/request_signature.h"
#include "provision/request_step.h"
#include "provision/row.h"

#define REASONS_MAX 1000

/* Takes the step and answers with the request. */
static gboolean take(RequestChange *change, ApiResponse *response, GError **error)
{
	if (!request_step_take(change, error))
		return FALSE;
	response->json = request_row_show(change->row);
	json_decref(change->row);
	return TRUE;
}

json_t *request_prepare(const ApiRequest *request, const json_t *body, GError **error)
{
	json_auto_t *row = request_form_read(body, error);
	const char *scan = settings_string(request->service->settings, "requests", "scan");
	g_autofree char *uid = NULL;

	if (row == NULL || !request_account_find(request->service, row, &uid, error) ||
		!request_signature_check(request->service, row, error))
		return NULL;
	if (strcmp(scan, "optional") == 0)
		json_object_set_new(row, "scan_optional", json_true());
	return json_incref(row);
}

static gboolean file_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	RequestChange change = {.request = request};

	change.row = request_prepare(request, request->body, error);
	if (change.row == NULL || !request_step_file(&change, error))
		return FALSE;
	response->status = 201;
	response->json = request_row_show(change.row);
	json_decref(change.row);
	return TRUE;
}

/* Which step an approval is: only some requests end with credentials to be handed over. */
static RequestEvent approval_of(const json_t *row)
{
	if (request_form_is(row, "password"))
		return REQUEST_APPROVE_RESET;
	return request_form_is(row, "create") && strcmp(row_text(row, "kind"), "office") != 0
		       ? REQUEST_APPROVE
		       : REQUEST_CARRY_OUT;
}

static gboolean approve_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	RequestChange change = {.request = request, .id = request->arguments[0]};
	json_auto_t *row = NULL, *fresh = NULL;
	g_autofree char *uid = NULL;

	if (!api_known(request->body, error, NULL))
		return FALSE;
	row = request_row_read(request, change.id, error);
	if (row == NULL)
		return FALSE;
	change.event = approval_of(row);
	if (!request_step_check(request, row, change.event, error) ||
		!request_account_find(request->service, row, &uid, error))
		return FALSE;
	change.uid = uid;
	if (!request_step_take(&change, error))
		return FALSE;
	if (change.number != 0)
		outbox_wait(request->service->outbox, change.number, ACCOUNT_WAIT_MS);
	fresh = request_row_read(request, change.id, NULL);
	response->json = request_row_show(fresh != NULL ? fresh : change.row);
	json_decref(change.row);
	return TRUE;
}

/* A step that needs nothing but its reasons. */
static gboolean take_with_reasons(
	const ApiRequest *request, RequestEvent event, ApiResponse *response, GError **error)
{
	RequestChange change = {.request = request, .id = request->arguments[0], .event = event};
	g_autofree char *reasons = NULL;
	const char *text;

	if (!api_known(request->body, error, "reasons", NULL))
		return FALSE;
	text = api_string(request->body, "reasons", REASONS_MAX, error);
	if (text == NULL)
		return FALSE;
	change.reasons = reasons = account_text_tidy(text);
	if (reasons == NULL)
		return api_invalid(error, "reasons", "must not be empty");
	return take(&change, response, error);
}

static gboolean deny_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	return take_with_reasons(request, REQUEST_DENY, response, error);
}

static gboolean observe_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	return take_with_reasons(request, REQUEST_OBSERVE, response, error);
}

static gboolean cancel_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	return take_with_reasons(request, REQUEST_CANCEL, response, error);
}

/* What an amendment may bring, and what the documents in it are worth, as a new object. */
static json_t *read_amendment(const ApiRequest *request, const json_t *row, GError **error)
{
	static const struct {
		const char *name;
		gsize max_chars;
	} members[] = {{"tramite", REQUEST_TRAMITE_MAX}, {"answer", REASONS_MAX}, {"scan", 64},
		{"signed_form", 64}, {"signature", 64}, {"terms", 64}};
	json_auto_t *brings = json_object(), *merged = json_copy((json_t *)row);

	for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
		const char *name = members[i].name, *text;
		g_autofree char *tidy = NULL;

		if (!api_string_optional(request->body, name, members[i].max_chars, &text, error))
			return NULL;
		tidy = text != NULL ? account_text_tidy(text) : NULL;
		if (tidy != NULL)
			json_object_set_new(brings, name, json_string(tidy));
	}
	if (json_object_size(brings) == 0) {
		api_invalid(error, "tramite", "give it, a document, or the answer");
		return NULL;
	}
	json_object_update(merged, brings);
	if (!request_signature_check(request->service, merged, error))
		return NULL;
	if (row_text(brings, "signed_form") != NULL || row_text(brings, "signature") != NULL) {
		json_object_set_new(
			brings, "signer", json_incref(json_object_get(merged, "signer")));
		json_object_set_new(brings, "signature_problem",
			json_incref(json_object_get(merged, "signature_problem")));
	}
	return json_incref(brings);
}

static gboolean amend_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	RequestChange change = {
		.request = request, .id = request->arguments[0], .event = REQUEST_AMEND};
	json_auto_t *row = NULL, *brings = NULL;

	if (!api_known(request->body, error, "tramite", "answer", "scan", "signed_form",
		    "signature", "terms", NULL))
		return FALSE;
	row = request_row_read(request, change.id, error);
	if (row == NULL || !request_step_check(request, row, change.event, error))
		return FALSE;
	change.brings = brings = read_amendment(request, row, error);
	return brings != NULL && take(&change, response, error);
}

static gboolean check_name(const json_t *row, const char *name, GError **error)
{
	if (request_form_by_rule(row))
		return naming_person_valid(name) ||
		       api_invalid(error, "name",
			       "must be a letter and then letters or digits, a-z and 0-9, and no "
			       "reserved name");
	return naming_office_valid(name) ||
	       api_invalid(error, "name",
		       "must be a-z, 0-9, single dots and hyphens, and no reserved name");
}

/* The operator's name is ours before the request says so: what is not free is told at once. */
static gboolean name_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	RequestChange change = {
		.request = request, .id = request->arguments[0], .event = REQUEST_AMEND};
	json_auto_t *row = NULL, *brings = NULL;
	const char *name;

	if (!api_known(request->body, error, "name", NULL))
		return FALSE;
	name = api_string(request->body, "name", NAMING_MAX_CHARS, error);
	if (name == NULL)
		return FALSE;
	row = request_row_read(request, change.id, error);
	if (row == NULL || !check_name(row, name, error) ||
		!request_step_check(request, row, change.event, error))
		return FALSE;
	if (!request_form_needs_name(row)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"the request has a name, or the rule gives it one");
		return FALSE;
	}
	if (!account_name_take(request->service, name, change.id, error))
		return FALSE;
	change.brings = brings = json_pack("{s:s}", "name", name);
	return take(&change, response, error);
}

/* The uid of a request that may be delivered now, a new string; *reason: the record's, static. */
static char *deliverable_uid(const ApiRequest *request, const char **reason, GError **error)
{
	json_auto_t *row = request_row_read(request, request->arguments[0], error);
	char *uid;

	if (row == NULL || !request_step_check(request, row, REQUEST_DELIVER, error))
		return NULL;
	uid = g_strdup(row_text(row, "uid"));
	*reason = request_form_is(row, "password") ? g_intern_string(row_text(row, "reason"))
						   : "first";
	if (uid == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
			"the account is still being made");
	return uid;
}

/* The password is recorded, set, and only then is the request executed: after a crash it can be
 * delivered again. */
static gboolean deliver(const ApiRequest *request, ApiResponse *response, GError **error)
{
	RequestChange change = {
		.request = request, .id = request->arguments[0], .event = REQUEST_DELIVER};
	g_autoptr(Directory) directory = directory_new(request->service->settings);
	const char *reason = NULL;
	g_autofree char *uid = deliverable_uid(request, &reason, error);
	g_autofree char *password = account_password_new();
	g_autofree char *mail = NULL;
	gboolean done;

	if (uid == NULL || !api_string_optional(request->body, "receipt", ACCOUNT_DOCUMENT_MAX,
				   &change.receipt, error))
		return FALSE;
	mail = account_mail(request->service, uid);
	done = account_record_password(request, uid, reason, error) &&
	       directory_set_first_password(directory, uid, password, error) &&
	       request_step_take(&change, error);
	if (done) {
		response->json = json_pack(
			"{s:s, s:s, s:s}", "uid", uid, "mail", mail, "password", password);
		response->secret = TRUE;
		json_decref(change.row);
	}
	if (done && strcmp(reason, "exposed-password") == 0)
		passwords_end_sessions(request, uid, response);
	explicit_bzero(password, strlen(password));
	return done;
}

static gboolean deliver_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	/* Two deliveries at once would set two passwords and show the one that no longer holds. */
	static GMutex one_at_a_time;
	gboolean done;

	if (!api_known(request->body, error, "receipt", NULL))
		return FALSE;
	g_mutex_lock(&one_at_a_time);
	done = deliver(request, response, error);
	g_mutex_unlock(&one_at_a_time);
	return done;
}

static gboolean get_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	json_auto_t *row = request_row_read(request, request->arguments[0], error);

	if (row == NULL)
		return FALSE;
	response->json = request_row_show(row);
	return TRUE;
}

/* One of the documents that the request names: the scan, what was signed, its signature. */
static gboolean get_document(const ApiRequest *request, ApiResponse *response, GError **error)
{
	static const char *const names[] = {"scan", "signed_form", "signature", "terms"};
	json_auto_t *row = request_row_read(request, request->arguments[0], error);
	const char *wanted = request->arguments[1];

	if (row == NULL)
		return FALSE;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (g_strcmp0(row_text(row, names[i]), wanted) != 0)
			continue;
		response->bytes = blobs_get(request->service->blobs, wanted, error);
		response->content_type = "application/octet-stream";
		return response->bytes != NULL;
	}
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no such document of the request");
	return FALSE;
}

static json_t *show_request(const char *key, const char *value, gpointer data, GError **error)
{
	json_auto_t *row = row_parse(value, error);

	(void)key;
	(void)data;
	return row != NULL ? request_row_show(row) : NULL;
}

static gboolean list_requests(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const List list = {TABLE_REQUESTS, "", FALSE, show_request, NULL};

	return list_answer(request, &list, response, error);
}

#define FILERS (ROLE_OTIC | ROLE_TRAMITE | ROLE_HEAD)

const Route routes_requests[] = {
	{"POST", "/v1/requests", FILERS, FALSE, file_request},
	{"GET", "/v1/requests", ROLE_OTIC | ROLE_AUDITOR, FALSE, list_requests},
	{"POST", "/v1/requests/import", FILERS, FALSE, request_import},
	{"GET", "/v1/requests/{id}/documents/{sha256}", FILERS | ROLE_AUDITOR, FALSE, get_document},
	{"GET", "/v1/requests/{id}/form.pdf", FILERS | ROLE_AUDITOR, FALSE, request_page},
	{"GET", "/v1/requests/{id}", FILERS | ROLE_AUDITOR, FALSE, get_request},
	{"POST", "/v1/requests/{id}/observe", ROLE_OTIC, FALSE, observe_request},
	{"POST", "/v1/requests/{id}/amend", FILERS, FALSE, amend_request},
	{"POST", "/v1/requests/{id}/name", ROLE_OTIC, FALSE, name_request},
	{"POST", "/v1/requests/{id}/approve", ROLE_OTIC, FALSE, approve_request},
	{"POST", "/v1/requests/{id}/deny", ROLE_OTIC, FALSE, deny_request},
	{"POST", "/v1/requests/{id}/cancel", FILERS, FALSE, cancel_request},
	{"POST", "/v1/requests/{id}/deliver", ROLE_OTIC, FALSE, deliver_request},
	{NULL, NULL, 0, FALSE, NULL},
};
