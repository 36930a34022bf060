/*
 * The ledger's store against what it stands on, in one run and with records of one size.
 *
 *	ledger-load append FOLDER SECONDS THREADS
 *		one round: the store's threads, the peers
 *	ledger-load fill FOLDER LEAVES DUMP
 *		makes a ledger; DUMP: a file for `acusectl ledger verify --dump`
 *	ledger-load read FOLDER LEAVES
 *		one round: times look-up, inclusion proof and durable append on it, its cache warm
 *	ledger-load sends FOLDER SENDS STEP
 *		what a send writes, one after the other; a line after each STEP sends
 *
 * Rates are records a second. Ends with 1 and a message when something fails. FOLDER is made and
 * left for the caller to remove.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/record_json.h"
#include "cms/digest.h"
#include "provision/store.h"
#include "tests/bench/ledger-peers.h"

#define N_TURNS 4
#define FILL_BATCH 500
#define N_READS 2000
#define N_APPENDS 500
/* One in so many leaves is proved before the clock runs. */
#define WARM_STEP 16
/* A mail of 4 KiB as it is packed, and the row of its send. */
#define MESSAGE_BYTES 2500
#define SEND_ROW_BYTES 1800

typedef struct {
	Store *store;
	gint64 end_us;
	gint count;
	gint next_key;
} Load;

/* What a send adds at its intent, by size and kind of field. */
static Record *make_record(gint number)
{
	static const guint8 salt[RECORD_SALT_BYTES] = {1, 2, 3};
	g_autofree char *id = g_strdup_printf("a64fd608-8a7f-49e1-9c4f-%012d", number);
	Record *record = record_new("send.prepared", id, 1795000000);

	record_add(record, "message_sha256",
		"5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8");
	record_add_int(record, "size", 4096);
	record_add(record, "queue_id", "4fTest0Queue");
	record_add_personal(record, "address", "ciudadano@ciudadano.test", salt);
	return record;
}

static gboolean append_change(StoreTxn *txn, gpointer data, GError **error)
{
	return store_append(txn, data, NULL, error);
}

static gpointer store_thread(gpointer data)
{
	Load *load = data;

	while (g_get_monotonic_time() < load->end_us) {
		g_autoptr(Record) record = make_record(g_atomic_int_add(&load->next_key, 1));
		g_autoptr(GError) error = NULL;

		if (!store_run(load->store, append_change, record, &error))
			die("append", error->message);
		g_atomic_int_inc(&load->count);
	}
	return NULL;
}

static double run_threads(Load *load, GThreadFunc function, int n_threads, double seconds)
{
	g_autofree GThread **threads = g_new0(GThread *, n_threads);
	gint64 begun = g_get_monotonic_time();

	load->count = 0;
	load->end_us = begun + (gint64)(seconds * G_USEC_PER_SEC);
	for (int i = 0; i < n_threads; i++)
		threads[i] = g_thread_new("load", function, load);
	for (int i = 0; i < n_threads; i++)
		g_thread_join(threads[i]);
	return load->count * (double)G_USEC_PER_SEC / (double)(g_get_monotonic_time() - begun);
}

static Store *open_store(const char *folder)
{
	g_autoptr(GError) error = NULL;
	Store *store = store_open(folder, &error);

	if (store == NULL)
		die(folder, error->message);
	return store;
}

static int run_append(const char *folder, double seconds, int n_threads)
{
	g_autofree char *ours = g_build_filename(folder, "store", NULL);
	g_autofree char *theirs = g_build_filename(folder, "peers", NULL);
	g_autoptr(Record) record = make_record(0);
	g_autofree char *leaf = record_to_leaf(record), *opening = record_to_opening(record);
	double store = 0, batch = 0, single = 0, sync = 0, turn = seconds / N_TURNS;
	Load load = {.next_key = 0};
	Peers *peers;

	g_mkdir_with_parents(folder, 0700);
	load.store = open_store(ours);
	peers = peers_open(theirs, leaf, opening);
	/* In turns, so that what else the machine does meets all of them. */
	for (int i = 0; i < N_TURNS; i++) {
		store += run_threads(&load, store_thread, n_threads, turn) / N_TURNS;
		batch += peers_batch(peers, n_threads, turn) / N_TURNS;
		single += peers_single(peers, n_threads, turn) / N_TURNS;
		sync += peers_sync(peers, n_threads, turn) / N_TURNS;
	}
	printf("store %.1f batch %.1f single %.1f sync %.1f bytes %zu\n", store, batch, single,
		sync, strlen(leaf) + strlen(opening));
	peers_close(peers);
	store_close(load.store);
	return 0;
}

typedef struct {
	gint first, n_leaves;
} Fill;

static gboolean fill_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Fill *fill = data;

	for (gint i = fill->first; i < fill->first + fill->n_leaves; i++) {
		g_autoptr(Record) record = make_record(i);
		g_autofree char *key = g_strdup_printf("expediente/2026-%06d", i);

		if (!store_append(txn, record, NULL, error) ||
			!store_put(txn, TABLE_INDEX, key, record->id, error))
			return FALSE;
	}
	return TRUE;
}

typedef void (*Step)(Store *store, gint n_leaves, gint number);

static void look_up(Store *store, gint n_leaves, gint number)
{
	g_autofree char *key =
		g_strdup_printf("expediente/2026-%06d", g_random_int_range(0, n_leaves));
	g_autofree char *id = store_get(store, TABLE_INDEX, key, NULL);

	(void)number;
	if (id == NULL)
		die("look-up", key);
}

static void prove(Store *store, gint n_leaves, gint number)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) proof = store_inclusion_proof(
		store, (guint64)g_random_int_range(0, n_leaves), (guint64)n_leaves, &error);

	(void)number;
	if (proof == NULL)
		die("proof", error->message);
}

/* Durable, one after the other, each waiting for its fsync. */
static void append(Store *store, gint n_leaves, gint number)
{
	g_autoptr(Record) record = make_record(n_leaves + number);
	g_autoptr(GError) error = NULL;

	if (!store_run(store, append_change, record, &error))
		die("append", error->message);
}

static gint compare_times(gconstpointer left, gconstpointer right)
{
	gint64 one = *(const gint64 *)left, other = *(const gint64 *)right;

	return (one > other) - (one < other);
}

/* The median, in microseconds: a step that the system put aside for others says nothing of it. */
static double time_steps(Store *store, gint n_leaves, Step step, gint n_steps)
{
	g_autoptr(GArray) times = g_array_sized_new(FALSE, FALSE, sizeof(gint64), (guint)n_steps);

	for (gint i = 0; i < n_steps; i++) {
		struct timespec begun, ended;
		gint64 took_ns;

		clock_gettime(CLOCK_MONOTONIC, &begun);
		step(store, n_leaves, i);
		clock_gettime(CLOCK_MONOTONIC, &ended);
		took_ns = (gint64)(ended.tv_sec - begun.tv_sec) * 1000000000 + ended.tv_nsec -
			  begun.tv_nsec;
		g_array_append_val(times, took_ns);
	}
	g_array_sort(times, compare_times);
	return (double)g_array_index(times, gint64, times->len / 2) / 1000;
}

/* What `acusectl ledger dump` writes of the entries. */
static void write_dump(Store *store, const char *path)
{
	FILE *file = fopen(path, "we");
	guint64 size = store_tree_size(store);

	for (guint64 i = 0; file != NULL && i < size; i++) {
		g_autofree char *leaf = store_leaf(store, i, NULL);
		g_autofree char *opening = store_opening(store, i, NULL), *hex = NULL;
		MerkleHash hash;
		json_t *row;

		if (leaf == NULL || !store_leaf_hash(store, i, &hash, NULL))
			die("dump", "a leaf is missing");
		hex = merkle_hash_to_hex(&hash);
		row = json_pack("{s:I, s:s, s:s?, s:s}", "index", (json_int_t)i, "leaf", leaf,
			"opening", opening, "hash", hex);
		json_dumpf(row, file, JSON_COMPACT);
		fputc('\n', file);
		json_decref(row);
	}
	if (file == NULL || fclose(file) != 0)
		die("dump", path);
}

static int run_fill(const char *folder, int n_leaves, const char *dump)
{
	Store *store = open_store(folder);

	for (gint at = 0; at < n_leaves; at += FILL_BATCH) {
		Fill fill = {at, MIN(FILL_BATCH, n_leaves - at)};
		g_autoptr(GError) error = NULL;

		if (!store_run(store, fill_change, &fill, &error))
			die("fill", error->message);
	}
	write_dump(store, dump);
	store_close(store);
	return 0;
}

static gboolean pass_over(const char *key, const char *value, gpointer data)
{
	(void)key;
	(void)value;
	(void)data;
	return TRUE;
}

/* What a gateway that has run for a while has in its cache. */
static void warm_up(Store *store, gint n_leaves)
{
	if (!store_scan(store, TABLE_INDEX, "expediente/", NULL, FALSE, pass_over, NULL, NULL))
		die("warm-up", "a scan");
	for (gint i = 0; i < n_leaves; i += WARM_STEP)
		prove(store, n_leaves, i);
}

static int run_read(const char *folder, int n_leaves)
{
	Store *store = open_store(folder);
	double look_up_us, proof_us;

	warm_up(store, n_leaves);
	look_up_us = time_steps(store, n_leaves, look_up, N_READS);
	proof_us = time_steps(store, n_leaves, prove, N_READS);
	printf("leaves %d look_up_us %.1f proof_us %.1f append_us %.1f\n", n_leaves, look_up_us,
		proof_us, time_steps(store, n_leaves, append, N_APPENDS));
	store_close(store);
	return 0;
}

/* ---- the life of a store: sends, one after the other ---- */

typedef struct {
	gint number;
	const char *send; /* as long as what the sends' table holds */
	guint8 message[MESSAGE_BYTES];
} Send;

/* Index rows under random names, as tokens and digests are. */
static gboolean put_names(StoreTxn *txn, const char *id, GError **error)
{
	static const char *const kinds[] = {
		"token", "queue", "fingerprint", "pending", "message-id"};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *name = g_strdup_printf("%s/%08x%08x%08x%08x", kinds[i],
			g_random_int(), g_random_int(), g_random_int(), g_random_int());

		if (!store_put(txn, TABLE_INDEX, name, id, error))
			return FALSE;
	}
	return TRUE;
}

/* What sends.c does to the tables for one mail that is not signed, by number and size of rows. */
static gboolean send_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Send *send = data;
	g_autofree char *digest = g_strdup_printf("%08x%08x%08x%08x%032x", g_random_int(),
		g_random_int(), g_random_int(), g_random_int(), (guint)send->number);
	g_autofree char *id =
		g_strdup_printf("%08x-8a7f-49e1-9c4f-%012d", g_random_int(), send->number);
	g_autofree char *all = g_strdup_printf("send/all/%020d", send->number);
	g_autofree char *mailbox = g_strdup_printf("mailbox/m@muni.test/%020d", send->number);
	g_autoptr(GBytes) packed = g_bytes_new_static(send->message, sizeof send->message);
	guint64 sequence;

	for (int i = 0; i < 3; i++) {
		g_autoptr(Record) record = make_record(send->number);

		if (!store_append(txn, record, NULL, error))
			return FALSE;
	}
	return store_next(txn, "send", &sequence, error) && put_names(txn, id, error) &&
	       store_put(txn, TABLE_INDEX, all, id, error) &&
	       store_put(txn, TABLE_INDEX, mailbox, id, error) &&
	       store_put(txn, TABLE_LIMITS, "account/rmoralesa", digest, error) &&
	       store_put(txn, TABLE_LIMITS, "gateway/all", digest, error) &&
	       store_put_blob(txn, digest, packed, error) &&
	       store_put(txn, TABLE_SENDS, id, send->send, error);
}

static double processor_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * G_USEC_PER_SEC + (double)time.tv_nsec / 1000;
}

/* Processor and wall time of a send, for each step of `step` sends. */
static int run_sends(const char *folder, int n_sends, int step)
{
	Store *store = open_store(folder);
	g_autofree char *row = g_strnfill(SEND_ROW_BYTES, 's');
	Send send = {.send = row};
	double used = processor_us();
	gint64 begun = g_get_monotonic_time();

	for (gsize i = 0; i < sizeof send.message; i++)
		send.message[i] = (guint8)g_random_int();
	for (send.number = 1; send.number <= n_sends; send.number++) {
		g_autoptr(GError) error = NULL;

		if (!store_run(store, send_change, &send, &error))
			die("send", error->message);
		if (send.number % step != 0)
			continue;
		printf("sends %d processor_us %.1f wall_us %.1f\n", send.number,
			(processor_us() - used) / step,
			(double)(g_get_monotonic_time() - begun) / step);
		fflush(stdout);
		used = processor_us();
		begun = g_get_monotonic_time();
	}
	store_close(store);
	return 0;
}

int main(int argc, char **argv)
{
	digest_serve_core();
	if (argc == 5 && strcmp(argv[1], "sends") == 0)
		return run_sends(argv[2], atoi(argv[3]), atoi(argv[4]));
	if (argc == 5 && strcmp(argv[1], "append") == 0)
		return run_append(argv[2], g_ascii_strtod(argv[3], NULL), atoi(argv[4]));
	if (argc == 5 && strcmp(argv[1], "fill") == 0)
		return run_fill(argv[2], atoi(argv[3]), argv[4]);
	if (argc == 4 && strcmp(argv[1], "read") == 0)
		return run_read(argv[2], atoi(argv[3]));
	fprintf(stderr,
		"usage: ledger-load append FOLDER SECONDS THREADS | fill FOLDER LEAVES DUMP | "
		"read FOLDER LEAVES | sends FOLDER SENDS STEP\n");
	return 2;
}
