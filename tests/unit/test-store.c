/*
 * The store: a failing change leaves nothing, many threads lose nothing, a kill -9 loses nothing
 * that was acknowledged, scans go both ways, one owner only. Each test has a folder of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "provision/store.h"
#include "tests/unit/temporary.h"

#define N_THREADS 32
#define N_APPENDS 200

static Store *open_store(const char *folder)
{
	g_autoptr(GError) error = NULL;
	Store *store = store_open(folder, &error);

	if (store == NULL)
		fail_msg("%s", error->message);
	return store;
}

static gboolean append_text(StoreTxn *txn, const char *id, guint64 *leaf, GError **error)
{
	static const guint8 salt[RECORD_SALT_BYTES] = {1, 2, 3};
	g_autoptr(Record) record = record_new("event", id, 1795000000);

	record_add_personal(record, "address", "ciudadano@ciudadano.test", salt);
	return store_append(txn, record, leaf, error);
}

typedef struct {
	char id[64];
	guint64 leaf;
} Append;

static gboolean append_change(StoreTxn *txn, gpointer data, GError **error)
{
	Append *append = data;

	return append_text(txn, append->id, &append->leaf, error) &&
	       store_put(txn, TABLE_SENDS, append->id, "{}", error);
}

static gboolean append_and_fail(StoreTxn *txn, gpointer data, GError **error)
{
	Append *append = data;
	guint64 number;

	assert_true(append_text(txn, append->id, &append->leaf, error));
	assert_true(store_put(txn, TABLE_SENDS, append->id, "{}", error));
	assert_true(store_next(txn, "numbers", &number, error));
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "no");
	return FALSE;
}

/* Passes over a failed put, as a careless change would. */
static gboolean ignore_failure(StoreTxn *txn, gpointer data, GError **error)
{
	(void)error;
	(void)data;
	assert_true(store_put(txn, TABLE_SENDS, "careless", "{}", NULL));
	assert_false(store_put(txn, TABLE_SENDS, "", "{}", NULL));
	return TRUE;
}

static gboolean next_change(StoreTxn *txn, gpointer data, GError **error)
{
	return store_next(txn, "numbers", data, error);
}

static void assert_absent(Store *store, const char *key)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *value = store_get(store, TABLE_SENDS, key, &error);

	assert_null(value);
	assert_null(error);
}

static void test_atomic(void **state)
{
	g_autofree char *folder = temporary_folder();
	g_autoptr(GError) error = NULL;
	Store *store = open_store(folder);
	Append append = {.id = "first"};
	MerkleHash before, after;
	guint64 number = 0;

	(void)state;
	assert_true(store_run(store, append_change, &append, NULL));
	assert_int_equal(append.leaf, 0);
	assert_true(store_root(store, 1, &before, NULL));
	strcpy(append.id, "second");
	assert_false(store_run(store, append_and_fail, &append, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT));
	g_clear_error(&error);
	assert_false(store_run(store, ignore_failure, NULL, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	assert_absent(store, "second");
	assert_absent(store, "careless");
	assert_int_equal(store_tree_size(store), 1);
	assert_true(store_root(store, 1, &after, NULL));
	assert_memory_equal(&before, &after, sizeof before);
	assert_true(store_run(store, next_change, &number, NULL));
	assert_int_equal(number, 1);
	assert_true(store_run(store, append_change, &append, NULL));
	assert_int_equal(append.leaf, 1);
	store_close(store);
	assert_true(store_verify(folder, NULL));
	temporary_remove(folder);
}

static gboolean count_row(const char *key, const char *value, gpointer data)
{
	(void)key;
	(void)value;
	*(guint *)data += 1;
	return TRUE;
}

/* A change that reads as any thread does reads what it has written, and waits for nobody. */
static gboolean read_own(StoreTxn *txn, gpointer data, GError **error)
{
	Store *store = data;
	g_autofree char *own = NULL;
	guint rows = 0;

	assert_true(store_put(txn, TABLE_SENDS, "own", "{}", error));
	own = store_get(store, TABLE_SENDS, "own", error);
	assert_string_equal(own, "{}");
	return store_scan(store, TABLE_SENDS, "own", NULL, FALSE, count_row, &rows, error) &&
	       rows == 1;
}

static void test_reads_in_a_change(void **state)
{
	g_autofree char *folder = temporary_folder();
	Store *store = open_store(folder);

	(void)state;
	assert_true(store_run(store, read_own, store, NULL));
	store_close(store);
	temporary_remove(folder);
}

typedef struct {
	Store *store;
	guint number;
	gint *stop;
} Worker;

static gpointer append_many(gpointer data)
{
	Worker *worker = data;

	for (guint i = 0; i < N_APPENDS; i++) {
		Append append = {.leaf = 0};

		g_snprintf(append.id, sizeof append.id, "%02u-%03u", worker->number, i);
		/* Some fail in the middle of a batch. */
		if (i % 10 == 3)
			store_run(worker->store, append_and_fail, &append, NULL);
		if (!store_run(worker->store, append_change, &append, NULL))
			return NULL;
	}
	return worker;
}

static gpointer read_meanwhile(gpointer data)
{
	Worker *worker = data;

	while (!g_atomic_int_get(worker->stop)) {
		guint64 size = store_tree_size(worker->store);
		MerkleHash root;
		guint rows = 0;

		if (!store_root(worker->store, size, &root, NULL) ||
			!store_scan(worker->store, TABLE_SENDS, "", NULL, FALSE, count_row, &rows,
				NULL))
			return NULL;
		if (rows < size)
			return NULL;
	}
	return worker;
}

static void test_many_threads(void **state)
{
	g_autofree char *folder = temporary_folder();
	Store *store = open_store(folder);
	Worker workers[N_THREADS + 4];
	GThread *threads[N_THREADS + 4];
	g_autoptr(GError) error = NULL;
	guint rows = 0;
	gint stop = 0;

	(void)state;
	for (guint i = 0; i < N_THREADS + 4; i++) {
		workers[i] = (Worker){store, i, &stop};
		threads[i] = g_thread_new(
			"worker", i < N_THREADS ? append_many : read_meanwhile, &workers[i]);
	}
	for (guint i = 0; i < N_THREADS; i++)
		assert_non_null(g_thread_join(threads[i]));
	g_atomic_int_set(&stop, 1);
	for (guint i = N_THREADS; i < N_THREADS + 4; i++)
		assert_non_null(g_thread_join(threads[i]));
	assert_int_equal(store_tree_size(store), N_THREADS * N_APPENDS);
	assert_true(store_scan(store, TABLE_SENDS, "", NULL, TRUE, count_row, &rows, NULL));
	assert_int_equal(rows, N_THREADS * N_APPENDS);
	store_close(store);
	if (!store_verify(folder, &error))
		fail_msg("%s", error->message);
	temporary_remove(folder);
}

/* Says each acknowledged leaf through the pipe until it is killed. */
static gpointer append_and_tell(gpointer data)
{
	Worker *worker = data;

	for (guint i = 0;; i++) {
		Append append = {.leaf = 0};

		g_snprintf(append.id, sizeof append.id, "%02u-%06u", worker->number, i);
		if (!store_run(worker->store, append_change, &append, NULL) ||
			write(*worker->stop, &append, sizeof append) != sizeof append)
			_exit(3);
	}
	return NULL;
}

static pid_t start_writer(const char *folder, int out)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		static Worker workers[8];
		Store *store = store_open(folder, NULL);

		if (store == NULL)
			_exit(2);
		for (guint i = 0; i < G_N_ELEMENTS(workers); i++) {
			workers[i] = (Worker){store, i, &out};
			g_thread_new("writer", append_and_tell, &workers[i]);
		}
		pause();
		_exit(0);
	}
	close(out);
	return child;
}

static void check_acknowledged(Store *store, const Append *append)
{
	g_autofree char *leaf = store_leaf(store, append->leaf, NULL);
	g_autofree char *opening = store_opening(store, append->leaf, NULL);
	g_autofree char *value = store_get(store, TABLE_SENDS, append->id, NULL);

	assert_non_null(leaf);
	assert_non_null(opening);
	assert_non_null(value);
	assert_non_null(strstr(leaf, append->id));
}

static void test_killed(void **state)
{
	g_autofree char *folder = temporary_folder();

	(void)state;
	for (guint round = 0; round < 5; round++) {
		g_autoptr(GArray) told = g_array_new(FALSE, FALSE, sizeof(Append));
		g_autoptr(GError) error = NULL;
		int ends[2], status;
		Append append;
		pid_t child;
		Store *store;

		assert_int_equal(pipe(ends), 0);
		child = start_writer(folder, ends[1]);
		while (told->len < 100 + 150 * round &&
			read(ends[0], &append, sizeof append) == sizeof append)
			g_array_append_val(told, append);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		while (read(ends[0], &append, sizeof append) == sizeof append)
			g_array_append_val(told, append);
		close(ends[0]);
		assert_true(told->len >= 100 + 150 * round);
		store = open_store(folder);
		for (guint i = 0; i < told->len; i++)
			check_acknowledged(store, &g_array_index(told, Append, i));
		store_close(store);
		if (!store_verify(folder, &error))
			fail_msg("%s", error->message);
	}
	temporary_remove(folder);
}

static gboolean put_rows(StoreTxn *txn, gpointer data, GError **error)
{
	const char *const *keys = data;

	for (; *keys != NULL; keys++)
		if (!store_put(txn, TABLE_INDEX, *keys, *keys, error))
			return FALSE;
	for (guint i = 0; i < 450; i++) {
		char key[16];

		g_snprintf(key, sizeof key, "many/%04u", i);
		if (!store_put(txn, TABLE_INDEX, key, "x", error))
			return FALSE;
	}
	return TRUE;
}

static gboolean join_row(const char *key, const char *value, gpointer data)
{
	(void)value;
	g_string_append_printf(data, "%s ", key);
	return TRUE;
}

static void test_scan(void **state)
{
	static const char *const keys[] = {
		"a/1", "a/2", "a/3", "b/1", "b/2", "c\xff/1", "c\xff/2", NULL};
	static const struct {
		const char *name, *prefix, *after;
		gboolean reversed;
		const char *found;
	} cases[] = {
		{"prefix", "a/", NULL, FALSE, "a/1 a/2 a/3 "},
		{"prefix back", "a/", NULL, TRUE, "a/3 a/2 a/1 "},
		{"after", "a/", "a/1", FALSE, "a/2 a/3 "},
		{"after back", "a/", "a/3", TRUE, "a/2 a/1 "},
		{"after none", "a/", "a/3", FALSE, ""},
		{"after absent", "a/", "a/11", FALSE, "a/2 a/3 "},
		{"after before prefix", "b/", "a/2", FALSE, "b/1 b/2 "},
		{"after over prefix back", "a/", "z", TRUE, "a/3 a/2 a/1 "},
		{"no such prefix", "x/", NULL, FALSE, ""},
		{"no such prefix back", "x/", NULL, TRUE, ""},
		{"high byte back", "c\xff", NULL, TRUE, "c\xff/2 c\xff/1 "},
	};
	g_autofree char *folder = temporary_folder();
	Store *store = open_store(folder);
	guint many = 0, back = 0, all = 0;

	(void)state;
	assert_true(store_run(store, put_rows, (gpointer)keys, NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) found = g_string_new(NULL);

		assert_true(store_scan(store, TABLE_INDEX, cases[i].prefix, cases[i].after,
			cases[i].reversed, join_row, found, NULL));
		if (strcmp(found->str, cases[i].found) != 0)
			fail_msg("%s: %s", cases[i].name, found->str);
	}
	assert_true(store_scan(store, TABLE_INDEX, "many/", NULL, FALSE, count_row, &many, NULL));
	assert_int_equal(many, 450);
	assert_true(store_scan(store, TABLE_INDEX, "many/", NULL, TRUE, count_row, &back, NULL));
	assert_int_equal(back, 450);
	assert_true(store_scan(store, TABLE_INDEX, "", NULL, FALSE, count_row, &all, NULL));
	assert_int_equal(all, 457);
	store_close(store);
	temporary_remove(folder);
}

static void test_one_owner(void **state)
{
	g_autofree char *folder = temporary_folder();
	g_autoptr(GError) error = NULL;
	Store *store = open_store(folder);

	(void)state;
	assert_null(store_open(folder, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT));
	store_close(store);
	store = open_store(folder);
	store_close(store);
	temporary_remove(folder);
}

static void test_proofs(void **state)
{
	g_autofree char *folder = temporary_folder();
	Store *store = open_store(folder);
	MerkleHash root, old_root, leaf_hash;
	g_autoptr(GError) error = NULL;

	(void)state;
	for (guint i = 0; i < 21; i++) {
		Append append = {.leaf = 0};

		g_snprintf(append.id, sizeof append.id, "send-%u", i);
		assert_true(store_run(store, append_change, &append, NULL));
	}
	assert_true(store_root(store, 21, &root, NULL));
	assert_true(store_root(store, 13, &old_root, NULL));
	for (guint64 i = 0; i < 21; i++) {
		g_autofree char *leaf = store_leaf(store, i, NULL);
		g_autoptr(GArray) proof = store_inclusion_proof(store, i, 21, NULL);

		assert_non_null(proof);
		merkle_leaf_hash(leaf, strlen(leaf), &leaf_hash);
		assert_true(merkle_verify_inclusion(&leaf_hash, i, 21, proof, &root));
		assert_false(merkle_verify_inclusion(&leaf_hash, i, 21, proof, &old_root));
	}
	{
		g_autoptr(GArray) proof = store_consistency_proof(store, 13, 21, NULL);

		assert_true(merkle_verify_consistency(13, 21, &old_root, &root, proof));
	}
	assert_null(store_inclusion_proof(store, 21, 21, &error));
	g_clear_error(&error);
	assert_null(store_inclusion_proof(store, 0, 22, &error));
	g_clear_error(&error);
	assert_false(store_root(store, 22, &root, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
	g_clear_error(&error);
	assert_null(store_leaf(store, 21, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND));
	store_close(store);
	temporary_remove(folder);
}

static void test_floor(void **state)
{
	g_autofree char *folder = temporary_folder();
	g_autoptr(GError) error = NULL;
	Store *store = open_store(folder);
	Append append = {.id = "x"};

	(void)state;
	store_set_floor(store, G_MAXUINT64);
	assert_false(store_run(store, append_change, &append, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_NO_SPACE));
	assert_int_equal(store_tree_size(store), 0);
	store_set_floor(store, 0);
	assert_true(store_run(store, append_change, &append, NULL));
	store_close(store);
	temporary_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_atomic),
		cmocka_unit_test(test_reads_in_a_change),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_one_owner),
		cmocka_unit_test(test_proofs),
		cmocka_unit_test(test_floor),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
