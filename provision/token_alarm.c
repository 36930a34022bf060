/*
 * token_alarm.h. TABLE_INDEX "token-alarm/LABEL" -> "TROUBLE TIME" of the notice, until the token
 * is seen to work again; it is written in the change that has the notice, so each is mailed once,
 * also over restarts. The thread of the reconciler.
 */
#include "provision/token_alarm.h"

#include <string.h>

#include "provision/notices.h"
#include "provision/row.h"
#include "provision/tokens.h"

typedef struct {
	const Service *service;
	const char *label, *trouble, *key;
	char *mark; /* to be stored; NULL: to be deleted */
} Alarm;

gboolean token_tell_otic(StoreTxn *txn, const Service *service, const char *kind,
	const json_t *facts, GError **error)
{
	const char *otic = settings_string(service->settings, "notices", "otic");

	return *otic == '\0' || notice_add(txn, otic, kind, facts, service->now_s(), error);
}

static gboolean mark_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Alarm *alarm = data;
	json_auto_t *facts = NULL;
	json_auto_t *row = NULL;

	if (alarm->mark == NULL)
		return store_delete(txn, TABLE_INDEX, alarm->key, error);
	/* The gateway's own seal has no row. */
	if (!row_load(txn, TABLE_TOKENS, alarm->label, &row, error))
		return FALSE;
	facts = json_pack("{s:s, s:s?, s:s?, s:s?, s:s}", "label", alarm->label, "serial",
		row_text(row, "serial"), "holder", row_text(row, "holder"), "unit",
		row_text(row, "unit"), "trouble", alarm->trouble);
	return store_put(txn, TABLE_INDEX, alarm->key, alarm->mark, error) &&
	       token_tell_otic(txn, alarm->service, notice_token_trouble.kind, facts, error);
}

/* Was the mark made for this trouble? */
static gboolean is_of(const char *mark, const char *trouble)
{
	gsize length = strlen(trouble);

	return mark != NULL && strncmp(mark, trouble, length) == 0 && mark[length] == ' ';
}

static gboolean is_old(const char *mark, gint64 now_s)
{
	const char *blank = strchr(mark, ' ');

	return blank == NULL || g_ascii_strtoll(blank + 1, NULL, 10) + TOKEN_ALARM_QUIET_S <= now_s;
}

static gboolean look_at(Service *service, GVariant *status, GError **error)
{
	const char *label = "", *trouble = "";
	g_autofree char *key = NULL, *known = NULL, *mark = NULL;
	gint64 now_s = service->now_s();
	gboolean unlocked = FALSE;

	g_variant_lookup(status, "token", "&s", &label);
	g_variant_lookup(status, "trouble", "&s", &trouble);
	g_variant_lookup(status, "unlocked", "b", &unlocked);
	key = g_strconcat("token-alarm/", label, NULL);
	if (!row_read_text(service->store, TABLE_INDEX, key, &known, error))
		return FALSE;
	if (unlocked ? known == NULL || !is_old(known, now_s)
		     : *trouble == '\0' || is_of(known, trouble))
		return TRUE;
	if (!unlocked)
		mark = g_strdup_printf("%s %" G_GINT64_FORMAT, trouble, now_s);
	return store_run(
		service->store, mark_change, &(Alarm){service, label, trouble, key, mark}, error);
}

gboolean token_alarm_look(Service *service, GError **error)
{
	g_autoptr(GVariant) tokens = token_signer_status(service, error);
	gboolean ok = tokens != NULL;

	for (gsize i = 0; ok && i < g_variant_n_children(tokens); i++) {
		g_autoptr(GVariant) status = g_variant_get_child_value(tokens, i);

		ok = look_at(service, status, error);
	}
	return ok;
}
