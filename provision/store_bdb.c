/*
 * store_engine.h over Berkeley DB 5.3, the only file that knows it. One B-tree a table in a
 * private environment; flock keeps a second process out, recovery runs at every start (FACTS 24).
 * The one writer uses nested transactions. A reader never waits for a lock, so nothing deadlocks
 * with it: where a batch wrote it lets go of all it has, waits for the end of the batch, and goes
 * on. Multi-version tables would spare it that, but keep each version of each page until the cache
 * is full, and then every allocation walks them: a send took seven times the processor time.
 *
 * Fails with UNAVAILABLE or NO_SPACE. When Berkeley DB panics, memory and log no longer agree:
 * engine_is_broken() says so and the caller ends the process. One thread may write; any number may
 * read.
 */
#include "provision/store_engine.h"

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"

/* Index and tree nodes of a million entries; taken from the system as it fills. */
#define CACHE_BYTES (256u * 1024 * 1024)
#define LOG_FILE_BYTES (32u * 1024 * 1024)
#define LOG_BUFFER_BYTES (4u * 1024 * 1024)
#define MAX_LOCKS 200000
#define MAX_LOCKERS 20000
#define CHECKPOINT_KIB (8 * 1024)
#define CHECKPOINT_MIN 5
#define LOCK_FILE "owner.lock"
#define LOCK_TRIES 20
#define LOCK_PAUSE_US (100 * 1000)

static const char *const table_names[ENGINE_N_TABLES] = {
	[TABLE_SENDS] = "sends.db",
	[TABLE_REQUESTS] = "requests.db",
	[TABLE_TOKENS] = "tokens.db",
	[TABLE_EXPEDIENTES] = "expedientes.db",
	[TABLE_OUTBOX] = "outbox.db",
	[TABLE_EVENTS] = "events.db",
	[TABLE_INDEX] = "index.db",
	[TABLE_HEADS] = "heads.db",
	[TABLE_REPLIES] = "replies.db",
	[TABLE_LIMITS] = "limits.db",
	[TABLE_EXCEPTIONS] = "exceptions.db",
	[TABLE_INCOMING] = "incoming.db",
	[ENGINE_LEAVES] = "leaves.db",
	[ENGINE_OPENINGS] = "openings.db",
	[ENGINE_NODES] = "nodes.db",
	[ENGINE_SEQUENCES] = "sequences.db",
	[ENGINE_BLOBS] = "blobs.db",
};

struct _EngineTxn {
	Engine *engine;
	DB_TXN *txn; /* NULL: the reader */
	gboolean top;
};

struct _Engine {
	DB_ENV *env;
	DB *tables[ENGINE_N_TABLES];
	EngineTxn reader;
	GRWLock batch; /* held for writing from the begin of a top transaction to its end */
	int lock_fd;
	gint broken;
};

static gboolean fail(Engine *engine, int code, const char *what, GError **error)
{
	AcuseErrorCode mapped = ACUSE_ERROR_UNAVAILABLE;

	if (code == ENOSPC || code == EDQUOT)
		mapped = ACUSE_ERROR_NO_SPACE;
	if (code == DB_RUNRECOVERY && engine != NULL)
		g_atomic_int_set(&engine->broken, 1);
	g_set_error(error, ACUSE_ERROR, mapped, "store: %s: %s", what, db_strerror(code));
	return FALSE;
}

static void on_error(const DB_ENV *env, const char *prefix, const char *message)
{
	(void)env;
	(void)prefix;
	log_error("store", "reason", message, NULL);
}

static void on_event(DB_ENV *env, u_int32_t event, void *info)
{
	Engine *engine = env->app_private;

	(void)info;
	if (event == DB_EVENT_PANIC)
		g_atomic_int_set(&engine->broken, 1);
}

static int configure_environment(Engine *engine)
{
	DB_ENV *env = engine->env;
	int code;

	env->app_private = engine;
	env->set_errcall(env, on_error);
	if ((code = env->set_event_notify(env, on_event)) != 0 ||
		(code = env->set_cachesize(env, 0, CACHE_BYTES, 1)) != 0 ||
		(code = env->set_lg_max(env, LOG_FILE_BYTES)) != 0 ||
		(code = env->set_lg_bsize(env, LOG_BUFFER_BYTES)) != 0 ||
		(code = env->set_lk_max_locks(env, MAX_LOCKS)) != 0 ||
		(code = env->set_lk_max_objects(env, MAX_LOCKS)) != 0 ||
		(code = env->set_lk_max_lockers(env, MAX_LOCKERS)) != 0 ||
		(code = env->set_lk_detect(env, DB_LOCK_DEFAULT)) != 0)
		return code;
	return env->log_set_config(env, DB_LOG_AUTO_REMOVE, 1);
}

static gboolean lock_folder(Engine *engine, const char *folder, GError **error)
{
	g_autofree char *path = g_build_filename(folder, LOCK_FILE, NULL);
	guint tries = 0;

	if (g_mkdir_with_parents(folder, 0700) < 0)
		return fail(NULL, errno, folder, error);
	engine->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (engine->lock_fd < 0)
		return fail(NULL, errno, path, error);
	/* A child of a killed owner holds the lock until it has executed its program. */
	while (flock(engine->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK && tries++ < LOCK_TRIES) {
			g_usleep(LOCK_PAUSE_US);
			continue;
		}
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "store: %s has another owner",
			folder);
		return FALSE;
	}
	return TRUE;
}

static gboolean open_tables(Engine *engine, GError **error)
{
	for (guint i = 0; i < ENGINE_N_TABLES; i++) {
		int code = db_create(&engine->tables[i], engine->env, 0);

		if (code == 0)
			code = engine->tables[i]->open(engine->tables[i], NULL, table_names[i],
				NULL, DB_BTREE, DB_CREATE | DB_AUTO_COMMIT | DB_THREAD, 0600);
		if (code != 0)
			return fail(engine, code, table_names[i], error);
	}
	return TRUE;
}

Engine *engine_open(const char *folder, GError **error)
{
	const u_int32_t flags = DB_CREATE | DB_RECOVER | DB_PRIVATE | DB_THREAD | DB_INIT_TXN |
				DB_INIT_LOG | DB_INIT_MPOOL | DB_INIT_LOCK;
	Engine *engine = g_new0(Engine, 1);
	int code;

	engine->lock_fd = -1;
	engine->reader.engine = engine;
	g_rw_lock_init(&engine->batch);
	if (!lock_folder(engine, folder, error)) {
		engine_close(engine);
		return NULL;
	}
	code = db_env_create(&engine->env, 0);
	if (code == 0)
		code = configure_environment(engine);
	if (code == 0)
		code = engine->env->open(engine->env, folder, flags, 0600);
	if (code != 0) {
		fail(engine, code, folder, error);
		engine_close(engine);
		return NULL;
	}
	if (!open_tables(engine, error)) {
		engine_close(engine);
		return NULL;
	}
	return engine;
}

void engine_close(Engine *engine)
{
	if (engine == NULL)
		return;
	for (guint i = 0; i < ENGINE_N_TABLES; i++)
		if (engine->tables[i] != NULL)
			engine->tables[i]->close(engine->tables[i], 0);
	if (engine->env != NULL)
		engine->env->close(engine->env, 0);
	if (engine->lock_fd >= 0)
		close(engine->lock_fd);
	g_rw_lock_clear(&engine->batch);
	g_free(engine);
}

/* Frees the transaction; readers that wait for the batch go on. */
static void end_txn(EngineTxn *txn)
{
	if (txn->top)
		g_rw_lock_writer_unlock(&txn->engine->batch);
	g_free(txn);
}

EngineTxn *engine_begin(Engine *engine, EngineTxn *parent, GError **error)
{
	EngineTxn *txn = g_new0(EngineTxn, 1);
	int code;

	txn->engine = engine;
	txn->top = parent == NULL;
	if (txn->top)
		g_rw_lock_writer_lock(&engine->batch);
	code = engine->env->txn_begin(
		engine->env, parent == NULL ? NULL : parent->txn, &txn->txn, 0);
	if (code == 0)
		return txn;
	end_txn(txn);
	fail(engine, code, "begin", error);
	return NULL;
}

EngineTxn *engine_reader(Engine *engine)
{
	return &engine->reader;
}

gboolean engine_is_reader(const EngineTxn *txn)
{
	return txn->txn == NULL;
}

gboolean engine_commit(EngineTxn *txn, GError **error)
{
	Engine *engine = txn->engine;
	int code = txn->txn->commit(txn->txn, txn->top ? DB_TXN_SYNC : 0);

	end_txn(txn);
	return code == 0 || fail(engine, code, "commit", error);
}

void engine_abort(EngineTxn *txn)
{
	Engine *engine = txn->engine;
	int code = txn->txn->abort(txn->txn);

	/* What could not be taken back makes memory and log disagree. */
	if (code != 0)
		g_atomic_int_set(&engine->broken, 1);
	end_txn(txn);
}

static DBT to_dbt(const void *bytes, gsize size)
{
	DBT dbt;

	memset(&dbt, 0, sizeof dbt);
	dbt.data = (void *)bytes;
	dbt.size = (u_int32_t)size;
	return dbt;
}

gboolean engine_put(EngineTxn *txn, guint table, const void *key, gsize key_size, const void *value,
	gsize value_size, GError **error)
{
	DB *db = txn->engine->tables[table];
	DBT k = to_dbt(key, key_size), v = to_dbt(value, value_size);
	int code = db->put(db, txn->txn, &k, &v, 0);

	return code == 0 || fail(txn->engine, code, table_names[table], error);
}

gboolean engine_delete(EngineTxn *txn, guint table, const void *key, gsize key_size, GError **error)
{
	DB *db = txn->engine->tables[table];
	DBT k = to_dbt(key, key_size);
	int code = db->del(db, txn->txn, &k, 0);

	return code == 0 || code == DB_NOTFOUND ||
	       fail(txn->engine, code, table_names[table], error);
}

typedef int (*Read)(DB *db, DB_TXN *txn, gpointer data);

static int read_once(Engine *engine, DB *db, Read read, gpointer data)
{
	DB_TXN *txn;
	int code =
		engine->env->txn_begin(engine->env, NULL, &txn, DB_TXN_NOWAIT | DB_READ_COMMITTED);

	if (code != 0)
		return code;
	code = read(db, txn, data);
	if (txn->abort(txn) != 0)
		g_atomic_int_set(&engine->broken, 1);
	return code;
}

/* Reads in the writer's transaction, or beside it: then once more when a batch was in the way. */
static int run_read(EngineTxn *txn, guint table, Read read, gpointer data)
{
	Engine *engine = txn->engine;
	DB *db = engine->tables[table];
	int code;

	if (txn->txn != NULL)
		return read(db, txn->txn, data);
	code = read_once(engine, db, read, data);
	if (code != DB_LOCK_DEADLOCK && code != DB_LOCK_NOTGRANTED)
		return code;
	g_rw_lock_reader_lock(&engine->batch);
	code = read_once(engine, db, read, data);
	g_rw_lock_reader_unlock(&engine->batch);
	return code;
}

typedef struct {
	DBT k, v;
} Row;

static int get_row(DB *db, DB_TXN *txn, gpointer data)
{
	Row *row = data;

	return db->get(db, txn, &row->k, &row->v, 0);
}

char *engine_get(
	EngineTxn *txn, guint table, const void *key, gsize key_size, gsize *size, GError **error)
{
	Row row = {to_dbt(key, key_size), to_dbt(NULL, 0)};
	char *copy;
	int code;

	row.v.flags = DB_DBT_MALLOC;
	code = run_read(txn, table, get_row, &row);
	if (code == DB_NOTFOUND)
		return NULL;
	if (code != 0) {
		fail(txn->engine, code, table_names[table], error);
		return NULL;
	}
	copy = g_malloc(row.v.size + 1u);
	memcpy(copy, row.v.data, row.v.size);
	copy[row.v.size] = '\0';
	if (size != NULL)
		*size = row.v.size;
	free(row.v.data);
	return copy;
}

/* Where a walk goes on. */
typedef struct {
	GByteArray *key; /* the bound, or the last row that was visited; NULL: the whole table */
	gboolean visited, reversed;
	EngineVisit visit;
	gpointer data;
} Place;

static int go_to(DBC *cursor, DBT *k, DBT *v, const Place *place)
{
	const GByteArray *key = place->key;
	int code;

	if (key == NULL)
		return cursor->get(cursor, k, v, place->reversed ? DB_LAST : DB_FIRST);
	k->data = g_memdup2(key->data, key->len);
	k->size = key->len;
	code = cursor->get(cursor, k, v, DB_SET_RANGE);
	if (place->reversed) {
		if (code == DB_NOTFOUND)
			return cursor->get(cursor, k, v, DB_LAST);
		return code == 0 ? cursor->get(cursor, k, v, DB_PREV) : code;
	}
	if (code == 0 && place->visited && k->size == key->len &&
		memcmp(k->data, key->data, key->len) == 0)
		return cursor->get(cursor, k, v, DB_NEXT);
	return code;
}

static void set_key(Place *place, const void *key, gsize size)
{
	if (place->key == NULL)
		place->key = g_byte_array_new();
	g_byte_array_set_size(place->key, 0);
	g_byte_array_append(place->key, key, (guint)size);
}

/* Visits rows until one is the last, or cannot be read. */
static int walk_on(DB *db, DB_TXN *txn, gpointer data)
{
	Place *place = data;
	DBT k = to_dbt(NULL, 0), v = to_dbt(NULL, 0);
	DBC *cursor;
	int code = db->cursor(db, txn, &cursor, 0);

	if (code != 0)
		return code;
	k.flags = v.flags = DB_DBT_REALLOC;
	code = go_to(cursor, &k, &v, place);
	while (code == 0) {
		set_key(place, k.data, k.size);
		place->visited = TRUE;
		if (!place->visit(k.data, k.size, v.data, v.size, place->data))
			break;
		code = cursor->get(cursor, &k, &v, place->reversed ? DB_PREV : DB_NEXT);
	}
	cursor->close(cursor);
	free(k.data);
	free(v.data);
	return code;
}

gboolean engine_walk(EngineTxn *txn, guint table, const char *bound, gsize bound_size,
	gboolean reversed, EngineVisit visit, gpointer data, GError **error)
{
	Place place = {.reversed = reversed, .visit = visit, .data = data};
	int code;

	if (bound != NULL)
		set_key(&place, bound, bound_size);
	code = run_read(txn, table, walk_on, &place);
	g_clear_pointer(&place.key, g_byte_array_unref);
	return code == 0 || code == DB_NOTFOUND ||
	       fail(txn->engine, code, table_names[table], error);
}

gboolean engine_checkpoint(Engine *engine, gboolean force, GError **error)
{
	int code = engine->env->txn_checkpoint(
		engine->env, CHECKPOINT_KIB, CHECKPOINT_MIN, force ? DB_FORCE : 0);

	return code == 0 || fail(engine, code, "checkpoint", error);
}

gboolean engine_is_broken(Engine *engine)
{
	return g_atomic_int_get(&engine->broken) != 0;
}

gboolean engine_verify(const char *folder, GError **error)
{
	for (guint i = 0; i < ENGINE_N_TABLES; i++) {
		g_autofree char *path = g_build_filename(folder, table_names[i], NULL);
		DB *db;
		int code = db_create(&db, NULL, 0);

		/* verify() ends the handle, whatever it finds. */
		if (code == 0)
			code = db->verify(db, path, NULL, NULL, 0);
		if (code != 0) {
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "store: %s: %s", path,
				db_strerror(code));
			return FALSE;
		}
	}
	return TRUE;
}

gboolean engine_backup(Engine *engine, const char *folder, GError **error)
{
	int code = engine->env->backup(
		engine->env, folder, DB_CREATE | DB_EXCL | DB_BACKUP_SINGLE_DIR);

	return code == 0 || fail(engine, code, folder, error);
}
