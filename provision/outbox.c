/*
 * outbox.h over TABLE_OUTBOX: zero-padded number -> {"kind","body"[,"trouble"][,"waits"]}. A thread
 * reads what waits, carries it out and deletes it; what fails waits with growing pauses that live
 * in memory, so a start tries everything at once. Urgent kinds have threads of their own, since
 * another entry may hang for as long as the service it speaks to.
 *
 * Never loses an entry: it is deleted only after it was carried out, so a crash in between repeats
 * it (kinds are idempotent). Threads: outbox_add in changes; outbox_wait and outbox_waiting from
 * any thread.
 */
#include "provision/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "provision/store.h"

#define PAUSE_MAX_S 60
#define TROUBLE_PAUSE_S 60
#define TROUBLE_PAUSE_MAX_S 3600
#define IDLE_S 3600
#define PASS_MAX 1000 /* of one table of kinds: what waits for weeks leaves room to the others */
#define LANES_MAX 32
#define MAKERS 4 /* of OUTBOX_MAKING: while one waits for its commit others write to slapd */
#define WORKERS (OUTBOX_N_THREADS - 1 + MAKERS)
#define KEY_FORMAT "%020" G_GUINT64_FORMAT

typedef struct {
	Outbox *outbox;
	OutboxThread which;
	guint share, shares; /* of the kind's entries, by subject */
	GThread *thread;
	gboolean woken;	    /* this and the rest: under the outbox's lock */
	gboolean impatient; /* pauses end now */
	guint waiting;
	char *trouble; /* of the first entry that has one */
} Worker;

struct _Outbox {
	Service *service;
	const OutboxKind *const *tables;
	Worker workers[WORKERS];
	GMutex lock; /* the rest */
	GCond changed;
	gboolean stopping;
	guint64 progress; /* counts entries done and passes, for those who wait */
};

typedef struct {
	char *key, *text;
} Entry;

/* Of an entry that failed. */
typedef struct {
	gint64 due_us; /* monotonic */
	guint pause_s;
	gboolean trouble;
} Retry;

/* One pass over what waits. */
typedef struct {
	Outbox *outbox;
	gboolean urgent;
	GHashTable *retries; /* key -> Retry */
	GHashTable *held;    /* lanes and subjects that an earlier entry holds back */
	gint64 next_us;
	char *trouble;
	guint waiting, done;
} Pass;

gboolean outbox_add(
	StoreTxn *txn, const char *kind, const json_t *body, guint64 *number, GError **error)
{
	g_autofree char *key = NULL;
	json_t *entry;
	char *text;
	guint64 next;
	gboolean ok;

	if (!store_next(txn, "outbox", &next, error))
		return FALSE;
	key = g_strdup_printf(KEY_FORMAT, next);
	entry = json_pack("{s:s, s:O}", "kind", kind, "body", (json_t *)body);
	text = json_dumps(entry, JSON_COMPACT);
	json_decref(entry);
	if (text == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INTERNAL,
			"outbox: a change cannot be written");
		return FALSE;
	}
	ok = store_put(txn, TABLE_OUTBOX, key, text, error);
	free(text);
	if (ok && number != NULL)
		*number = next;
	return ok;
}

static void entry_free(gpointer data)
{
	Entry *entry = data;

	g_free(entry->key);
	g_free(entry->text);
	g_free(entry);
}

static const OutboxKind *find_kind(const Outbox *outbox, const char *kind, guint *lane)
{
	for (guint i = 0; kind != NULL && outbox->tables[i] != NULL; i++) {
		for (const OutboxKind *row = outbox->tables[i]; row->kind != NULL; row++) {
			if (strcmp(row->kind, kind) == 0) {
				*lane = i;
				return row;
			}
		}
	}
	return NULL;
}

typedef struct {
	const Worker *worker;
	GPtrArray *entries;
	guint taken[LANES_MAX + 1]; /* the last: of no known kind */
	gboolean full;
} Collecting;

static const char *subject_name(const json_t *body)
{
	static const char *const members[] = {"uid", "label", "form"};
	const char *name = NULL;

	for (guint i = 0; name == NULL && i < G_N_ELEMENTS(members); i++)
		name = json_string_value(json_object_get(body, members[i]));
	return name != NULL ? name : "";
}

static char *subject_of(guint lane, const json_t *body)
{
	return g_strdup_printf("%u/%s", lane, subject_name(body));
}

/* Whether the worker carries out what this kind wants done. *lane: its table's. */
static gboolean is_mine(const Worker *worker, const char *value, guint *lane)
{
	json_auto_t *entry = json_loads(value, 0, NULL);
	const OutboxKind *kind =
		find_kind(worker->outbox, json_string_value(json_object_get(entry, "kind")), lane);

	return (kind != NULL ? kind->thread : OUTBOX_ORDERED) == worker->which &&
	       (worker->shares == 1 ||
		       g_str_hash(subject_name(json_object_get(entry, "body"))) % worker->shares ==
			       worker->share);
}

static gboolean collect(const char *key, const char *value, gpointer data)
{
	Collecting *collecting = data;
	guint lane = LANES_MAX;
	Entry *entry;

	if (!is_mine(collecting->worker, value, &lane))
		return TRUE;
	if (collecting->taken[MIN(lane, LANES_MAX)]++ >= PASS_MAX) {
		collecting->full = TRUE;
		return TRUE;
	}
	entry = g_new0(Entry, 1);
	entry->key = g_strdup(key);
	entry->text = g_strdup(value);
	g_ptr_array_add(collecting->entries, entry);
	return TRUE;
}

typedef struct {
	const char *key, *text; /* text NULL: delete */
} Rewrite;

static gboolean rewrite_entry(StoreTxn *txn, gpointer data, GError **error)
{
	const Rewrite *rewrite = data;

	if (rewrite->text == NULL)
		return store_delete(txn, TABLE_OUTBOX, rewrite->key, error);
	return store_put(txn, TABLE_OUTBOX, rewrite->key, rewrite->text, error);
}

/* member: "trouble", or "waits" for what is tried again soon. */
static void note_reason(
	Pass *pass, const char *key, json_t *entry, const char *member, const char *reason)
{
	const char *before = json_string_value(json_object_get(entry, member));
	g_autofree char *valid = g_utf8_make_valid(reason, -1);
	Rewrite rewrite = {.key = key};
	char *text;

	if (g_strcmp0(before, valid) == 0)
		return;
	json_object_set_new(entry, member, json_string(valid));
	rewrite.text = text = json_dumps(entry, JSON_COMPACT);
	store_run(pass->outbox->service->store, rewrite_entry, &rewrite, NULL);
	free(text);
}

static void put_off(Pass *pass, const char *key, json_t *entry, const GError *failure)
{
	Retry *retry = g_hash_table_lookup(pass->retries, key);
	const char *kind = json_string_value(json_object_get(entry, "kind"));

	if (retry == NULL) {
		retry = g_new0(Retry, 1);
		g_hash_table_insert(pass->retries, g_strdup(key), retry);
	}
	retry->trouble = !acuse_error_row_of(failure)->retry;
	if (retry->trouble) {
		retry->pause_s = CLAMP(retry->pause_s * 2, TROUBLE_PAUSE_S, TROUBLE_PAUSE_MAX_S);
	} else {
		retry->pause_s = pass->urgent ? 1 : CLAMP(retry->pause_s * 2, 1, PAUSE_MAX_S);
	}
	note_reason(pass, key, entry, retry->trouble ? "trouble" : "waits", failure->message);
	retry->due_us = g_get_monotonic_time() + retry->pause_s * G_TIME_SPAN_SECOND;
	log_warning(
		"a change waits", "kind", kind, "number", key, "reason", failure->message, NULL);
}

/* FALSE: it failed and was put off. */
static gboolean carry_out(Pass *pass, const char *key, json_t *entry, const OutboxKind *kind)
{
	Service *service = pass->outbox->service;
	g_autoptr(GError) failure = NULL;
	Rewrite rewrite = {.key = key};
	gboolean ok = FALSE;

	if (kind == NULL)
		g_set_error(&failure, ACUSE_ERROR, ACUSE_ERROR_NOT_BUILT, "no such kind of change");
	else
		ok = kind->carry_out(service, json_object_get(entry, "body"), &failure);
	if (!ok && failure == NULL)
		g_set_error(&failure, ACUSE_ERROR, ACUSE_ERROR_INTERNAL,
			"a change failed without saying why");
	if (ok && store_run(service->store, rewrite_entry, &rewrite, &failure)) {
		g_hash_table_remove(pass->retries, key);
		log_info("a change was made", "kind", kind->kind, "number", key, NULL);
		return TRUE;
	}
	put_off(pass, key, entry, failure);
	return FALSE;
}

/*
 * Holds back what must not overtake the entry: its whole lane, or, when it is in trouble, its
 * subject.
 */
static void hold(Pass *pass, guint lane, const char *subject, const Retry *retry)
{
	pass->next_us = MIN(pass->next_us, retry->due_us);
	if (pass->urgent)
		return;
	g_hash_table_add(
		pass->held, retry->trouble ? g_strdup(subject) : g_strdup_printf("%u", lane));
}

static void tell_progress(Outbox *outbox)
{
	g_mutex_lock(&outbox->lock);
	outbox->progress++;
	g_cond_broadcast(&outbox->changed);
	g_mutex_unlock(&outbox->lock);
}

static void look_at(Pass *pass, const Entry *row)
{
	json_t *entry = json_loads(row->text, 0, NULL);
	guint lane = G_MAXUINT;
	const OutboxKind *kind =
		find_kind(pass->outbox, json_string_value(json_object_get(entry, "kind")), &lane);
	g_autofree char *lane_name = g_strdup_printf("%u", lane);
	g_autofree char *subject = subject_of(lane, json_object_get(entry, "body"));
	const char *trouble;
	Retry *retry = g_hash_table_lookup(pass->retries, row->key);

	pass->waiting++;
	if (!g_hash_table_contains(pass->held, lane_name) &&
		!g_hash_table_contains(pass->held, subject)) {
		gboolean due = retry == NULL || retry->due_us <= g_get_monotonic_time();

		if (due && carry_out(pass, row->key, entry, kind)) {
			pass->waiting--;
			pass->done++;
			tell_progress(pass->outbox);
		} else {
			hold(pass, lane, subject, g_hash_table_lookup(pass->retries, row->key));
		}
	}
	retry = g_hash_table_lookup(pass->retries, row->key);
	trouble = json_string_value(json_object_get(entry, "trouble"));
	if (pass->trouble == NULL && retry != NULL)
		pass->trouble =
			g_strdup(trouble == NULL ? "a change waits for its service" : trouble);
	json_decref(entry);
}

static gboolean is_stopping(Outbox *outbox)
{
	gboolean stopping;

	g_mutex_lock(&outbox->lock);
	stopping = outbox->stopping;
	g_mutex_unlock(&outbox->lock);
	return stopping;
}

/* When to look again, monotonic. */
static gint64 run_pass(Worker *worker, GHashTable *retries)
{
	Outbox *outbox = worker->outbox;
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
	g_autoptr(GHashTable) held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GError) failure = NULL;
	Collecting collecting = {.worker = worker, .entries = entries};
	Pass pass = {.outbox = outbox,
		.urgent = worker->which == OUTBOX_URGENT || worker->which == OUTBOX_SIGNER,
		.retries = retries,
		.held = held,
		.next_us = g_get_monotonic_time() + IDLE_S * G_TIME_SPAN_SECOND};

	if (!store_scan(outbox->service->store, TABLE_OUTBOX, "", NULL, FALSE, collect, &collecting,
		    &failure)) {
		log_error("the outbox cannot be read", "reason", failure->message, NULL);
		return g_get_monotonic_time() + G_TIME_SPAN_SECOND;
	}
	for (guint i = 0; i < entries->len && !is_stopping(outbox); i++)
		look_at(&pass, entries->pdata[i]);
	g_mutex_lock(&outbox->lock);
	worker->waiting = pass.waiting;
	g_free(worker->trouble);
	worker->trouble = pass.trouble;
	outbox->progress++;
	g_cond_broadcast(&outbox->changed);
	g_mutex_unlock(&outbox->lock);
	/* A full page may have more behind it. */
	return collecting.full && pass.done > 0 ? 0 : pass.next_us;
}

static gpointer outbox_run(gpointer data)
{
	Worker *worker = data;
	Outbox *outbox = worker->outbox;
	g_autoptr(GHashTable) retries =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (;;) {
		gint64 next_us = run_pass(worker, retries);

		g_mutex_lock(&outbox->lock);
		while (!outbox->stopping && !worker->woken)
			if (!g_cond_wait_until(&outbox->changed, &outbox->lock, next_us))
				break;
		worker->woken = FALSE;
		if (worker->impatient)
			g_hash_table_remove_all(retries);
		worker->impatient = FALSE;
		if (outbox->stopping) {
			g_mutex_unlock(&outbox->lock);
			return NULL;
		}
		g_mutex_unlock(&outbox->lock);
	}
}

static void wake(gpointer data)
{
	Outbox *outbox = data;

	g_mutex_lock(&outbox->lock);
	for (guint i = 0; i < WORKERS; i++)
		outbox->workers[i].woken = TRUE;
	g_cond_broadcast(&outbox->changed);
	g_mutex_unlock(&outbox->lock);
}

void outbox_retry(Outbox *outbox)
{
	g_mutex_lock(&outbox->lock);
	for (guint i = 0; i < WORKERS; i++)
		outbox->workers[i].impatient = TRUE;
	g_mutex_unlock(&outbox->lock);
	wake(outbox);
}

Outbox *outbox_start_with(Service *service, const OutboxKind *const *tables, GError **error)
{
	Outbox *outbox = g_new0(Outbox, 1);

	outbox->service = service;
	outbox->tables = tables;
	g_mutex_init(&outbox->lock);
	g_cond_init(&outbox->changed);
	store_listen(service->store, TABLE_OUTBOX, wake, outbox);
	for (guint i = 0; i < WORKERS; i++) {
		Worker *worker = &outbox->workers[i];

		worker->outbox = outbox;
		worker->which = (OutboxThread)MIN(i, OUTBOX_MAKING);
		worker->shares = i < OUTBOX_MAKING ? 1 : MAKERS;
		worker->share = i < OUTBOX_MAKING ? 0 : i - OUTBOX_MAKING;
		worker->thread = g_thread_try_new("outbox", outbox_run, worker, error);
		if (worker->thread == NULL) {
			outbox_stop(outbox);
			return NULL;
		}
	}
	return outbox;
}

void outbox_stop(Outbox *outbox)
{
	if (outbox == NULL)
		return;
	store_listen(outbox->service->store, TABLE_OUTBOX, NULL, NULL);
	g_mutex_lock(&outbox->lock);
	outbox->stopping = TRUE;
	g_cond_broadcast(&outbox->changed);
	g_mutex_unlock(&outbox->lock);
	for (guint i = 0; i < WORKERS; i++) {
		if (outbox->workers[i].thread != NULL)
			g_thread_join(outbox->workers[i].thread);
		g_free(outbox->workers[i].trouble);
	}
	g_mutex_clear(&outbox->lock);
	g_cond_clear(&outbox->changed);
	g_free(outbox);
}

static gboolean is_done(Outbox *outbox, const char *key)
{
	g_autoptr(GError) failure = NULL;
	g_autofree char *entry = store_get(outbox->service->store, TABLE_OUTBOX, key, &failure);

	return entry == NULL && failure == NULL;
}

gboolean outbox_wait(Outbox *outbox, guint64 number, guint timeout_ms)
{
	gint64 until = g_get_monotonic_time() + (gint64)timeout_ms * G_TIME_SPAN_MILLISECOND;
	g_autofree char *key = g_strdup_printf(KEY_FORMAT, number);
	gboolean in_time = TRUE;
	guint64 seen;

	wake(outbox);
	for (;;) {
		g_mutex_lock(&outbox->lock);
		seen = outbox->progress;
		g_mutex_unlock(&outbox->lock);
		if (is_done(outbox, key))
			return TRUE;
		if (!in_time)
			return FALSE;
		g_mutex_lock(&outbox->lock);
		while (in_time && outbox->progress == seen)
			in_time = g_cond_wait_until(&outbox->changed, &outbox->lock, until);
		g_mutex_unlock(&outbox->lock);
	}
}

guint outbox_waiting(Outbox *outbox, char **trouble)
{
	guint waiting = 0;

	*trouble = NULL;
	g_mutex_lock(&outbox->lock);
	for (guint i = 0; i < WORKERS; i++) {
		waiting += outbox->workers[i].waiting;
		if (*trouble == NULL)
			*trouble = g_strdup(outbox->workers[i].trouble);
	}
	g_mutex_unlock(&outbox->lock);
	return waiting;
}
