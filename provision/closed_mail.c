/*
 * mailbox_archive.h: mail that still comes for a closed mailbox. Postfix asks the directory: a
 * ceased account has no mailbox, and acuseForward says who reads its mail for some time. Changes
 * run in the committer; may be done twice.
 */
#include <string.h>

#include "core/calendar.h"
#include "core/fold.h"
#include "directory/change.h"
#include "provision/closed_accounts.h"
#include "provision/due.h"
#include "provision/mailbox_archive.h"
#include "provision/outbox.h"
#include "provision/row.h"

#define DUE "closed-mail"

static gboolean queue(StoreTxn *txn, const char *uid, gboolean on, GError **error)
{
	json_auto_t *body = json_pack("{s:s, s:b}", "uid", uid, "on", on);

	return outbox_add(txn, "account.forward", body, NULL, error);
}

gboolean closed_mail_order(StoreTxn *txn, const PersonAct *act, GError **error)
{
	const Settings *settings = act->service->settings;
	g_autofree char *today = service_today(act->service);
	g_autofree char *end = calendar_add_days(
		today, (int)settings_int(settings, "mailboxes", "after_close_days"));
	json_auto_t *nothing = json_object();

	if (strcmp(settings_string(settings, "mailboxes", "after_close"), "office") != 0)
		return TRUE;
	return queue(txn, act->uid, TRUE, error) &&
	       due_set(txn, DUE, act->uid, end, nothing, error);
}

/* The address of the office that has the name of the person's unit, a new string, or NULL. */
static char *office_of(Directory *directory, const Account *person, GError **error)
{
	g_autoptr(GPtrArray) accounts = directory_list(directory, error);
	g_autofree char *unit = text_fold(person->unit != NULL ? person->unit : "");

	for (guint i = 0; accounts != NULL && *unit != '\0' && i < accounts->len; i++) {
		const Account *office = accounts->pdata[i];
		g_autofree char *name =
			text_fold(office->display_name != NULL ? office->display_name : "");

		if (office->kind == ACCOUNT_OFFICE && office->state == ACCOUNT_ACTIVE &&
			strcmp(name, unit) == 0)
			return g_strdup(office->mail);
	}
	return NULL;
}

gboolean closed_mail_forward(Service *service, const json_t *body, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	const char *uid = row_text(body, "uid");
	gboolean on =
		json_is_true(json_object_get(body, "on")) && account_is_closed(service->store, uid);
	g_autoptr(Account) account = directory_get(directory, uid, error);
	g_autofree char *office = NULL;
	GError *failure = NULL;

	if (account == NULL)
		return FALSE;
	if (account->kind == ACCOUNT_OFFICE)
		return TRUE;
	if (on)
		office = office_of(directory, account, &failure);
	if (failure != NULL) {
		g_propagate_error(error, failure);
		return FALSE;
	}
	return directory_set_forward(directory, uid, office, error);
}

static gboolean end_change(StoreTxn *txn, gpointer data, GError **error)
{
	return queue(txn, data, FALSE, error);
}

gboolean closed_mail_due(Service *service, const char *subject, const json_t *body, GError **error)
{
	(void)body;
	return store_run(service->store, end_change, (gpointer)subject, error);
}
