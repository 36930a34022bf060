/*
 * Posts of people: rotation (A9, DI-002 art. 2.6) and encargatura (Anexo 1), now or on a day. The
 * directory has the post that holds today, so the block of the next mail shows it; TABLE_INDEX
 * "post/UID" -> {"post","unit","next":{"post","unit","from"}|null,
 * "acting":{"post","unit","from","until"}|null} has the person's own post, the one to come, and the
 * one held for others. Any thread; changes run in the committer.
 */
#include <string.h>

#include "base/error.h"
#include "core/calendar.h"
#include "directory/change.h"
#include "provision/closed_accounts.h"
#include "provision/due.h"
#include "provision/outbox.h"
#include "provision/people.h"
#include "provision/row.h"

#define ACTING_SUFFIX " (e)"

static char *post_key(const char *uid)
{
	return g_strconcat("post/", uid, NULL);
}

/* What today makes of it: the next post begins, the one held for others ends. */
static void settle(json_t *row, const char *today)
{
	const json_t *next = json_object_get(row, "next");
	const json_t *acting = json_object_get(row, "acting");

	if (json_is_object(next) && strcmp(row_text(next, "from"), today) <= 0) {
		json_object_set(row, "post", json_object_get(next, "post"));
		json_object_set(row, "unit", json_object_get(next, "unit"));
		json_object_set_new(row, "next", json_null());
	}
	if (json_is_object(acting) && strcmp(row_text(acting, "until"), today) < 0)
		json_object_set_new(row, "acting", json_null());
}

static const json_t *acting_today(const json_t *row, const char *today)
{
	const json_t *acting = json_object_get(row, "acting");

	return json_is_object(acting) && strcmp(row_text(acting, "from"), today) <= 0 ? acting
										      : NULL;
}

/* {"uid","post","unit"} as the directory has to have it. */
static json_t *shown_today(const json_t *row, const char *uid, const char *today)
{
	const json_t *acting = acting_today(row, today);
	g_autofree char *post = g_strconcat(row_text(acting != NULL ? acting : row, "post"),
		acting != NULL ? ACTING_SUFFIX : "", NULL);

	return json_pack("{s:s, s:s, s:s?}", "uid", uid, "post", post, "unit",
		row_text(acting != NULL ? acting : row, "unit"));
}

/* The next day on which something changes, a new string; NULL: none. */
static char *next_change(const json_t *row, const char *today)
{
	const json_t *next = json_object_get(row, "next");
	const json_t *acting = json_object_get(row, "acting");
	g_autofree char *day = json_is_object(next) ? g_strdup(row_text(next, "from")) : NULL;
	g_autofree char *other = NULL;

	if (!json_is_object(acting))
		return g_steal_pointer(&day);
	if (strcmp(row_text(acting, "from"), today) > 0)
		other = g_strdup(row_text(acting, "from"));
	else
		other = calendar_add_days(row_text(acting, "until"), 1);
	if (day != NULL && strcmp(day, other) < 0)
		return g_steal_pointer(&day);
	return g_steal_pointer(&other);
}

/* Settles, keeps and shows the row: inside a change. */
static gboolean save(StoreTxn *txn, Service *service, const char *uid, json_t *row, guint64 *number,
	GError **error)
{
	g_autofree char *key = post_key(uid);
	g_autofree char *today = service_today(service);
	g_autofree char *day = NULL;
	json_auto_t *shown = NULL, *nothing = json_object();

	settle(row, today);
	shown = shown_today(row, uid, today);
	day = next_change(row, today);
	return row_save(txn, TABLE_INDEX, key, row, error) &&
	       outbox_add(txn, "account.post", shown, number, error) &&
	       (day != NULL ? due_set(txn, "post", uid, day, nothing, error)
			    : due_clear(txn, "post", uid, error));
}

/* The row as it stands, or of a person who never moved, as the directory knows him. */
static json_t *load(StoreTxn *txn, const char *uid, const Account *known, GError **error)
{
	g_autofree char *key = post_key(uid);
	json_t *row;

	if (!row_load(txn, TABLE_INDEX, key, &row, error) || row != NULL)
		return row;
	return json_pack(
		"{s:s, s:s?}", "post", known->post != NULL ? known->post : "", "unit", known->unit);
}

gboolean people_rotate_within(StoreTxn *txn, PersonAct *act, GError **error)
{
	g_autofree char *today = service_today(act->service);
	g_autoptr(Record) record = record_new("account.rotated", act->uid, act->service->now_s());
	json_auto_t *row = load(txn, act->uid, act->known, error);

	if (row == NULL)
		return FALSE;
	record_add(record, "post", act->post);
	record_add(record, "unit", act->unit);
	record_add(record, "document", act->document);
	record_add(record, "date", act->date);
	record_add(record, "actor", act->actor);
	json_object_set_new(row, "next",
		json_pack("{s:s, s:s, s:s}", "post", act->post, "unit", act->unit, "from",
			act->date != NULL ? act->date : today));
	return people_note_delay(txn, act, record, "rotate", error) &&
	       store_append(txn, record, NULL, error) &&
	       save(txn, act->service, act->uid, row, &act->number, error);
}

static gboolean rotate_change(StoreTxn *txn, gpointer data, GError **error)
{
	return people_rotate_within(txn, data, error);
}

static gboolean move(PersonAct *act, StoreChange change, gpointer data, GError **error)
{
	g_autoptr(Account) known = account_get(act->service, act->uid, error);
	gboolean done;

	act->known = known;
	done = known != NULL && store_run(act->service->store, change, data, error);
	act->known = NULL;
	return done;
}

gboolean people_rotate(PersonAct *act, GError **error)
{
	return move(act, rotate_change, act, error);
}

typedef struct {
	PersonAct act;
	const char *from, *until;
} Acting;

static gboolean acting_change(StoreTxn *txn, gpointer data, GError **error)
{
	Acting *acting = data;
	PersonAct *act = &acting->act;
	g_autoptr(Record) record = record_new("account.acting", act->uid, act->service->now_s());
	json_auto_t *row = load(txn, act->uid, act->known, error);

	if (row == NULL)
		return FALSE;
	record_add(record, "post", act->post);
	record_add(record, "unit", act->unit);
	record_add(record, "from", acting->from);
	record_add(record, "until", acting->until);
	record_add(record, "document", act->document);
	record_add(record, "actor", act->actor);
	json_object_set_new(row, "acting",
		json_pack("{s:s, s:s, s:s, s:s}", "post", act->post, "unit", act->unit, "from",
			acting->from, "until", acting->until));
	return store_append(txn, record, NULL, error) &&
	       save(txn, act->service, act->uid, row, &act->number, error);
}

typedef struct {
	Service *service;
	const char *uid;
} Day;

static gboolean due_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Day *day = data;
	g_autofree char *key = post_key(day->uid);
	json_auto_t *row = NULL;

	/* Whose day came has moved before. */
	return row_load(txn, TABLE_INDEX, key, &row, error) && row != NULL &&
	       save(txn, day->service, day->uid, row, NULL, error);
}

gboolean posts_due(Service *service, const char *subject, const json_t *body, GError **error)
{
	Day day = {service, subject};

	(void)body;
	return account_is_closed(service->store, subject) ||
	       store_run(service->store, due_change, &day, error);
}

gboolean account_set_post(Service *service, const json_t *body, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);

	return directory_set_post(directory, row_text(body, "uid"), row_text(body, "post"),
		row_text(body, "unit"), error);
}

json_t *posts_recorded(Service *service, const char *uid)
{
	g_autofree char *key = post_key(uid);
	g_autofree char *today = service_today(service);
	json_auto_t *row = NULL;

	if (!row_read(service->store, TABLE_INDEX, key, &row, NULL) || row == NULL)
		return NULL;
	settle(row, today);
	return shown_today(row, uid, today);
}

/* The answer: what holds today and what is to come. */
static gboolean answer(const PersonAct *act, ApiResponse *response, GError **error)
{
	g_autofree char *key = post_key(act->uid);
	g_autofree char *today = service_today(act->service);
	json_auto_t *row = NULL;

	if (!row_read(act->service->store, TABLE_INDEX, key, &row, error))
		return FALSE;
	response->json = shown_today(row, act->uid, today);
	json_object_set_new(response->json, "next", json_null());
	json_object_set_new(response->json, "acting", json_null());
	json_object_update_existing(response->json, row);
	/* What holds, not the own post. */
	json_object_update_new(response->json, shown_today(row, act->uid, today));
	if (!outbox_wait(act->service->outbox, act->number, ACCOUNT_WAIT_MS)) {
		response->status = 202;
		json_object_set_new(response->json, "pending", json_true());
	}
	return TRUE;
}

/* The texts that rotation and encargatura share, tidied into new strings. */
static gboolean read_post(const json_t *body, char **post, char **unit, GError **error)
{
	const char *text = api_string(body, "post", ACCOUNT_NAME_MAX, error);

	if (text == NULL)
		return FALSE;
	*post = account_text_tidy(text);
	text = api_string(body, "unit", ACCOUNT_NAME_MAX, error);
	if (text == NULL)
		return FALSE;
	*unit = account_text_tidy(text);
	return (*post != NULL || api_invalid(error, "post", "must not be empty")) &&
	       (*unit != NULL || api_invalid(error, "unit", "must not be empty"));
}

/* Who it is and on which document: dni and uid are new strings. */
static gboolean read_act(
	const ApiRequest *request, PersonAct *act, char **dni, char **uid, GError **error)
{
	act->service = request->service;
	act->actor = request->actor;
	act->document = api_string(request->body, "document", ACCOUNT_DOCUMENT_MAX, error);
	if (act->document == NULL)
		return FALSE;
	act->dni = *dni = account_dni_read(request->arguments[0], error);
	if (act->dni == NULL)
		return FALSE;
	act->uid = *uid = people_find_uid(request->service, act->dni, error);
	return act->uid != NULL;
}

gboolean person_rotate(const ApiRequest *request, ApiResponse *response, GError **error)
{
	PersonAct act = {0};
	g_autofree char *dni = NULL;
	g_autofree char *uid = NULL;
	g_autofree char *post = NULL;
	g_autofree char *unit = NULL;

	if (!api_known(request->body, error, "post", "unit", "document", "date", NULL) ||
		!read_post(request->body, &post, &unit, error) ||
		!people_read_date(request->body, "date", &act.date, error) ||
		!read_act(request, &act, &dni, &uid, error))
		return FALSE;
	act.post = post;
	act.unit = unit;
	return people_rotate(&act, error) && answer(&act, response, error);
}

gboolean person_act(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Acting acting = {0};
	g_autofree char *dni = NULL;
	g_autofree char *uid = NULL;
	g_autofree char *post = NULL;
	g_autofree char *unit = NULL;
	g_autofree char *today = service_today(request->service);

	if (!api_known(request->body, error, "post", "unit", "document", "from", "until", NULL) ||
		!read_post(request->body, &post, &unit, error) ||
		!people_read_date(request->body, "from", &acting.from, error) ||
		!people_read_date(request->body, "until", &acting.until, error))
		return FALSE;
	if (acting.from == NULL || acting.until == NULL)
		return api_invalid(error, acting.from == NULL ? "from" : "until", "is missing");
	if (strcmp(acting.until, acting.from) < 0 || strcmp(acting.until, today) < 0)
		return api_invalid(error, "until", "must be a day to come, not before from");
	if (!read_act(request, &acting.act, &dni, &uid, error))
		return FALSE;
	acting.act.post = post;
	acting.act.unit = unit;
	return move(&acting.act, acting_change, &acting, error) &&
	       answer(&acting.act, response, error);
}
