/*
 * The end of an account (A8, A9, DI-002 art. 2.4, 2.6, 7.3): now, or ordered for a day. Record,
 * tokens and outbox entries are one change; from that change on provisiond itself refuses the
 * person's sends, whatever the directory still says. Login, open sessions and offices follow from
 * the outbox, within the call when the servers answer. Any thread; changes run in the committer.
 *
 * TABLE_INDEX: "account-closed/UID" -> time; "former-account/DNI" -> uid, for a reinstatement.
 */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "directory/change.h"
#include "provision/account_life.h"
#include "provision/account_term.h"
#include "provision/closed_accounts.h"
#include "provision/due.h"
#include "provision/mailbox_archive.h"
#include "provision/mailbox_server.h"
#include "provision/notices.h"
#include "provision/outbox.h"
#include "provision/people.h"
#include "provision/row.h"
#include "provision/tokens.h"

#define SESSIONS_TIMEOUT_MS 5000

static gboolean queue(
	StoreTxn *txn, const char *kind, const char *uid, guint64 *number, GError **error)
{
	json_auto_t *body = json_pack("{s:s}", "uid", uid);

	return outbox_add(txn, kind, body, number, error);
}

static gboolean forget_dni(StoreTxn *txn, const PersonAct *act, GError **error)
{
	g_autofree char *key = NULL;
	g_autofree char *former = NULL;

	if (!account_term_clear(txn, act->uid, error))
		return FALSE;
	if (act->dni == NULL)
		return TRUE;
	key = account_dni_key(act->dni);
	former = g_strconcat("former-account/", act->dni, NULL);
	return store_delete(txn, TABLE_INDEX, key, error) &&
	       store_put(txn, TABLE_INDEX, former, act->uid, error) &&
	       due_clear(txn, "cease", act->dni, error) && due_clear(txn, "post", act->uid, error);
}

/* Whoever comes back does not notify because another did before (P12). */
static gboolean leave_notifiers(StoreTxn *txn, const PersonAct *act, GError **error)
{
	g_autoptr(Account) account = live_directory_by_uid(act->service->live, act->uid);
	const char *kind = account_kind_name(account != NULL ? account->kind : ACCOUNT_PERSON);
	json_auto_t *body = json_pack("{s:s, s:s}", "uid", act->uid, "kind", kind);
	g_autoptr(Record) record = record_new("mailbox.withdrawn", act->uid, act->service->now_s());

	record_add(record, "document", act->document);
	record_add(record, "actor", act->actor);
	if (account != NULL && account->notifier_area != NULL &&
		!store_append(txn, record, NULL, error))
		return FALSE;
	return outbox_add(txn, "account.notifier", body, NULL, error);
}

static gboolean end_everything(StoreTxn *txn, PersonAct *act, int effects, GError **error)
{
	g_autofree char *mail = account_mail(act->service, act->uid);

	TokenAct tokens = {.service = act->service,
		.actor = act->actor,
		.document = act->document,
		.date = act->date};

	if ((effects & ACCOUNT_EFFECT_TOKENS) != 0 && !tokens_cease(txn, mail, &tokens, error))
		return FALSE;
	if (!leave_notifiers(txn, act, error))
		return FALSE;
	if ((effects & ACCOUNT_EFFECT_OFFICES) != 0 &&
		!queue(txn, "account.leave", act->uid, NULL, error))
		return FALSE;
	if ((effects & ACCOUNT_EFFECT_BACKUP) != 0 &&
		(!queue(txn, "account.archive", act->uid, NULL, error) ||
			!closed_mail_order(txn, act, error)))
		return FALSE;
	return account_set_closed(txn, act->uid, TRUE, error) &&
	       queue(txn, "account.cease", act->uid, &act->number, error);
}

static gboolean cease_change(StoreTxn *txn, gpointer data, GError **error)
{
	PersonAct *act = data;
	const AccountStep *step = account_step(ACCOUNT_ACTIVE, ACCOUNT_CEASE);
	g_autoptr(Record) record = record_new(step->record, act->uid, act->service->now_s());

	record_add_salted(record, "dni", act->dni);
	record_add(record, "reason", act->reason);
	record_add(record, "document", act->document);
	record_add(record, "date", act->date);
	record_add(record, "actor", act->actor);
	return people_note_delay(txn, act, record, "cease", error) &&
	       store_append(txn, record, NULL, error) && forget_dni(txn, act, error) &&
	       end_everything(txn, act, step->effects, error);
}

static gboolean order_change(StoreTxn *txn, gpointer data, GError **error)
{
	const PersonAct *act = data;
	g_autoptr(Record) record =
		record_new("account.cease-ordered", act->uid, act->service->now_s());
	json_auto_t *body = json_pack("{s:s, s:s, s:s, s:s?}", "uid", act->uid, "document",
		act->document, "actor", act->actor, "dni", act->dni);

	record_add_salted(record, "dni", act->dni);
	record_add(record, "document", act->document);
	record_add(record, "date", act->date);
	record_add(record, "actor", act->actor);
	return store_append(txn, record, NULL, error) &&
	       (act->dni != NULL ? due_set(txn, "cease", act->dni, act->date, body, error)
				 : due_set(txn, "account-end", act->uid, act->date, body, error));
}

static gboolean is_to_come(const PersonAct *act)
{
	g_autofree char *today = service_today(act->service);

	return act->date != NULL && strcmp(act->date, today) > 0;
}

static gboolean cease_or_order(StoreTxn *txn, gpointer data, GError **error)
{
	return people_cease_within(txn, data, error);
}

gboolean people_cease_within(StoreTxn *txn, PersonAct *act, GError **error)
{
	/* Two calls at a time: one has ended it. */
	return account_check_open(txn, act->uid, error) &&
	       (is_to_come(act) ? order_change : cease_change)(txn, act, error);
}

gboolean people_cease(PersonAct *act, GError **error)
{
	return store_run(act->service->store, cease_or_order, act, error);
}

/* An ordered cessation on its day. */
static gboolean cease_due(Service *service, const char *subject, const json_t *body, GError **error)
{
	PersonAct act = {.service = service,
		.dni = subject,
		.uid = row_text(body, "uid"),
		.document = row_text(body, "document"),
		.actor = row_text(body, "actor")};

	/* Ceased by another call, or carried out before a crash. */
	if (account_is_closed(service->store, act.uid))
		return TRUE;
	return store_run(service->store, cease_change, &act, error);
}

static gboolean end_sessions(Service *service, const char *uid, GError **error)
{
	const char *const words[] = {MAILBOX_SERVER_SESSIONS, uid, NULL};
	g_autofree char *said = NULL;

	if (!mailbox_server_set(service->settings)) {
		log_warning("open sessions are not ended: [mailboxes] socket is not set", "uid",
			uid, NULL);
		return TRUE;
	}
	said = mailbox_server_run(service->settings, words, SESSIONS_TIMEOUT_MS, error);
	return said != NULL;
}

gboolean account_end_sessions(Service *service, const json_t *body, GError **error)
{
	return end_sessions(service, row_text(body, "uid"), error);
}

/* The lock first, or a client would come back; but sessions end also while slapd is down. */
gboolean account_cease(Service *service, const json_t *body, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	const char *uid = row_text(body, "uid");

	if (!account_is_closed(service->store, uid))
		return TRUE; /* reinstated since */
	if (directory_set_state(directory, uid, ACCOUNT_CEASED, error))
		return end_sessions(service, uid, error);
	end_sessions(service, uid, NULL);
	return FALSE;
}

typedef struct {
	Service *service;
	const char *person, *name;
	const GPtrArray *offices; /* Account *, without the person */
} Left;

static gboolean tell(
	StoreTxn *txn, const Left *left, const char *uid, const json_t *facts, GError **error)
{
	g_autofree char *mail = account_mail(left->service, uid);

	return notice_add(txn, mail, notice_office_left.kind, facts, left->service->now_s(), error);
}

/* Who still answers for the office is told; of one that nobody answers for, the IT office too. */
static gboolean tell_office(StoreTxn *txn, const Left *left, const Account *office, GError **error)
{
	const char *otic = settings_string(left->service->settings, "notices", "otic");
	json_auto_t *facts = json_pack("{s:s, s:s, s:s, s:b}", "person", left->name, "office",
		office->display_name != NULL ? office->display_name : office->uid, "mail",
		office->mail, "vacant", office->owner == NULL);

	if (office->owner != NULL && !tell(txn, left, office->owner, facts, error))
		return FALSE;
	for (char **uid = office->delegates; uid != NULL && *uid != NULL; uid++)
		if (!tell(txn, left, *uid, facts, error))
			return FALSE;
	return office->owner != NULL || otic == NULL || *otic == '\0' ||
	       notice_add(txn, otic, notice_office_left.kind, facts, left->service->now_s(), error);
}

static gboolean left_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Left *left = data;

	for (guint i = 0; i < left->offices->len; i++) {
		const Account *office = left->offices->pdata[i];
		g_autoptr(Record) record =
			record_new("office.left", office->uid, left->service->now_s());

		record_add(record, "person", left->person);
		if (!store_append(txn, record, NULL, error) ||
			!tell_office(txn, left, office, error))
			return FALSE;
	}
	return TRUE;
}

gboolean account_leave_offices(Service *service, const json_t *body, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	const char *uid = row_text(body, "uid");
	g_autoptr(Account) person = live_directory_by_uid(service->live, uid);
	g_autoptr(GPtrArray) offices = NULL;
	Left left = {.service = service, .person = uid, .name = uid};

	if (person != NULL && person->display_name != NULL)
		left.name = person->display_name;
	left.offices = offices = directory_leave_offices(directory, uid, error);
	return offices != NULL &&
	       (offices->len == 0 || store_run(service->store, left_change, &left, error));
}

const DueKind due_kinds_people[] = {
	{"cease", cease_due},
	{"post", posts_due},
	{"account-end", account_end_due},
	{"closed-mail", closed_mail_due},
	{"account-reminder", account_remind_due},
	{"password-expiry", password_expiry_due},
	{NULL, NULL},
};
