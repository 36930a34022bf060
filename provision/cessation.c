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
#include "provision/closed_accounts.h"
#include "provision/due.h"
#include "provision/mailbox_server.h"
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
	g_autofree char *key = account_dni_key(act->dni);
	g_autofree char *former = g_strconcat("former-account/", act->dni, NULL);

	return store_delete(txn, TABLE_INDEX, key, error) &&
	       store_put(txn, TABLE_INDEX, former, act->uid, error) &&
	       due_clear(txn, "cease", act->dni, error) && due_clear(txn, "post", act->uid, error);
}

static gboolean end_everything(StoreTxn *txn, PersonAct *act, int effects, GError **error)
{
	g_autofree char *mail = account_mail(act->service, act->uid);

	if ((effects & ACCOUNT_EFFECT_TOKENS) != 0 &&
		(!tokens_cease_mailbox(txn, mail, error) || !tokens_queue_bindings(txn, error)))
		return FALSE;
	if ((effects & ACCOUNT_EFFECT_OFFICES) != 0 &&
		!queue(txn, "account.leave", act->uid, NULL, error))
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
	json_auto_t *body = json_pack(
		"{s:s, s:s, s:s}", "uid", act->uid, "document", act->document, "actor", act->actor);

	record_add_salted(record, "dni", act->dni);
	record_add(record, "document", act->document);
	record_add(record, "date", act->date);
	record_add(record, "actor", act->actor);
	return store_append(txn, record, NULL, error) &&
	       due_set(txn, "cease", act->dni, act->date, body, error);
}

static gboolean is_to_come(const PersonAct *act)
{
	g_autofree char *today = service_today(act->service);

	return act->date != NULL && strcmp(act->date, today) > 0;
}

gboolean people_cease(PersonAct *act, GError **error)
{
	return store_run(
		act->service->store, is_to_come(act) ? order_change : cease_change, act, error);
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
	g_autofree char *said = NULL;

	if (!mailbox_server_set(service->settings)) {
		log_warning("open sessions are not ended: [mailboxes] socket is not set", "uid",
			uid, NULL);
		return TRUE;
	}
	said = mailbox_server_run(
		service->settings, MAILBOX_SERVER_SESSIONS, uid, SESSIONS_TIMEOUT_MS, error);
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
	const char *person;
	const GPtrArray *offices;
	gint64 now_s;
} Left;

static gboolean left_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Left *left = data;

	for (guint i = 0; i < left->offices->len; i++) {
		g_autoptr(Record) record =
			record_new("office.left", left->offices->pdata[i], left->now_s);

		record_add(record, "person", left->person);
		if (!store_append(txn, record, NULL, error))
			return FALSE;
	}
	return TRUE;
}

gboolean account_leave_offices(Service *service, const json_t *body, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(GPtrArray) offices = NULL;
	Left left = {.person = row_text(body, "uid"), .now_s = service->now_s()};

	left.offices = offices = directory_leave_offices(directory, left.person, error);
	return offices != NULL &&
	       (offices->len == 0 || store_run(service->store, left_change, &left, error));
}

const DueKind due_kinds_people[] = {
	{"cease", cease_due},
	{"post", posts_due},
	{NULL, NULL},
};
