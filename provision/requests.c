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
#include "provision/request_form.h"
#include "provision/request_step.h"
#include "provision/row.h"

#define REASONS_MAX 1000

/*
 * An account that did not come through a request is only in the directory. When slapd does not
 * answer, the index of the requests has to do, and the creation looks again.
 */
static gboolean check_directory(Service *service, const char *dni, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(Account) account = directory_get_by_dni(directory, dni, NULL);

	return account == NULL || account_dni_conflict(error);
}

/* Takes the step and answers with the request. */
static gboolean take(RequestChange *change, ApiResponse *response, GError **error)
{
	if (!request_step_take(change, error))
		return FALSE;
	response->json = request_row_show(change->row);
	json_decref(change->row);
	return TRUE;
}

static gboolean file_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	RequestChange change = {.request = request};

	change.row = request_form_read(request->body, error);
	if (change.row == NULL)
		return FALSE;
	if (!check_directory(request->service, row_text(change.row, "dni"), error)) {
		json_decref(change.row);
		return FALSE;
	}
	if (!request_step_file(&change, error))
		return FALSE;
	response->status = 201;
	response->json = request_row_show(change.row);
	json_decref(change.row);
	return TRUE;
}

static gboolean approve_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	RequestChange change = {
		.request = request, .id = request->arguments[0], .event = REQUEST_APPROVE};
	json_auto_t *row = NULL, *fresh = NULL;

	if (!api_known(request->body, error, NULL))
		return FALSE;
	row = request_row_read(request, change.id, error);
	if (row == NULL || !request_step_check(request, row, change.event, error) ||
		!check_directory(request->service, row_text(row, "dni"), error) ||
		!request_step_take(&change, error))
		return FALSE;
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

/* What was missing comes: the tramite number, the answer to an observation. */
static gboolean amend_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	RequestChange change = {
		.request = request, .id = request->arguments[0], .event = REQUEST_AMEND};
	g_autofree char *tramite = NULL;
	g_autofree char *answer = NULL;
	const char *tramite_text, *answer_text;

	if (!api_known(request->body, error, "tramite", "answer", NULL) ||
		!api_string_optional(
			request->body, "tramite", REQUEST_TRAMITE_MAX, &tramite_text, error) ||
		!api_string_optional(request->body, "answer", REASONS_MAX, &answer_text, error))
		return FALSE;
	change.tramite = tramite = tramite_text != NULL ? account_text_tidy(tramite_text) : NULL;
	change.answer = answer = answer_text != NULL ? account_text_tidy(answer_text) : NULL;
	if (tramite == NULL && answer == NULL)
		return api_invalid(error, "tramite", "give it, or the answer to the observation");
	return take(&change, response, error);
}

/* The operator's name is ours before the request says so: what is not free is told at once. */
static gboolean name_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	RequestChange change = {
		.request = request, .id = request->arguments[0], .event = REQUEST_AMEND};
	json_auto_t *row = NULL;

	if (!api_known(request->body, error, "name", NULL))
		return FALSE;
	change.name = api_string(request->body, "name", NAMING_MAX_CHARS, error);
	if (change.name == NULL)
		return FALSE;
	if (!naming_person_valid(change.name))
		return api_invalid(error, "name",
			"must be a letter and then letters or digits, a-z and 0-9, and no reserved "
			"name");
	row = request_row_read(request, change.id, error);
	if (row == NULL || !request_step_check(request, row, change.event, error))
		return FALSE;
	if (!request_form_needs_name(row)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"the request has a name, or the rule gives it one");
		return FALSE;
	}
	if (!account_name_take(request->service, change.name, change.id, error))
		return FALSE;
	return take(&change, response, error);
}

/* The uid of a request that may be delivered now, a new string. */
static char *deliverable_uid(const ApiRequest *request, GError **error)
{
	json_auto_t *row = request_row_read(request, request->arguments[0], error);
	char *uid;

	if (row == NULL || !request_step_check(request, row, REQUEST_DELIVER, error))
		return NULL;
	uid = g_strdup(row_text(row, "uid"));
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
	g_autofree char *uid = deliverable_uid(request, error);
	g_autofree char *password = account_password_new();
	g_autofree char *mail = NULL;
	gboolean done;

	if (uid == NULL || !api_string_optional(request->body, "receipt", ACCOUNT_DOCUMENT_MAX,
				   &change.receipt, error))
		return FALSE;
	mail = account_mail(request->service, uid);
	done = account_record_password(request, uid, "first", error) &&
	       directory_set_first_password(directory, uid, password, error) &&
	       request_step_take(&change, error);
	if (done) {
		response->json = json_pack(
			"{s:s, s:s, s:s}", "uid", uid, "mail", mail, "password", password);
		response->secret = TRUE;
		json_decref(change.row);
	}
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
