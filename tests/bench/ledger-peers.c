/* ledger-peers.h. Threads: one caller. */
#include "tests/bench/ledger-peers.h"

#include <db.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/merkle.h"

/* As store_bdb.c has them. */
#define CACHE_BYTES (256u * 1024 * 1024)
#define LOG_FILE_BYTES (32u * 1024 * 1024)
#define LOG_BUFFER_BYTES (4u * 1024 * 1024)
#define CHECKPOINT_KIB (8 * 1024)

/* The tables of a record in the store. */
enum { BARE_LEAVES, BARE_OPENINGS, BARE_NODES, N_BARE };

struct Peers {
	DB_ENV *env;
	DB *tables[N_BARE];
	const char *leaf, *opening;
	char *whole, *file;
	gint64 end_us;
	gint count;
	gint next_key;
};

void die(const char *what, const char *why)
{
	fprintf(stderr, "ledger-load: %s: %s\n", what, why);
	exit(1);
}

static void open_bare(Peers *peers, const char *folder)
{
	static const char *const names[N_BARE] = {"leaves.db", "openings.db", "nodes.db"};
	const u_int32_t flags = DB_CREATE | DB_PRIVATE | DB_THREAD | DB_INIT_TXN | DB_INIT_LOG |
				DB_INIT_MPOOL | DB_INIT_LOCK;

	g_mkdir_with_parents(folder, 0700);
	if (db_env_create(&peers->env, 0) != 0 ||
		peers->env->set_cachesize(peers->env, 0, CACHE_BYTES, 1) != 0 ||
		peers->env->set_lg_max(peers->env, LOG_FILE_BYTES) != 0 ||
		peers->env->set_lg_bsize(peers->env, LOG_BUFFER_BYTES) != 0 ||
		peers->env->set_lk_detect(peers->env, DB_LOCK_DEFAULT) != 0 ||
		peers->env->open(peers->env, folder, flags, 0600) != 0)
		die("Berkeley DB", "does not open");
	for (guint i = 0; i < N_BARE; i++)
		if (db_create(&peers->tables[i], peers->env, 0) != 0 ||
			peers->tables[i]->open(peers->tables[i], NULL, names[i], NULL, DB_BTREE,
				DB_CREATE | DB_AUTO_COMMIT | DB_THREAD, 0600) != 0)
			die(names[i], "does not open");
}

static void close_bare(Peers *peers)
{
	for (guint i = 0; i < N_BARE; i++)
		peers->tables[i]->close(peers->tables[i], 0);
	peers->env->close(peers->env, 0);
}

static int put_row(Peers *peers, guint table, DB_TXN *txn, const void *key, gsize key_size,
	const void *value, gsize value_size)
{
	DBT k = {.data = (void *)key, .size = (u_int32_t)key_size};
	DBT v = {.data = (void *)value, .size = (u_int32_t)value_size};

	return peers->tables[table]->put(peers->tables[table], txn, &k, &v, 0);
}

/* The rows of one record as the store has them: leaf, opening, and each node that it completes. */
static int put_rows(Peers *peers, DB_TXN *txn, guint64 index)
{
	static const guint8 hash[MERKLE_HASH_BYTES] = {1, 2, 3};
	guint64 big = GUINT64_TO_BE(index);
	int code = put_row(
		peers, BARE_LEAVES, txn, &big, sizeof big, peers->leaf, strlen(peers->leaf));

	if (code == 0)
		code = put_row(peers, BARE_OPENINGS, txn, &big, sizeof big, peers->opening,
			strlen(peers->opening));
	for (guint8 level = 0; code == 0; level++) {
		guint8 key[9] = {level};

		big = GUINT64_TO_BE(index >> level);
		memcpy(key + 1, &big, sizeof big);
		code = put_row(peers, BARE_NODES, txn, key, sizeof key, hash, sizeof hash);
		if ((index >> level & 1) == 0)
			break;
	}
	return code;
}

static int put_whole(Peers *peers, DB_TXN *txn, guint64 index)
{
	guint64 big = GUINT64_TO_BE(index);

	return put_row(
		peers, BARE_LEAVES, txn, &big, sizeof big, peers->whole, strlen(peers->whole));
}

typedef int (*Put)(Peers *peers, DB_TXN *txn, guint64 index);

/* TRUE when the records are durable; FALSE after a deadlock, which is the caller's to repeat. */
static gboolean put_bare(Peers *peers, Put put, gint n_records)
{
	DB_TXN *txn;
	int code = peers->env->txn_begin(peers->env, NULL, &txn, 0);

	for (gint i = 0; i < n_records && code == 0; i++)
		code = put(peers, txn, (guint64)g_atomic_int_add(&peers->next_key, 1));
	if (code == DB_LOCK_DEADLOCK) {
		txn->abort(txn);
		return FALSE;
	}
	if (code != 0 || txn->commit(txn, DB_TXN_SYNC) != 0)
		die("Berkeley DB", db_strerror(code));
	return TRUE;
}

static gpointer single_thread(gpointer data)
{
	Peers *peers = data;

	while (g_get_monotonic_time() < peers->end_us)
		if (put_bare(peers, put_whole, 1))
			g_atomic_int_inc(&peers->count);
	return NULL;
}

double peers_batch(Peers *peers, int batch, double seconds)
{
	gint64 begun = g_get_monotonic_time();
	gint64 end = begun + (gint64)(seconds * G_USEC_PER_SEC);
	long count = 0;

	while (g_get_monotonic_time() < end)
		if (put_bare(peers, put_rows, batch))
			count += batch;
	if (peers->env->txn_checkpoint(peers->env, CHECKPOINT_KIB, 0, 0) != 0)
		die("Berkeley DB", "no checkpoint");
	return (double)count * G_USEC_PER_SEC / (double)(g_get_monotonic_time() - begun);
}

double peers_single(Peers *peers, int n_threads, double seconds)
{
	g_autofree GThread **threads = g_new0(GThread *, n_threads);
	gint64 begun = g_get_monotonic_time();

	peers->count = 0;
	peers->end_us = begun + (gint64)(seconds * G_USEC_PER_SEC);
	for (int i = 0; i < n_threads; i++)
		threads[i] = g_thread_new("peer", single_thread, peers);
	for (int i = 0; i < n_threads; i++)
		g_thread_join(threads[i]);
	return peers->count * (double)G_USEC_PER_SEC / (double)(g_get_monotonic_time() - begun);
}

double peers_sync(Peers *peers, int batch, double seconds)
{
	g_autoptr(GString) bytes = g_string_new(NULL);
	int fd = open(peers->file, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	gint64 begun = g_get_monotonic_time();
	gint64 end = begun + (gint64)(seconds * G_USEC_PER_SEC);
	long count = 0;

	for (int i = 0; i < batch; i++)
		g_string_append(bytes, peers->whole);
	while (g_get_monotonic_time() < end) {
		if (write(fd, bytes->str, bytes->len) != (ssize_t)bytes->len || fdatasync(fd) < 0)
			die(peers->file, g_strerror(errno));
		count += batch;
	}
	close(fd);
	return (double)count * G_USEC_PER_SEC / (double)(g_get_monotonic_time() - begun);
}

Peers *peers_open(const char *folder, const char *leaf, const char *opening)
{
	Peers *peers = g_new0(Peers, 1);

	peers->leaf = leaf;
	peers->opening = opening;
	peers->whole = g_strconcat(leaf, opening, NULL);
	peers->file = g_build_filename(folder, "file", NULL);
	open_bare(peers, folder);
	return peers;
}

void peers_close(Peers *peers)
{
	close_bare(peers);
	g_free(peers->whole);
	g_free(peers->file);
	g_free(peers);
}
