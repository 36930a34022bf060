/* due.h. An entry is deleted after it was carried out, if it is still the same; so nothing is lost
 * by a crash, and what carrying out has ordered anew stays. due_set and due_clear in changes; a
 * thread of its own for the rest. */
#include "provision/due.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "provision/row.h"

#define LOOK_S 10
#define PASS_MAX 1000
#define PREFIX "due/"

struct _Due {
	Service *service;
	const DueKind *const *tables;
	GThread *thread;
	GMutex lock; /* the rest */
	GCond changed;
	gboolean stopping;
};

static char *key_of(const char *date, const char *kind, const char *subject)
{
	return g_strdup_printf(PREFIX "%s/%s/%s", date, kind, subject);
}

static char *date_key(const char *kind, const char *subject)
{
	return g_strdup_printf("due-of/%s/%s", kind, subject);
}

gboolean due_clear(StoreTxn *txn, const char *kind, const char *subject, GError **error)
{
	g_autofree char *of = date_key(kind, subject);
	g_autofree char *date = NULL, *key = NULL;

	if (!row_load_text(txn, TABLE_INDEX, of, &date, error))
		return FALSE;
	if (date == NULL)
		return TRUE;
	key = key_of(date, kind, subject);
	return store_delete(txn, TABLE_INDEX, key, error) &&
	       store_delete(txn, TABLE_INDEX, of, error);
}

gboolean due_set(StoreTxn *txn, const char *kind, const char *subject, const char *date,
	const json_t *body, GError **error)
{
	g_autofree char *of = date_key(kind, subject);
	g_autofree char *key = key_of(date, kind, subject);

	return due_clear(txn, kind, subject, error) &&
	       row_save(txn, TABLE_INDEX, key, body, error) &&
	       store_put(txn, TABLE_INDEX, of, date, error);
}

gboolean due_set_tomorrow(StoreTxn *txn, const Service *service, const char *kind,
	const char *subject, GError **error)
{
	g_autofree char *today = service_today(service);
	g_autofree char *tomorrow = calendar_add_days(today, 1);
	json_auto_t *nothing = json_object();

	return due_set(txn, kind, subject, tomorrow, nothing, error);
}

typedef struct {
	const char *kind, *subject;
	const char *today;
} Arming;

static gboolean arm_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Arming *arming = data;
	json_auto_t *nothing = json_object();
	g_autofree char *of = date_key(arming->kind, arming->subject);
	g_autofree char *date = NULL;

	if (!row_load_text(txn, TABLE_INDEX, of, &date, error))
		return FALSE;
	return date != NULL ||
	       due_set(txn, arming->kind, arming->subject, arming->today, nothing, error);
}

gboolean due_arm(Service *service, const char *kind, const char *subject, GError **error)
{
	g_autofree char *today = service_today(service);
	Arming arming = {kind, subject, today};

	return store_run(service->store, arm_change, &arming, error);
}

/* An entry as it was read. */
typedef struct {
	char *key, *text;
} Entry;

static void entry_free(gpointer data)
{
	Entry *entry = data;

	g_free(entry->key);
	g_free(entry->text);
	g_free(entry);
}

typedef struct {
	const char *today;
	GPtrArray *entries;
} Collecting;

static gboolean collect(const char *key, const char *value, gpointer data)
{
	const Collecting *collecting = data;
	Entry *entry;

	if (strncmp(key + strlen(PREFIX), collecting->today, strlen(collecting->today)) > 0)
		return FALSE;
	entry = g_new0(Entry, 1);
	entry->key = g_strdup(key);
	entry->text = g_strdup(value);
	g_ptr_array_add(collecting->entries, entry);
	return collecting->entries->len < PASS_MAX;
}

static const DueKind *find_kind(const DueKind *const *tables, const char *kind)
{
	for (; *tables != NULL; tables++)
		for (const DueKind *row = *tables; row->kind != NULL; row++)
			if (strcmp(row->kind, kind) == 0)
				return row;
	return NULL;
}

static gboolean remove_entry(StoreTxn *txn, gpointer data, GError **error)
{
	const Entry *entry = data;
	g_auto(GStrv) words = g_strsplit(entry->key, "/", 4);
	g_autofree char *now = NULL;

	if (!row_load_text(txn, TABLE_INDEX, entry->key, &now, error))
		return FALSE;
	return g_strcmp0(now, entry->text) != 0 || due_clear(txn, words[2], words[3], error);
}

/* Whether it was carried out and is gone. */
static gboolean carry_out(Service *service, const DueKind *const *tables, Entry *entry)
{
	g_auto(GStrv) words = g_strsplit(entry->key, "/", 4);
	g_autoptr(GError) failure = NULL;
	json_auto_t *body = row_parse(entry->text, &failure);
	const DueKind *kind = g_strv_length(words) == 4 ? find_kind(tables, words[2]) : NULL;

	if (body != NULL && kind != NULL && kind->carry_out(service, words[3], body, &failure) &&
		store_run(service->store, remove_entry, entry, &failure)) {
		log_info("what was due is done", "kind", words[2], "date", words[1], NULL);
		return TRUE;
	}
	log_warning("what is due waits", "entry", kind != NULL ? kind->kind : "unknown", "reason",
		failure != NULL ? failure->message : "no such kind", NULL);
	return FALSE;
}

guint due_run(Service *service, const DueKind *const *tables)
{
	g_autofree char *today = service_today(service);
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
	g_autoptr(GError) failure = NULL;
	Collecting collecting = {today, entries};
	guint done = 0;

	if (!store_scan(service->store, TABLE_INDEX, PREFIX, NULL, FALSE, collect, &collecting,
		    &failure)) {
		log_error("what is due cannot be read", "reason", failure->message, NULL);
		return 0;
	}
	for (guint i = 0; i < entries->len; i++)
		done += carry_out(service, tables, entries->pdata[i]) ? 1 : 0;
	return done;
}

static gpointer look(gpointer data)
{
	Due *due = data;

	g_mutex_lock(&due->lock);
	while (!due->stopping) {
		gint64 until_us = g_get_monotonic_time() + LOOK_S * G_TIME_SPAN_SECOND;

		g_mutex_unlock(&due->lock);
		due_run(due->service, due->tables);
		g_mutex_lock(&due->lock);
		while (!due->stopping && g_cond_wait_until(&due->changed, &due->lock, until_us))
			;
	}
	g_mutex_unlock(&due->lock);
	return NULL;
}

Due *due_start_with(Service *service, const DueKind *const *tables, GError **error)
{
	Due *due = g_new0(Due, 1);

	due->service = service;
	due->tables = tables;
	g_mutex_init(&due->lock);
	g_cond_init(&due->changed);
	due->thread = g_thread_try_new("due", look, due, error);
	if (due->thread != NULL)
		return due;
	due_stop(due);
	return NULL;
}

void due_stop(Due *due)
{
	if (due == NULL)
		return;
	g_mutex_lock(&due->lock);
	due->stopping = TRUE;
	g_cond_broadcast(&due->changed);
	g_mutex_unlock(&due->lock);
	if (due->thread != NULL)
		g_thread_join(due->thread);
	g_mutex_clear(&due->lock);
	g_cond_clear(&due->changed);
	g_free(due);
}
