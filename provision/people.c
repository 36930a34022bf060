/*
 * What HR and the IT office report of people (/v1/people, A8, A9, DI-002 art. 2.6, 7.3): cessation
 * (cessation.c), rotation and encargatura (posts.c), reinstatement, and how late a report came.
 * Nothing here needs slapd to be up but the reinstatement, which shows a password. Any thread.
 */
#include "provision/people.h"

#include <string.h>

#include "base/error.h"
#include "core/calendar.h"
#include "directory/change.h"
#include "provision/account_life.h"
#include "provision/closed_accounts.h"
#include "provision/due.h"
#include "provision/list.h"
#include "provision/outbox.h"
#include "provision/row.h"

#define LATE_PREFIX "late-report/"

gboolean people_read_date(const json_t *body, const char *name, const char **date, GError **error)
{
	if (!api_string_optional(body, name, CALENDAR_DATE_CHARS, date, error))
		return FALSE;
	if (*date == NULL || calendar_is_date(*date))
		return TRUE;
	return api_invalid(error, name, "must be YYYY-MM-DD");
}

guint people_delay_days(const Service *service, const char *date)
{
	g_autofree char *today = service_today(service);

	return date == NULL ? 0
			    : calendar_business_days_between(
				      service->calendar, MATTER_ADMINISTRATIVE, date, today);
}

gboolean people_note_delay(
	StoreTxn *txn, const PersonAct *act, Record *record, const char *action, GError **error)
{
	guint days = people_delay_days(act->service, act->date);
	g_autofree char *today = NULL;
	g_autofree char *key = NULL;
	g_autofree char *text = g_strdup_printf("%u", days);
	json_auto_t *row = NULL;

	if (act->date != NULL)
		record_add(record, "report_business_days", text);
	if (days <= PEOPLE_WORKING_DAYS_TO_REPORT)
		return TRUE;
	today = service_today(act->service);
	key = g_strdup_printf(LATE_PREFIX "%s/%s/%s", today, act->uid, action);
	row = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s}", "uid", act->uid, "action", action,
		"date", act->date, "reported", today, "business_days", (int)days, "document",
		act->document, "actor", act->actor);
	return row_save(txn, TABLE_INDEX, key, row, error);
}

/* By the requests: NULL without error when they know of none. */
static char *uid_by_requests(Service *service, const char *dni, GError **error)
{
	g_autofree char *key = account_dni_key(dni);
	g_autofree char *id = store_get(service->store, TABLE_INDEX, key, error);
	json_auto_t *row = NULL;
	char *uid;

	if (id != NULL && g_str_has_prefix(id, ACCOUNT_UID_MARK))
		return g_strdup(id + strlen(ACCOUNT_UID_MARK));
	if (id == NULL || !row_read(service->store, TABLE_REQUESTS, id, &row, error))
		return NULL;
	uid = g_strdup(row_text(row, "uid"));
	if (row != NULL && uid == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
			"the account is still being made");
	return uid;
}

char *people_find_uid(Service *service, const char *dni, GError **error)
{
	GError *failure = NULL;
	char *uid = uid_by_requests(service, dni, &failure);

	if (uid == NULL && failure == NULL) {
		g_autoptr(Directory) directory = directory_new(service->settings);
		g_autoptr(Account) account = directory_get_by_dni(directory, dni, &failure);

		/* The store knows of an end that has not reached the directory. */
		if (account != NULL && !account_is_closed(service->store, account->uid))
			uid = g_strdup(account->uid);
	}
	if (failure != NULL)
		g_propagate_error(error, failure);
	else if (uid == NULL)
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no active account of that DNI");
	return uid;
}

static gboolean cease(const ApiRequest *request, ApiResponse *response, GError **error)
{
	PersonAct act = {.service = request->service, .actor = request->actor};
	g_autofree char *dni = NULL;
	g_autofree char *uid = NULL;

	if (!api_known(request->body, error, "document", "date", NULL))
		return FALSE;
	act.document = api_string(request->body, "document", ACCOUNT_DOCUMENT_MAX, error);
	if (act.document == NULL || !people_read_date(request->body, "date", &act.date, error))
		return FALSE;
	act.dni = dni = account_dni_read(request->arguments[0], error);
	if (dni == NULL)
		return FALSE;
	act.uid = uid = people_find_uid(request->service, dni, error);
	if (uid == NULL || !people_cease(&act, error))
		return FALSE;
	if (act.number == 0) {
		response->json = json_pack(
			"{s:s, s:s, s:s}", "uid", uid, "state", "active", "until", act.date);
		return TRUE;
	}
	response->json = json_pack("{s:s, s:s}", "uid", uid, "state", "ceased");
	/* Ordered and on record, but a server does not answer: it is told. */
	if (!outbox_wait(request->service->outbox, act.number, ACCOUNT_WAIT_MS)) {
		response->status = 202;
		json_object_set_new(response->json, "pending", json_true());
	}
	return TRUE;
}

/* ---- reinstatement ---- */

static gboolean reinstate_change(StoreTxn *txn, gpointer data, GError **error)
{
	const PersonAct *act = data;
	const AccountStep *step = account_step(ACCOUNT_CEASED, ACCOUNT_REINSTATE);
	g_autoptr(Record) record = record_new(step->record, act->uid, act->service->now_s());
	g_autofree char *key = account_dni_key(act->dni);
	g_autofree char *value = account_uid_mark(act->uid);
	g_autofree char *holder = NULL;

	if (!row_load_text(txn, TABLE_INDEX, key, &holder, error))
		return FALSE;
	/* Its own mark: a reinstatement that was cut short is done again. */
	if (holder != NULL && strcmp(holder, value) != 0)
		return account_dni_conflict(error);
	record_add_salted(record, "dni", act->dni);
	record_add(record, "document", act->document);
	record_add(record, "actor", act->actor);
	return store_append(txn, record, NULL, error) &&
	       store_put(txn, TABLE_INDEX, key, value, error) &&
	       account_set_closed(txn, act->uid, FALSE, error);
}

/* The ceased account that was this person's: the same DNI, in our books and in the directory. */
static char *find_former(Service *service, Directory *directory, const char *dni, GError **error)
{
	g_autofree char *key = g_strconcat("former-account/", dni, NULL);
	GError *failure = NULL;
	g_autofree char *uid = store_get(service->store, TABLE_INDEX, key, &failure);
	g_autoptr(Account) account = NULL;

	if (failure == NULL && uid != NULL)
		account = directory_get(directory, uid, &failure);
	if (failure != NULL) {
		g_propagate_error(error, failure);
		return NULL;
	}
	if (account != NULL && g_strcmp0(account->dni, dni) == 0) {
		if (account_step(account->state, ACCOUNT_REINSTATE) != NULL)
			return g_steal_pointer(&uid);
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "the account is %s",
			account_state_name(account->state));
		return NULL;
	}
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no former account of that DNI");
	return NULL;
}

static gboolean reinstate(const ApiRequest *request, ApiResponse *response, GError **error)
{
	PersonAct act = {.service = request->service, .actor = request->actor};
	g_autoptr(Directory) directory = directory_new(request->service->settings);
	g_autofree char *dni = NULL;
	g_autofree char *uid = NULL;
	g_autofree char *mail = NULL;
	g_autofree char *password = NULL;
	gboolean done;

	if (!api_known(request->body, error, "document", NULL))
		return FALSE;
	act.document = api_string(request->body, "document", ACCOUNT_DOCUMENT_MAX, error);
	if (act.document == NULL)
		return FALSE;
	act.dni = dni = account_dni_read(request->arguments[0], error);
	if (dni == NULL)
		return FALSE;
	act.uid = uid = find_former(request->service, directory, dni, error);
	if (uid == NULL)
		return FALSE;
	password = account_password_new();
	mail = account_mail(request->service, uid);
	done = store_run(request->service->store, reinstate_change, &act, error) &&
	       directory_reinstate(directory, uid, dni, password, error);
	if (done) {
		response->json = json_pack(
			"{s:s, s:s, s:s}", "uid", uid, "mail", mail, "password", password);
		response->secret = TRUE;
	}
	explicit_bzero(password, strlen(password));
	return done;
}

static json_t *show_late(const char *key, const char *value, gpointer data, GError **error)
{
	(void)key;
	(void)data;
	return row_parse(value, error);
}

static gboolean list_late(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const List list = {TABLE_INDEX, LATE_PREFIX, FALSE, show_late, NULL};

	return list_answer(request, &list, response, error);
}

#define REPORTERS (ROLE_HR | ROLE_OTIC)

const Route routes_people[] = {
	{"POST", "/v1/people/{dni}/cease", REPORTERS, FALSE, cease},
	{"POST", "/v1/people/{dni}/rotate", REPORTERS, FALSE, person_rotate},
	{"POST", "/v1/people/{dni}/encargatura", REPORTERS, FALSE, person_act},
	{"POST", "/v1/people/{dni}/reinstate", ROLE_OTIC, FALSE, reinstate},
	{"POST", "/v1/people/report", REPORTERS, FALSE, people_report},
	{"GET", "/v1/people/late-reports", REPORTERS | ROLE_AUDITOR, FALSE, list_late},
	{NULL, NULL, 0, FALSE, NULL},
};
