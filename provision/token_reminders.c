/* token_reminders.h. A reminder and the order of the next one are one change, so each is mailed
 * once. Due kinds run in the thread of due.h, the rest in changes. */
#include "provision/token_reminders.h"

#include <string.h>

#include "core/calendar.h"
#include "provision/notices.h"
#include "provision/row.h"
#include "provision/token_alarm.h"
#include "provision/token_check.h"
#include "provision/token_count.h"

#define RETURN_KIND "token-return"

/* To the IT office, and to the mailboxes that the token signed for and that are not the holder's
 * own. */
static gboolean remind(StoreTxn *txn, const Service *service, const json_t *row, GError **error)
{
	json_auto_t *facts = json_pack("{s:s, s:s?, s:s?, s:s?}", "label", row_text(row, "label"),
		"serial", row_text(row, "serial"), "holder", row_text(row, "holder"), "since",
		row_text(row, "owed"));
	json_t *mailbox;
	size_t i;

	if (!token_tell_otic(txn, service, notice_token_return.kind, facts, error))
		return FALSE;
	json_array_foreach(json_object_get(row, "mailboxes"), i, mailbox) {
		const char *to = json_string_value(mailbox);

		if (!json_is_true(json_object_get(row, "personal")) &&
			g_strcmp0(to, row_text(row, "holder")) != 0 &&
			!notice_add(
				txn, to, notice_token_return.kind, facts, service->now_s(), error))
			return FALSE;
	}
	return TRUE;
}

static gboolean order_next(StoreTxn *txn, const Service *service, const char *label, GError **error)
{
	int days = (int)settings_int(service->settings, "signing", "return_reminder_days");
	g_autofree char *today = service_today(service);
	g_autofree char *day = calendar_add_days(today, days);
	json_auto_t *nothing = json_object();

	return days == 0 || due_set(txn, RETURN_KIND, label, day, nothing, error);
}

gboolean token_reminders_begin(StoreTxn *txn, json_t *row, const TokenAct *act, GError **error)
{
	g_autofree char *today = service_today(act->service);

	json_object_set_new(row, "owed", json_string(act->date != NULL ? act->date : today));
	return remind(txn, act->service, row, error) &&
	       order_next(txn, act->service, row_text(row, "label"), error);
}

gboolean token_reminders_end(StoreTxn *txn, json_t *row, GError **error)
{
	json_object_del(row, "owed");
	return due_clear(txn, RETURN_KIND, row_text(row, "label"), error);
}

gboolean token_tell_loss(StoreTxn *txn, const json_t *row, const TokenAct *act, GError **error)
{
	const Service *service = act->service;
	const char *gerencia = settings_string(service->settings, "notices", "gerencia");
	json_auto_t *facts = json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:O?}", "label",
		row_text(row, "label"), "serial", row_text(row, "serial"), "holder",
		row_text(row, "holder"), "unit", row_text(row, "unit"), "denuncia", act->denuncia,
		"document", act->document, "mailboxes", json_object_get(row, "mailboxes"));

	if (*gerencia != '\0' &&
		!notice_add(txn, gerencia, notice_token_lost.kind, facts, service->now_s(), error))
		return FALSE;
	return token_tell_otic(txn, service, notice_token_lost.kind, facts, error);
}

typedef struct {
	const Service *service;
	const char *label;
} Reminder;

static gboolean remind_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Reminder *reminder = data;
	json_auto_t *row = NULL;

	if (!row_load(txn, TABLE_TOKENS, reminder->label, &row, error))
		return FALSE;
	if (row_text(row, "owed") == NULL)
		return TRUE;
	return remind(txn, reminder->service, row, error) &&
	       order_next(txn, reminder->service, reminder->label, error);
}

static gboolean return_due(
	Service *service, const char *subject, const json_t *body, GError **error)
{
	Reminder reminder = {service, subject};

	(void)body;
	return store_run(service->store, remind_change, &reminder, error);
}

const DueKind due_kinds_tokens[] = {
	{RETURN_KIND, return_due},
	{"token-check", token_check_due},
	{TOKEN_COUNT_KIND, token_count_due},
	{NULL, NULL},
};
