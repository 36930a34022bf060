/*
 * FORM-01 from filing to the delivery of its credentials (/v1/requests; request_life.h is its
 * life). Each step is one change with its record; the account is made by the outbox, so that a
 * slapd that is down delays it and loses nothing. One active or pending personal account a DNI:
 * TABLE_INDEX "account-dni/DNI" -> request, checked and taken in the same change.
 */
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "core/naming.h"
#include "directory/change.h"
#include "provision/accounts.h"
#include "provision/list.h"
#include "provision/outbox.h"
#include "provision/request_form.h"
#include "provision/request_life.h"
#include "provision/row.h"

#define CANDIDATES_MAX 1000

typedef struct {
	const ApiRequest *request;
	const char *id, *reasons, *uid; /* uid: what the outbox found */
	RequestEvent event;
	json_t *row;	/* result, owned by the caller */
	guint64 number; /* of the outbox entry */
} Change;

static RequestState state_of(const json_t *row)
{
	RequestState state = REQUEST_CANCELLED;

	request_state_parse(row_text(row, "state"), &state);
	return state;
}

/* The step that the event makes from here; NULL with CONFLICT or FORBIDDEN. */
static const RequestStep *find_step(
	const ApiRequest *request, RequestState state, RequestEvent event, GError **error)
{
	const RequestStep *step = request_step(state, event);

	if (step == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "the request is %s",
			request_state_name(state));
	else if (((int)request->roles & step->roles) == 0)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN, "not with this role");
	else
		return step;
	return NULL;
}

static gboolean append_record(StoreTxn *txn, const Change *change, const char *type, GError **error)
{
	g_autoptr(Record) record =
		record_new(type, row_text(change->row, "id"), change->request->service->now_s());

	if (change->event == REQUEST_FILE || change->event == REQUEST_FILE_WITHOUT_TRAMITE) {
		record_add_salted(record, "given_names", row_text(change->row, "given_names"));
		record_add_salted(
			record, "paternal_surname", row_text(change->row, "paternal_surname"));
		record_add_salted(
			record, "maternal_surname", row_text(change->row, "maternal_surname"));
		record_add_salted(record, "dni", row_text(change->row, "dni"));
		record_add(record, "unit", row_text(change->row, "unit"));
		record_add(record, "document", row_text(change->row, "document"));
		record_add(record, "reason", row_text(change->row, "reason"));
		record_add(record, "tramite", row_text(change->row, "tramite"));
	}
	record_add(record, "reasons", change->reasons);
	record_add(record, "uid", row_text(change->row, "uid"));
	record_add(record, "actor", change->request->actor);
	return store_append(txn, record, NULL, error);
}

static gboolean conflict_of_dni(GError **error)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
		"the DNI has a personal account that is active or pending");
	return FALSE;
}

/* Whether the DNI is free, by the index. */
static gboolean check_dni_free(StoreTxn *txn, const json_t *row, GError **error)
{
	GError *failure = NULL;
	g_autofree char *key = account_dni_key(row_text(row, "dni"));
	g_autofree char *holder = store_get_txn(txn, TABLE_INDEX, key, &failure);

	if (failure != NULL) {
		g_propagate_error(error, failure);
		return FALSE;
	}
	return holder == NULL || conflict_of_dni(error);
}

static gboolean file_change(StoreTxn *txn, gpointer data, GError **error)
{
	Change *change = data;
	gint64 now_s = change->request->service->now_s();
	g_autofree char *time = time_to_rfc3339(now_s);
	g_autofree char *id = NULL;
	const RequestStep *step = find_step(change->request, REQUEST_NEW, change->event, error);
	guint64 number;

	if (step == NULL || !check_dni_free(txn, change->row, error) ||
		!store_next(txn, "request", &number, error))
		return FALSE;
	id = g_strdup_printf("%08" G_GUINT64_FORMAT, number);
	json_object_set_new(change->row, "id", json_string(id));
	json_object_set_new(change->row, "state", json_string(request_state_name(step->next)));
	json_object_set_new(change->row, "uid", json_null());
	json_object_set_new(change->row, "reasons", json_null());
	json_object_set_new(change->row, "time", json_string(time));
	return append_record(txn, change, step->record, error) &&
	       row_save(txn, TABLE_REQUESTS, id, change->row, error);
}

/* Loads the row of change->id; NOT_FOUND when there is none. */
static gboolean load_row(StoreTxn *txn, Change *change, GError **error)
{
	json_decref(change->row); /* of a run of the change that was taken back */
	if (!row_load(txn, TABLE_REQUESTS, change->id, &change->row, error))
		return FALSE;
	if (change->row != NULL)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no such request");
	return FALSE;
}

static gboolean queue_creation(StoreTxn *txn, Change *change, GError **error)
{
	g_autofree char *key = account_dni_key(row_text(change->row, "dni"));
	json_t *body;
	gboolean ok;

	if (!check_dni_free(txn, change->row, error) ||
		!store_put(txn, TABLE_INDEX, key, change->id, error))
		return FALSE;
	body = json_pack("{s:s}", "request", change->id);
	ok = outbox_add(txn, "account.create", body, &change->number, error);
	json_decref(body);
	return ok;
}

/* Any step of a request that is there already. */
static gboolean step_change(StoreTxn *txn, gpointer data, GError **error)
{
	Change *change = data;
	const RequestStep *step;

	if (!load_row(txn, change, error))
		return FALSE;
	step = find_step(change->request, state_of(change->row), change->event, error);
	if (step == NULL)
		return FALSE;
	if ((step->effects & REQUEST_EFFECT_CREATE) != 0 && !queue_creation(txn, change, error))
		return FALSE;
	json_object_set_new(change->row, "state", json_string(request_state_name(step->next)));
	if (change->reasons != NULL)
		json_object_set_new(change->row, "reasons", json_string(change->reasons));
	return append_record(txn, change, step->record, error) &&
	       row_save(txn, TABLE_REQUESTS, change->id, change->row, error);
}

static gboolean run(Change *change, StoreChange function, GError **error)
{
	if (store_run(change->request->service->store, function, change, error))
		return TRUE;
	json_decref(change->row);
	change->row = NULL;
	return FALSE;
}

/* A new reference; NULL with NOT_FOUND or the store's error. */
static json_t *read_row(Service *service, const char *id, GError **error)
{
	json_t *row;

	if (row_read(service->store, TABLE_REQUESTS, id, &row, error) && row == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no such request");
	return row;
}

/*
 * An account that did not come through a request is only in the directory. When slapd does not
 * answer, the index of the requests has to do, and the creation looks again.
 */
static gboolean check_directory(Service *service, const char *dni, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(Account) account = directory_get_by_dni(directory, dni, NULL);

	return account == NULL || conflict_of_dni(error);
}

static gboolean file_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Change change = {.request = request};

	change.row = request_form_read(request->body, error);
	if (change.row == NULL)
		return FALSE;
	change.event = row_text(change.row, "tramite") != NULL ? REQUEST_FILE
							       : REQUEST_FILE_WITHOUT_TRAMITE;
	if (!check_directory(request->service, row_text(change.row, "dni"), error)) {
		json_decref(change.row);
		return FALSE;
	}
	if (!run(&change, file_change, error))
		return FALSE;
	response->status = 201;
	response->json = change.row;
	return TRUE;
}

static gboolean approve_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Change change = {.request = request, .id = request->arguments[0], .event = REQUEST_APPROVE};
	json_t *row;
	gboolean free_dni;

	if (!api_known(request->body, error, NULL))
		return FALSE;
	row = read_row(request->service, change.id, error);
	if (row == NULL)
		return FALSE;
	free_dni = state_of(row) != REQUEST_RECEIVED ||
		   check_directory(request->service, row_text(row, "dni"), error);
	json_decref(row);
	if (!free_dni || !run(&change, step_change, error))
		return FALSE;
	outbox_wait(request->service->outbox, change.number, ACCOUNT_WAIT_MS);
	row = read_row(request->service, change.id, NULL);
	response->json = row != NULL ? row : json_incref(change.row);
	json_decref(change.row);
	return TRUE;
}

static gboolean deny_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Change change = {.request = request, .id = request->arguments[0], .event = REQUEST_DENY};
	g_autofree char *reasons = NULL;
	const char *text;

	if (!api_known(request->body, error, "reasons", NULL))
		return FALSE;
	text = api_string(request->body, "reasons", 1000, error);
	if (text == NULL)
		return FALSE;
	change.reasons = reasons = account_text_tidy(text);
	if (reasons == NULL)
		return api_invalid(error, "reasons", "must not be empty");
	if (!run(&change, step_change, error))
		return FALSE;
	response->json = change.row;
	return TRUE;
}

/* The uid of a request that may be delivered now, a new string. */
static char *deliverable_uid(const ApiRequest *request, GError **error)
{
	json_t *row = read_row(request->service, request->arguments[0], error);
	char *uid = NULL;

	if (row != NULL && find_step(request, state_of(row), REQUEST_DELIVER, error) != NULL) {
		uid = g_strdup(row_text(row, "uid"));
		if (uid == NULL)
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
				"the account is still being made");
	}
	json_decref(row);
	return uid;
}

/* The password is recorded, set, and only then is the request executed: after a crash it can be
 * delivered again. */
static gboolean deliver(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Change change = {.request = request, .id = request->arguments[0], .event = REQUEST_DELIVER};
	g_autoptr(Directory) directory = directory_new(request->service->settings);
	g_autofree char *uid = deliverable_uid(request, error);
	g_autofree char *password = account_password_new();
	g_autofree char *mail = NULL;
	gboolean done;

	if (uid == NULL)
		return FALSE;
	mail = account_mail(request->service, uid);
	done = account_record_password(request, uid, "first", error) &&
	       directory_set_first_password(directory, uid, password, error) &&
	       run(&change, step_change, error);
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

	if (!api_known(request->body, error, NULL))
		return FALSE;
	g_mutex_lock(&one_at_a_time);
	done = deliver(request, response, error);
	g_mutex_unlock(&one_at_a_time);
	return done;
}

static gboolean get_request(const ApiRequest *request, ApiResponse *response, GError **error)
{
	response->json = read_row(request->service, request->arguments[0], error);
	return response->json != NULL;
}

static json_t *show_request(const char *key, const char *value, gpointer data, GError **error)
{
	(void)key;
	(void)data;
	return row_parse(value, error);
}

static gboolean list_requests(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const List list = {TABLE_REQUESTS, "", FALSE, show_request, NULL};

	return list_answer(request, &list, response, error);
}

/* The first name that nobody else has, reserved for this request, with its account. A new string.
 */
static char *create_under_free_name(Service *service, const json_t *row, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	const char *domain = settings_string(service->settings, "institution", "domain");
	guint first = (guint)settings_int(service->settings, "naming", "first_number");

	for (guint n = 0; n < CANDIDATES_MAX; n++) {
		g_autoptr(GError) failure = NULL;
		g_autoptr(Account) account = NULL;
		g_autofree char *name = naming_candidate(row_text(row, "given_names"),
			row_text(row, "paternal_surname"), row_text(row, "maternal_surname"), n,
			first, error);

		if (name == NULL)
			return NULL;
		if (naming_reserved(name))
			continue;
		account = request_form_account(row, name, domain);
		if (directory_reserve_name(directory, name, row_text(row, "id"), &failure) &&
			directory_add_account(directory, account, &failure))
			return g_steal_pointer(&name);
		if (!g_error_matches(failure, ACUSE_ERROR, ACUSE_ERROR_CONFLICT)) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return NULL;
		}
	}
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "every name of this person is taken");
	return NULL;
}

typedef struct {
	const char *id, *uid;
	gint64 now_s;
} Created;

static gboolean created_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Created *created = data;
	g_autoptr(Record) record = record_new("account.created", created->uid, created->now_s);
	json_t *row;
	gboolean ok;

	if (!row_load(txn, TABLE_REQUESTS, created->id, &row, error))
		return FALSE;
	record_add(record, "request", created->id);
	record_add_salted(record, "dni", row_text(row, "dni"));
	json_object_set_new(row, "uid", json_string(created->uid));
	ok = store_append(txn, record, NULL, error) &&
	     row_save(txn, TABLE_REQUESTS, created->id, row, error);
	json_decref(row);
	return ok;
}

gboolean account_create(Service *service, const json_t *body, GError **error)
{
	const char *id = row_text(body, "request");
	json_t *row = read_row(service, id != NULL ? id : "", error);
	g_autofree char *uid = NULL;
	Created created = {.id = id, .now_s = service->now_s()};
	gboolean done;

	if (row == NULL)
		return FALSE;
	done = row_text(row, "uid") != NULL; /* carried out before a crash */
	if (!done) {
		created.uid = uid = create_under_free_name(service, row, error);
		done = uid != NULL && store_run(service->store, created_change, &created, error);
	}
	json_decref(row);
	return done;
}

const Route routes_requests[] = {
	{"POST", "/v1/requests", ROLE_OTIC | ROLE_TRAMITE, FALSE, file_request},
	{"GET", "/v1/requests", ROLE_OTIC | ROLE_AUDITOR, FALSE, list_requests},
	{"GET", "/v1/requests/{id}", ROLE_OTIC | ROLE_AUDITOR, FALSE, get_request},
	{"POST", "/v1/requests/{id}/approve", ROLE_OTIC, FALSE, approve_request},
	{"POST", "/v1/requests/{id}/deny", ROLE_OTIC, FALSE, deny_request},
	{"POST", "/v1/requests/{id}/deliver", ROLE_OTIC, FALSE, deliver_request},
	{NULL, NULL, 0, FALSE, NULL},
};
