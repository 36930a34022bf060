/*
 * The reconciler (reconcile.h): a thread of its own that runs `postqueue -j` with a deadline and
 * settles pending sends in changes of the store. Queue ids of requeued mail are not guessed: such a
 * send waits for its report. Logs what it settles; a Postfix or a store that fails is logged and
 * tried again at the next turn.
 */
#include "provision/reconcile.h"

#include <gio/gio.h>

#include "base/error.h"
#include "base/log.h"
#include "provision/deadlines.h"
#include "provision/send_hold.h"
#include "provision/send_hold_wake.h"
#include "provision/token_alarm.h"
#include "provision/send_record.h"

#define POSTQUEUE_TIMEOUT_S 20

struct _Reconciler {
	Service *service;
	GThread *thread;
	GMutex mutex;
	GCond cond;
	gboolean woken, stopping; /* under mutex */
	GCancellable *cancellable;
};

/* All of them, or those of one queue ("deferred"). */
static GHashTable *queue_ids_of(const char *output, const char *queue, GError **error)
{
	g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(GStrv) lines = g_strsplit(output, "\n", -1);

	for (gsize i = 0; lines[i] != NULL; i++) {
		json_auto_t *json = NULL;
		const char *id;

		if (*g_strstrip(lines[i]) == '\0')
			continue;
		json = json_loads(lines[i], 0, NULL);
		id = json == NULL ? NULL : json_string_value(json_object_get(json, "queue_id"));
		if (id == NULL) {
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
				"postqueue: line %" G_GSIZE_FORMAT " names no queue id", i + 1);
			return NULL;
		}
		if (queue == NULL || g_strcmp0(row_text(json, "queue_name"), queue) == 0)
			g_hash_table_add(ids, g_strdup(id));
	}
	return g_steal_pointer(&ids);
}

GHashTable *reconcile_queue_ids(const char *output, GError **error)
{
	return queue_ids_of(output, NULL, error);
}

typedef struct {
	GMainLoop *loop;
	GSubprocess *process;
	char *output;
	gboolean done;
	GError *error;
} Asking;

static void asked(GObject *source, GAsyncResult *result, gpointer data)
{
	Asking *asking = data;

	g_subprocess_communicate_utf8_finish(
		G_SUBPROCESS(source), result, &asking->output, NULL, &asking->error);
	asking->done = TRUE;
	g_main_loop_quit(asking->loop);
}

static gboolean too_late(gpointer data)
{
	Asking *asking = data;

	g_subprocess_force_exit(asking->process);
	return G_SOURCE_REMOVE;
}

/* The process is waited for in a context of this thread alone, so that no other thread's sources
 * run here. */
static char *ask_in_context(
	GMainContext *context, const char *const *argv, GCancellable *cancellable, GError **error)
{
	g_autoptr(GSubprocess) process = g_subprocess_newv(
		argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, error);
	g_autoptr(GMainLoop) loop = g_main_loop_new(context, FALSE);
	Asking asking = {loop, process, NULL, FALSE, NULL};
	GSource *deadline;

	if (process == NULL)
		return NULL;
	deadline = g_timeout_source_new_seconds(POSTQUEUE_TIMEOUT_S);
	g_source_set_callback(deadline, too_late, &asking, NULL);
	g_source_attach(deadline, context);
	g_subprocess_communicate_utf8_async(process, NULL, cancellable, asked, &asking);
	while (!asking.done)
		g_main_loop_run(loop);
	g_source_destroy(deadline);
	g_source_unref(deadline);
	if (asking.error != NULL) {
		g_subprocess_force_exit(process);
		g_propagate_error(error, asking.error);
		return NULL;
	}
	if (!g_subprocess_wait(process, NULL, error) || !g_subprocess_get_successful(process)) {
		g_free(asking.output);
		if (error == NULL || *error == NULL)
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
				"postqueue: the mail system is down");
		return NULL;
	}
	return asking.output;
}

/* What `postqueue OPTION [ID]` prints. */
static char *ask_postfix(Reconciler *reconciler, const char *option, const char *id, GError **error)
{
	const char *config =
		settings_string(reconciler->service->settings, "proof", "postfix_config");
	const char *const argv[] = {"postqueue", "-c", config, option, id, NULL};
	g_autoptr(GMainContext) context = g_main_context_new();
	g_autoptr(GError) local = NULL;
	char *output;

	g_main_context_push_thread_default(context);
	output = ask_in_context(context, argv, reconciler->cancellable, &local);
	g_main_context_pop_thread_default(context);
	if (output == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "%s",
			local == NULL ? "postqueue gave nothing" : local->message);
	return output;
}

typedef struct {
	Service *service;
	GHashTable *queue_ids;
	const char *id;
	gint64 now_s;
	gboolean moved;
	SendState state;
} Settling;

static gboolean is_listed(const json_t *send, GHashTable *queue_ids)
{
	json_t *attempt;
	size_t i;

	json_array_foreach(json_object_get(send, "attempts"), i, attempt)
		if (g_hash_table_contains(queue_ids, json_string_value(attempt)))
			return TRUE;
	return FALSE;
}

static gboolean is_overdue(const Settling *settling, const json_t *send)
{
	return send_record_state(send) != SEND_HELD &&
	       settling->now_s - send_record_departure_s(send) >
		       settings_int(settling->service->settings, "proof", "release_timeout_s");
}

/* Whether a change would do anything, by what is committed: most pending sends only wait. */
static gboolean needs_change(const Settling *settling, gboolean *needs, GError **error)
{
	json_auto_t *send = send_record_read(settling->service->store, settling->id, error);

	if (send == NULL)
		return FALSE;
	*needs = is_listed(send, settling->queue_ids) || is_overdue(settling, send) ||
		 send_hold_is_due(settling->service, send, settling->queue_ids, settling->now_s);
	return TRUE;
}

static gboolean change_settle(StoreTxn *txn, gpointer data, GError **error)
{
	Settling *settling = data;
	json_auto_t *send = send_record_load(txn, settling->id, error);
	gboolean settled = TRUE;

	settling->moved = FALSE;
	if (send == NULL)
		return FALSE;
	if (is_listed(send, settling->queue_ids))
		settled = deadline_release(txn, settling->service, send, "queue", settling->now_s,
			&settling->moved, error);
	else if (send_record_state(send) == SEND_HELD)
		settled = send_hold_settle(txn, settling->service, send, settling->queue_ids,
			settling->now_s, &settling->moved, error);
	/* The second stage's queue never took it, the first one's has it still. */
	else if (is_overdue(settling, send) && send_hold_is_listed(send, settling->queue_ids))
		settled = send_record_settle(txn, send, SEND_EVENT_HELD, "not-taken",
			settling->now_s, &settling->moved, error);
	else if (is_overdue(settling, send))
		settled = send_record_settle(txn, send, SEND_EVENT_TIMEOUT, "timeout",
			settling->now_s, &settling->moved, error);
	settling->state = send_record_state(send);
	return settled && (!settling->moved || send_record_save(txn, send, error));
}

static gboolean collect(const char *key, const char *value, gpointer data)
{
	(void)key;
	g_ptr_array_add(data, g_strdup(value));
	return TRUE;
}

gboolean reconcile_settle(Service *service, GHashTable *queue_ids, GError **error)
{
	g_autoptr(GPtrArray) pending = g_ptr_array_new_with_free_func(g_free);

	if (!store_scan(
		    service->store, TABLE_INDEX, "pending/", NULL, FALSE, collect, pending, error))
		return FALSE;
	for (guint i = 0; i < pending->len; i++) {
		Settling settling = {service, queue_ids, pending->pdata[i], service->now_s(), FALSE,
			SEND_INTENT};
		gboolean needs;

		if (!needs_change(&settling, &needs, error))
			return FALSE;
		if (!needs)
			continue;
		if (!store_run(service->store, change_settle, &settling, error))
			return FALSE;
		if (settling.moved)
			log_info("send settled", "send_id", settling.id, "state",
				send_state_name(settling.state), NULL);
	}
	return TRUE;
}

/* Postfix would come again too, later and later. */
static void wake_held(Reconciler *reconciler, const char *output, GError **error)
{
	g_autoptr(GHashTable) deferred = queue_ids_of(output, "deferred", error);
	g_autoptr(GPtrArray) wake = NULL;

	if (deferred != NULL)
		wake = send_hold_wake(reconciler->service, deferred, error);
	for (guint i = 0; wake != NULL && i < wake->len; i++) {
		g_autofree char *nothing = ask_postfix(reconciler, "-i", wake->pdata[i], error);

		if (nothing == NULL)
			return;
	}
}

static void look_at_tokens(Reconciler *reconciler)
{
	g_autoptr(GError) error = NULL;

	if (!token_alarm_look(reconciler->service, &error))
		log_warning("tokens: nothing known", "reason", error->message, NULL);
}

static void turn(Reconciler *reconciler)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *output = ask_postfix(reconciler, "-j", NULL, &error);
	g_autoptr(GHashTable) queue_ids =
		output != NULL ? queue_ids_of(output, NULL, &error) : NULL;

	if (queue_ids != NULL && reconcile_settle(reconciler->service, queue_ids, &error))
		wake_held(reconciler, output, &error);
	if (error != NULL && !g_cancellable_is_cancelled(reconciler->cancellable))
		log_warning("reconciler: nothing decided", "reason", error->message, NULL);
}

/* FALSE: stopping. */
static gboolean wait_for_turn(Reconciler *reconciler)
{
	gint64 interval_s =
		settings_int(reconciler->service->settings, "proof", "reconcile_interval_s");
	gint64 until = g_get_monotonic_time() + interval_s * G_USEC_PER_SEC;
	gboolean going;

	g_mutex_lock(&reconciler->mutex);
	while (!reconciler->stopping && !reconciler->woken &&
		g_cond_wait_until(&reconciler->cond, &reconciler->mutex, until))
		;
	reconciler->woken = FALSE;
	going = !reconciler->stopping;
	g_mutex_unlock(&reconciler->mutex);
	return going;
}

static gpointer run(gpointer data)
{
	Reconciler *reconciler = data;

	while (wait_for_turn(reconciler)) {
		turn(reconciler);
		look_at_tokens(reconciler);
	}
	return NULL;
}

Reconciler *reconcile_start(Service *service, GError **error)
{
	Reconciler *reconciler = g_new0(Reconciler, 1);

	reconciler->service = service;
	reconciler->cancellable = g_cancellable_new();
	g_mutex_init(&reconciler->mutex);
	g_cond_init(&reconciler->cond);
	reconciler->thread = g_thread_try_new("reconcile", run, reconciler, error);
	if (reconciler->thread == NULL) {
		reconcile_stop(reconciler);
		return NULL;
	}
	return reconciler;
}

void reconcile_stop(Reconciler *reconciler)
{
	if (reconciler == NULL)
		return;
	g_mutex_lock(&reconciler->mutex);
	reconciler->stopping = TRUE;
	g_cond_signal(&reconciler->cond);
	g_mutex_unlock(&reconciler->mutex);
	g_cancellable_cancel(reconciler->cancellable);
	if (reconciler->thread != NULL)
		g_thread_join(reconciler->thread);
	g_object_unref(reconciler->cancellable);
	g_cond_clear(&reconciler->cond);
	g_mutex_clear(&reconciler->mutex);
	g_free(reconciler);
}

void reconcile_wake(Reconciler *reconciler)
{
	if (reconciler == NULL)
		return;
	g_mutex_lock(&reconciler->mutex);
	reconciler->woken = TRUE;
	g_cond_signal(&reconciler->cond);
	g_mutex_unlock(&reconciler->mutex);
}
