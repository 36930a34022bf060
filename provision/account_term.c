/*
 * account_term.h, by due kinds "account-end" and "account-reminder" of the account's name. A
 * reminder orders the next one in the change that has its notices, so each is sent once; of those
 * that a stopped daemon missed only the last is. Changes run in the committer.
 */
#include "provision/account_term.h"

#include <string.h>

#include "core/calendar.h"
#include "directory/change.h"
#include "provision/closed_accounts.h"
#include "provision/due.h"
#include "provision/notices.h"
#include "provision/outbox.h"
#include "provision/people.h"
#include "provision/row.h"

#define END "account-end"
#define REMINDER "account-reminder"

/* The first day of reminding that is later than `after`, a new string; NULL: none. */
static char *next_reminder(const Service *service, const char *until, const char *after)
{
	const char *const *days = settings_list(service->settings, "accounts", "remind_days");
	char *first = NULL;

	for (; *days != NULL; days++) {
		guint64 before;
		g_autofree char *day = NULL;

		if (!g_ascii_string_to_unsigned(*days, 10, 1, 365, &before, NULL))
			continue;
		day = calendar_add_days(until, -(int)before);
		if (day == NULL || strcmp(day, after) <= 0 ||
			(first != NULL && strcmp(day, first) >= 0))
			continue;
		g_free(first);
		first = g_steal_pointer(&day);
	}
	return first;
}

static gboolean order_reminder(StoreTxn *txn, const Service *service, const char *uid,
	const json_t *body, const char *after, GError **error)
{
	g_autofree char *day = next_reminder(service, row_text(body, "until"), after);

	return day != NULL ? due_set(txn, REMINDER, uid, day, body, error)
			   : due_clear(txn, REMINDER, uid, error);
}

gboolean account_term_set(
	StoreTxn *txn, Service *service, const AccountTerm *term, guint64 *number, GError **error)
{
	g_autofree char *end = calendar_add_days(term->until, 1);
	g_autofree char *today = service_today(service);
	json_auto_t *body = json_pack("{s:s, s:s?, s:s, s:s}", "until", term->until, "dni",
		term->dni, "document", term->document, "actor", term->actor);
	json_auto_t *change = json_pack("{s:s, s:s}", "uid", term->uid, "until", term->until);

	return due_set(txn, END, term->uid, end, body, error) &&
	       order_reminder(txn, service, term->uid, body, today, error) &&
	       outbox_add(txn, "account.until", change, number, error);
}

gboolean account_term_clear(StoreTxn *txn, const char *uid, GError **error)
{
	return due_clear(txn, END, uid, error) && due_clear(txn, REMINDER, uid, error);
}

gint64 account_term_end_s(const Service *service, const char *until)
{
	g_autoptr(GTimeZone) zone = service_zone(service);
	g_autofree char *day = calendar_add_days(until, 1);
	g_auto(GStrv) parts = g_strsplit(day, "-", 3);
	g_autoptr(GDateTime) end =
		g_date_time_new(zone, atoi(parts[0]), atoi(parts[1]), atoi(parts[2]), 0, 0, 0);

	return g_date_time_to_unix(end);
}

gboolean account_end_due(Service *service, const char *uid, const json_t *body, GError **error)
{
	PersonAct act = {.service = service,
		.dni = row_text(body, "dni"),
		.uid = uid,
		.document = row_text(body, "document"),
		.actor = row_text(body, "actor"),
		.reason = "expired"};

	return account_is_closed(service->store, uid) || people_cease(&act, error);
}

typedef struct {
	Service *service;
	const char *uid, *responsible;
	const json_t *body;
	const Account *account;
} Reminder;

static gboolean tell(StoreTxn *txn, const Reminder *reminder, const char *uid, GError **error)
{
	g_autofree char *mail = account_mail(reminder->service, uid);
	g_autofree char *own = account_mail(reminder->service, reminder->uid);
	json_auto_t *facts = json_pack("{s:s, s:s, s:s}", "mail", own, "name",
		reminder->account != NULL && reminder->account->display_name != NULL
			? reminder->account->display_name
			: reminder->uid,
		"date", row_text(reminder->body, "until"));

	return notice_add(
		txn, mail, notice_account_ending.kind, facts, reminder->service->now_s(), error);
}

static gboolean remind_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Reminder *reminder = data;
	g_autofree char *today = service_today(reminder->service);

	if (strcmp(row_text(reminder->body, "until"), today) >= 0 &&
		(!tell(txn, reminder, reminder->uid, error) ||
			(reminder->responsible != NULL &&
				!tell(txn, reminder, reminder->responsible, error))))
		return FALSE;
	return order_reminder(txn, reminder->service, reminder->uid, reminder->body, today, error);
}

gboolean account_remind_due(Service *service, const char *uid, const json_t *body, GError **error)
{
	g_autoptr(Account) account = live_directory_by_uid(service->live, uid);
	g_autofree char *responsible =
		account != NULL && account->kind == ACCOUNT_ACTIVITY && account->dni != NULL
			? people_find_uid(service, account->dni, NULL)
			: NULL;
	Reminder reminder = {service, uid, responsible, body, account};

	return account_is_closed(service->store, uid) ||
	       store_run(service->store, remind_change, &reminder, error);
}

gboolean account_set_until(Service *service, const json_t *body, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);

	return directory_set_until(directory, row_text(body, "uid"),
		account_term_end_s(service, row_text(body, "until")), error);
}
