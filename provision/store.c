/*
 * store.h: the committer and what it keeps, over an engine (store_engine.h). Changes wait in one
 * queue; the committer takes all that wait, at most MAX_BATCH, runs each in a nested transaction,
 * so that a failing one leaves nothing, and commits them together with one fsync before it wakes
 * their callers (FACTS 24).
 *
 * Fails: a change with its own error; a batch that cannot be made durable fails whole, and the
 * process ends, because after a failed fsync nobody knows what the disk has. systemd starts it
 * again and recovery decides. Below a floor of free space changes are refused before they touch
 * the engine. Threads: store_run from any thread. Inside a change: store_change.c. Readers:
 * store_read.c.
 */
#include "provision/store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "provision/store_engine.h"

#define MAX_BATCH 256
#define IDLE_CHECKPOINT_S 60
/* Asking the engine whether a checkpoint is due costs it a look at its log files. */
#define CHECKPOINT_LOOK_S 1
/* Smaller than the message store's, so that a cessation is still recorded when mail is refused. */
#define DEFAULT_FLOOR_BYTES (64 * 1024 * 1024)
#define EXIT_BROKEN 70

/* Of the time that the last commit took, what those whom it woke have to come again. */
#define GATHER_PART 4

typedef struct {
	StoreChange change;
	gpointer data;
} Companion;

typedef struct {
	guint n_changes;
	gint64 commit_us; /* of it, the engine's fsync */
} LastBatch;

typedef struct {
	StoreChange change;
	gpointer data;
	Companion *companion; /* NULL: none */
	GError *error;
	gboolean ok;
	/* Its own, so that those who are woken do not queue for the store's. */
	GMutex lock; /* done */
	GCond woken;
	gboolean done;
} Waiting;

struct _Store {
	Engine *engine;
	NodeCache *nodes;
	char *folder;
	GThread *committer;
	GMutex lock; /* queue, wanted, stopping, tree_size, floor_bytes, listener */
	GCond arrived;
	GQueue queue; /* Waiting * */
	guint wanted; /* how many of them the committer waits for */
	gboolean stopping;
	guint64 tree_size; /* committed */
	guint64 floor_bytes;
	StoreTable listened;
	StoreListener listener; /* may be NULL */
	gpointer listener_data;
	/* The committer's own: the batch put into the listened table; the tree's edge; the change
	 * that runs. */
	gboolean heard;
	Frontier frontier;
	EngineTxn *running;
};

/* ---- the committer ---- */

static void end_when_broken(Store *store, gboolean commit_failed)
{
	if (!commit_failed && !engine_is_broken(store->engine))
		return;
	log_error("the store is broken: ending, so that the next start recovers it", "folder",
		store->folder, NULL);
	_exit(EXIT_BROKEN);
}

static gboolean has_room(Store *store, guint64 floor_bytes, GError **error)
{
	struct statvfs disk;

	if (statvfs(store->folder, &disk) == 0 &&
		(guint64)disk.f_bavail * disk.f_frsize >= floor_bytes)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NO_SPACE,
		"ledger: less than %" G_GUINT64_FORMAT " bytes are free", floor_bytes);
	return FALSE;
}

static void run_one(Store *store, EngineTxn *parent, Waiting *waiting, guint64 *tree_size)
{
	Frontier frontier = store->frontier;
	StoreTxn txn = {
		.listened = store->listened, .tree_size = *tree_size, .frontier = &frontier};

	txn.txn = engine_begin(store->engine, parent, &waiting->error);
	if (txn.txn == NULL)
		return;
	store->running = txn.txn;
	waiting->ok = waiting->change(&txn, waiting->data, &waiting->error);
	if (waiting->ok && waiting->companion != NULL)
		waiting->ok =
			waiting->companion->change(&txn, waiting->companion->data, &waiting->error);
	store->running = NULL;
	if (waiting->ok && txn.failure != NULL) {
		waiting->error = g_steal_pointer(&txn.failure);
		waiting->ok = FALSE;
	}
	g_clear_error(&txn.failure);
	if (!waiting->ok) {
		engine_abort(txn.txn);
		return;
	}
	waiting->ok = engine_commit(txn.txn, &waiting->error);
	if (!waiting->ok)
		return;
	*tree_size = txn.tree_size;
	store->frontier = frontier;
	store->heard = store->heard || txn.heard;
}

static void fail_all(GPtrArray *batch, const GError *why)
{
	for (guint i = 0; i < batch->len; i++) {
		Waiting *waiting = batch->pdata[i];

		if (waiting->error == NULL)
			waiting->error = g_error_copy(why);
		waiting->ok = FALSE;
	}
}

/* Runs a batch; TRUE when what succeeded in it is durable. */
static gboolean run_batch(
	Store *store, GPtrArray *batch, guint64 floor_bytes, guint64 *tree_size, LastBatch *last)
{
	g_autoptr(GError) failure = NULL;
	EngineTxn *parent = NULL;
	gint64 begun_us;
	guint n_ok = 0;

	*last = (LastBatch){0, 0};

	if (has_room(store, floor_bytes, &failure))
		parent = engine_begin(store->engine, NULL, &failure);
	if (parent == NULL) {
		fail_all(batch, failure);
		return TRUE;
	}
	for (guint i = 0; i < batch->len; i++) {
		Waiting *waiting = batch->pdata[i];

		run_one(store, parent, waiting, tree_size);
		n_ok += waiting->ok ? 1 : 0;
	}
	if (n_ok == 0) {
		engine_abort(parent);
		return TRUE;
	}
	begun_us = g_get_monotonic_time();
	if (engine_commit(parent, &failure)) {
		*last = (LastBatch){batch->len, g_get_monotonic_time() - begun_us};
		return TRUE;
	}
	fail_all(batch, failure);
	return FALSE;
}

static void wake(Store *store, GPtrArray *batch, guint64 tree_size)
{
	g_mutex_lock(&store->lock);
	store->tree_size = tree_size;
	if (store->heard && store->listener != NULL)
		store->listener(store->listener_data);
	store->heard = FALSE;
	g_mutex_unlock(&store->lock);
	for (guint i = 0; i < batch->len; i++) {
		Waiting *waiting = batch->pdata[i];

		g_mutex_lock(&waiting->lock);
		waiting->done = TRUE;
		g_cond_signal(&waiting->woken);
		g_mutex_unlock(&waiting->lock);
	}
}

/* Until so many changes wait, or the time; with the store's lock. */
static void wait_for(Store *store, guint n_changes, gint64 until_us)
{
	store->wanted = n_changes;
	while (store->queue.length < n_changes && !store->stopping)
		if (!g_cond_wait_until(&store->arrived, &store->lock, until_us))
			break;
}

/*
 * Waits for changes and takes them; FALSE: stopping and nothing left. Those whom the last batch
 * woke often come again at once: a batch that begins with the first of them makes the others wait
 * for two fsyncs. So they get a part of the time that one takes to come together.
 */
static gboolean take_batch(
	Store *store, GPtrArray *batch, const LastBatch *last, guint64 *floor_bytes)
{
	gint64 now_us = g_get_monotonic_time();
	gboolean go_on;

	g_mutex_lock(&store->lock);
	wait_for(store, 1, now_us + IDLE_CHECKPOINT_S * G_TIME_SPAN_SECOND);
	if (last->n_changes > 1 && store->queue.length > 0)
		wait_for(store, last->n_changes, now_us + last->commit_us / GATHER_PART);
	while (batch->len < MAX_BATCH && !g_queue_is_empty(&store->queue))
		g_ptr_array_add(batch, g_queue_pop_head(&store->queue));
	go_on = batch->len > 0 || !store->stopping;
	*floor_bytes = store->floor_bytes;
	g_mutex_unlock(&store->lock);
	return go_on;
}

static void checkpoint_when_due(Store *store, gint64 *looked_us)
{
	g_autoptr(GError) failure = NULL;
	gint64 now = g_get_monotonic_time();

	if (now - *looked_us < CHECKPOINT_LOOK_S * G_TIME_SPAN_SECOND)
		return;
	*looked_us = now;
	if (!engine_checkpoint(store->engine, FALSE, &failure))
		log_warning("checkpoint failed", "reason", failure->message, NULL);
	end_when_broken(store, FALSE);
}

static gpointer committer_run(gpointer data)
{
	Store *store = data;
	g_autoptr(GPtrArray) batch = g_ptr_array_new();
	guint64 tree_size = store->tree_size, floor_bytes;
	LastBatch last = {0, 0};
	gint64 looked_us = g_get_monotonic_time();

	while (take_batch(store, batch, &last, &floor_bytes)) {
		guint64 before = tree_size;

		if (batch->len > 0) {
			gboolean durable = run_batch(store, batch, floor_bytes, &tree_size, &last);

			if (!durable)
				tree_size = before;
			wake(store, batch, tree_size);
			end_when_broken(store, !durable);
			g_ptr_array_set_size(batch, 0);
		}
		checkpoint_when_due(store, &looked_us);
	}
	return NULL;
}

/* Of this thread, for its next change. */
static GPrivate next_companion = G_PRIVATE_INIT(g_free);

void store_accompany(StoreChange companion, gpointer data)
{
	Companion *next = NULL;

	if (companion != NULL) {
		next = g_new(Companion, 1);
		*next = (Companion){companion, data};
	}
	g_private_replace(&next_companion, next);
}

static Companion *take_companion(void)
{
	Companion *companion = g_private_get(&next_companion);

	g_private_set(&next_companion, NULL);
	return companion;
}

static gboolean enqueue(Store *store, Waiting *waiting)
{
	gboolean taken;

	g_mutex_init(&waiting->lock);
	g_cond_init(&waiting->woken);
	g_mutex_lock(&store->lock);
	taken = !store->stopping;
	if (taken) {
		g_queue_push_tail(&store->queue, waiting);
		if (store->queue.length >= store->wanted)
			g_cond_signal(&store->arrived);
	} else {
		g_set_error(
			&waiting->error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "store: stopping");
	}
	g_mutex_unlock(&store->lock);
	return taken;
}

static void wait_until_done(Waiting *waiting)
{
	g_mutex_lock(&waiting->lock);
	while (!waiting->done)
		g_cond_wait(&waiting->woken, &waiting->lock);
	g_mutex_unlock(&waiting->lock);
}

gboolean store_run(Store *store, StoreChange change, gpointer data, GError **error)
{
	g_autofree Companion *companion = take_companion();
	Waiting waiting = {.change = change, .data = data, .companion = companion};

	if (g_thread_self() == store->committer) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INTERNAL,
			"store: a change cannot run another one");
		return FALSE;
	}
	if (enqueue(store, &waiting))
		wait_until_done(&waiting);
	if (waiting.ok)
		return TRUE;
	if (waiting.error == NULL)
		g_set_error(&waiting.error, ACUSE_ERROR, ACUSE_ERROR_INTERNAL,
			"store: a change failed without saying why");
	g_propagate_error(error, waiting.error);
	return FALSE;
}

/* ---- opening and closing ---- */

static gboolean take_last_index(
	const char *key, gsize key_size, const char *value, gsize value_size, gpointer data)
{
	guint64 big;

	(void)value;
	(void)value_size;
	if (key_size == sizeof big) {
		memcpy(&big, key, sizeof big);
		*(guint64 *)data = GUINT64_FROM_BE(big) + 1;
	}
	return FALSE;
}

static gboolean read_tree_size(Engine *engine, guint64 *size, GError **error)
{
	*size = 0;
	return engine_walk(
		engine_reader(engine), ENGINE_LEAVES, NULL, 0, TRUE, take_last_index, size, error);
}

Store *store_open(const char *folder, GError **error)
{
	Engine *engine = engine_open(folder, error);
	Store *store;
	guint64 tree_size;

	if (engine == NULL)
		return NULL;
	if (!read_tree_size(engine, &tree_size, error)) {
		engine_close(engine);
		return NULL;
	}
	store = g_new0(Store, 1);
	store->engine = engine;
	store->nodes = node_cache_new();
	store->folder = g_strdup(folder);
	store->tree_size = tree_size;
	store->floor_bytes = DEFAULT_FLOOR_BYTES;
	g_mutex_init(&store->lock);
	g_cond_init(&store->arrived);
	g_queue_init(&store->queue);
	store->committer = g_thread_new("committer", committer_run, store);
	return store;
}

void store_close(Store *store)
{
	g_autoptr(GError) failure = NULL;

	if (store == NULL)
		return;
	g_mutex_lock(&store->lock);
	store->stopping = TRUE;
	g_cond_signal(&store->arrived);
	g_mutex_unlock(&store->lock);
	g_thread_join(store->committer);
	if (!engine_checkpoint(store->engine, TRUE, &failure))
		log_warning("checkpoint failed", "reason", failure->message, NULL);
	engine_close(store->engine);
	node_cache_free(store->nodes);
	g_mutex_clear(&store->lock);
	g_cond_clear(&store->arrived);
	g_free(store->folder);
	g_free(store);
}

void store_listen(Store *store, StoreTable table, StoreListener listener, gpointer data)
{
	g_mutex_lock(&store->lock);
	store->listened = table;
	store->listener_data = data;
	store->listener = listener;
	g_mutex_unlock(&store->lock);
}

void store_set_floor(Store *store, guint64 floor_bytes)
{
	g_mutex_lock(&store->lock);
	store->floor_bytes = floor_bytes;
	g_mutex_unlock(&store->lock);
}

guint64 store_tree_size(Store *store)
{
	guint64 size;

	g_mutex_lock(&store->lock);
	size = store->tree_size;
	g_mutex_unlock(&store->lock);
	return size;
}

EngineTxn *store_reader(Store *store)
{
	/* The committer would wait for itself. */
	if (g_thread_self() == store->committer && store->running != NULL)
		return store->running;
	return engine_reader(store->engine);
}

NodeCache *store_node_cache(Store *store)
{
	return store->nodes;
}

gboolean store_backup(Store *store, const char *folder, GError **error)
{
	return engine_backup(store->engine, folder, error);
}
