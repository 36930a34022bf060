/*
 * Until when mail to an official mailbox is to be answered ([incoming] answer_days, in business
 * days and working hours, TUO Ley 27444 art. 149), and the list that its responsible gets of what
 * was not: one for each mailbox and day, whatever comes. Marks and notice are one change, so a
 * crash doubles nothing. Fails as the store does. Changes run in the committer's thread.
 */
#include "provision/incoming.h"

#include <string.h>

#include "api/record_json.h"
#include "base/text.h"
#include "core/calendar.h"
#include "core/fold.h"
#include "provision/notices.h"

#define DUE_KIND "incoming"
#define PASS_MAX 500
#define LISTED_MAX 50
#define SUBJECT_SHOWN 100

gboolean incoming_set_term(
	StoreTxn *txn, const Service *service, json_t *row, gint64 now_s, GError **error)
{
	guint days = (guint)settings_int(service->settings, "incoming", "answer_days");
	g_autofree char *key = NULL, *day = NULL;
	json_auto_t *body = NULL;
	CalendarTerm term;

	if (days == 0)
		return TRUE;
	if (!service_term(service, MATTER_ADMINISTRATIVE, now_s, days, &term, error))
		return FALSE;
	json_object_update_new(row, json_pack("{s:s, s:s, s:b}", "counted_from", term.from, "until",
					    term.until, "outside_hours", term.outside_hours));
	key = g_strdup_printf("incoming-due/%s/%s", term.until, row_text(row, "id"));
	day = calendar_add_days(term.until, 1);
	body = json_pack("{s:s}", "until", term.until);
	return store_put(txn, TABLE_INDEX, key, "1", error) &&
	       due_set(txn, DUE_KIND, term.until, day, body, error);
}

/* ---- when it is over ---- */

typedef struct {
	Service *service;
	const char *until;
	GPtrArray *ids;	   /* char * */
	GHashTable *lists; /* mailbox -> json_t: its notice's facts */
	gboolean tells;	   /* a flood makes one list a mailbox, not hundreds */
} Over;

static gboolean collect(const char *key, const char *value, gpointer data)
{
	const Over *over = data;

	(void)value;
	g_ptr_array_add(over->ids, g_strdup(strrchr(key, '/') + 1));
	return over->ids->len < PASS_MAX;
}

static void add_to_list(const Over *over, const char *mailbox, const json_t *row)
{
	json_t *facts = g_hash_table_lookup(over->lists, mailbox), *items;
	const char *from = row_text(row, "from");
	g_autofree char *shown = text_begin(row_text(row, "subject"), SUBJECT_SHOWN);
	gint64 time_s = 0;
	g_autofree char *time = NULL;

	if (facts == NULL) {
		facts = json_pack("{s:s, s:s, s:i, s:[]}", "mailbox", mailbox, "until", over->until,
			"count", 0, "items");
		g_hash_table_insert(over->lists, g_strdup(mailbox), facts);
	}
	items = json_object_get(facts, "items");
	json_object_set_new(facts, "count",
		json_integer(json_integer_value(json_object_get(facts, "count")) + 1));
	if (json_array_size(items) >= LISTED_MAX)
		return;
	time_from_rfc3339(row_text(row, "time"), &time_s);
	time = service_local(over->service, time_s, "%d/%m/%Y %H:%M");
	json_array_append_new(items,
		json_pack("{s:s, s:s, s:s, s:s}", "id", row_text(row, "id"), "time", time, "from",
			from != NULL ? from : row_text(row, "envelope_sender"), "subject", shown));
}

static gboolean mark_overdue(
	StoreTxn *txn, const Over *over, const char *id, gint64 now_s, GError **error)
{
	g_autoptr(Record) record = record_new("incoming.overdue", id, now_s);
	g_autofree char *time = time_to_rfc3339(now_s);
	g_autofree char *key = g_strdup_printf("incoming-due/%s/%s", over->until, id);
	json_auto_t *row = NULL;
	json_t *mailbox;
	size_t i;

	if (!store_delete(txn, TABLE_INDEX, key, error) || !incoming_load(txn, id, &row, error))
		return FALSE;
	if (strcmp(row_text(row, "state"), INCOMING_OPEN) != 0 || row_text(row, "overdue") != NULL)
		return TRUE;
	json_object_set_new(row, "overdue", json_string(time));
	record_add(record, "until", over->until);
	json_array_foreach(json_object_get(row, "mailboxes"), i, mailbox)
		add_to_list(over, json_string_value(mailbox), row);
	return incoming_append(txn, row, record, error) && incoming_save(txn, row, error);
}

/* The responsible's address, or the IT office's; a new string, "": nobody's. */
static char *responsible_of(const Service *service, const char *mailbox)
{
	g_autoptr(Account) office = live_directory_by_mail(service->live, mailbox);
	g_autoptr(Account) owner = office != NULL && office->owner != NULL
					   ? live_directory_by_uid(service->live, office->owner)
					   : NULL;

	if (owner != NULL && owner->state == ACCOUNT_ACTIVE)
		return g_strdup(owner->mail);
	if (office != NULL && office->kind != ACCOUNT_OFFICE)
		return g_strdup(office->mail);
	return g_strdup(settings_string(service->settings, "notices", "otic"));
}

static gboolean change_over(StoreTxn *txn, gpointer data, GError **error)
{
	Over *over = data;
	gint64 now_s = over->service->now_s();
	GHashTableIter lists;
	gpointer mailbox, facts;

	g_hash_table_remove_all(over->lists);
	for (guint i = 0; i < over->ids->len; i++)
		if (!mark_overdue(txn, over, over->ids->pdata[i], now_s, error))
			return FALSE;
	g_hash_table_iter_init(&lists, over->lists);
	while (over->tells && g_hash_table_iter_next(&lists, &mailbox, &facts)) {
		g_autofree char *to = responsible_of(over->service, mailbox);

		if (*to != '\0' &&
			!notice_add(txn, to, notice_incoming_overdue.kind, facts, now_s, error))
			return FALSE;
	}
	return TRUE;
}

static void decref(gpointer json)
{
	json_decref(json);
}

static gboolean carry_out(Service *service, const char *until, const json_t *body, GError **error)
{
	g_autofree char *prefix = g_strdup_printf("incoming-due/%s/", until);
	g_autoptr(GHashTable) lists =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, decref);
	gboolean first = TRUE;
	guint found;

	(void)body;
	do {
		g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
		Over over = {service, until, ids, lists, first};

		if (!store_scan(service->store, TABLE_INDEX, prefix, NULL, FALSE, collect, &over,
			    error) ||
			(ids->len > 0 && !store_run(service->store, change_over, &over, error)))
			return FALSE;
		found = ids->len;
		first = FALSE;
	} while (found == PASS_MAX);
	return TRUE;
}

const DueKind due_kinds_incoming[] = {{DUE_KIND, carry_out}, {NULL, NULL}};

/* ---- its notice ---- */

static char *overdue_subject(const json_t *facts)
{
	return g_strdup_printf(_("Correos sin responder en %s"), row_text(facts, "mailbox"));
}

static void overdue_text(const json_t *facts, GString *text)
{
	json_int_t count = json_integer_value(json_object_get(facts, "count"));
	json_int_t listed = (json_int_t)json_array_size(json_object_get(facts, "items"));
	json_t *item;
	size_t i;

	g_string_append_printf(text,
		_("El plazo para responder venció el %s y estos correos recibidos en %s siguen sin "
		  "respuesta (DI-002, art. 13.2):"),
		row_text(facts, "until"), row_text(facts, "mailbox"));
	g_string_append(text, "\n\n");
	json_array_foreach(json_object_get(facts, "items"), i, item)
		g_string_append_printf(text, "- %s  %s  %s  %s\n", row_text(item, "id"),
			row_text(item, "time"), row_text(item, "from"), row_text(item, "subject"));
	if (count > listed)
		g_string_append_printf(text, _("... y %d más.\n"), (int)(count - listed));
	g_string_append_printf(text, "\n%s\n",
		_("Respóndalos desde el buzón, sobre el mismo mensaje: así quedan atendidos. Los "
		  "que se "
		  "atendieron de otra manera los cierra la OTIC con el número que va delante."));
}

const NoticeKind notice_incoming_overdue = {"incoming-overdue", overdue_subject, overdue_text};
