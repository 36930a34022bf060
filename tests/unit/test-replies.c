/*
 * What is kept of a call with an Idempotency-Key over the end of the process at each point: before
 * its change, after it, after the answer; and what a failed call leaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/error.h"
#include "provision/replies.h"
#include "tests/unit/temporary.h"

#define ROW "done"

typedef struct {
	char *folder;
	Service service;
	Replies *replies;
} World;

static gint64 fixed_now(void)
{
	return 1795000000;
}

static void world_open(World *world)
{
	g_autoptr(GError) error = NULL;

	world->service = (Service){.now_s = fixed_now};
	world->service.store = store_open(world->folder, &error);
	assert_null(error);
	world->replies = replies_new(&world->service);
}

static void world_close(World *world)
{
	replies_free(world->replies);
	store_close(world->service.store);
}

static gboolean change(StoreTxn *txn, gpointer data, GError **error)
{
	return store_put(txn, TABLE_INDEX, ROW, data, error);
}

static gboolean change_that_fails(StoreTxn *txn, gpointer data, GError **error)
{
	(void)txn;
	(void)data;
	return api_invalid(error, "all", "is wrong");
}

typedef enum { RUNS, CONFLICTS, ANSWERED } Outcome;

static Outcome begin(World *world, const char *fingerprint)
{
	ApiResponse response = {0};
	g_autoptr(GError) error = NULL;
	gboolean answered = FALSE;

	if (!replies_begin(
		    world->replies, "uid:0", "key", fingerprint, &response, &answered, &error)) {
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT));
		return CONFLICTS;
	}
	json_decref(response.json);
	return answered ? ANSWERED : RUNS;
}

static void end(World *world, unsigned status)
{
	ApiResponse response = {.status = status, .json = status != 0 ? json_object() : NULL};

	assert_true(replies_end(
		world->replies, "uid:0", "key", "print", status != 0 ? &response : NULL, NULL));
	json_decref(response.json);
}

/* How far the first call comes before the process ends, and what a repeat meets then. */
static const struct {
	const char *name;
	StoreChange change; /* NULL: none was begun */
	gboolean ended;	    /* the answer, or the failure, was kept */
	unsigned status;    /* 0: the call failed */
	Outcome after;
} cases[] = {
	{"killed before its change", NULL, FALSE, 0, RUNS},
	{"killed after its change", change, FALSE, 0, CONFLICTS},
	{"killed after its change failed", change_that_fails, FALSE, 0, RUNS},
	{"answered", change, TRUE, 200, ANSWERED},
	{"answered without a change", NULL, TRUE, 200, ANSWERED},
	{"failed after its change", change, TRUE, 0, RUNS},
	{"failed without one", NULL, TRUE, 0, RUNS},
};

static void test_end_of_process(void **state)
{
	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		World world = {.folder = temporary_folder()};

		print_message("%s\n", cases[i].name);
		world_open(&world);
		assert_int_equal(begin(&world, "print"), RUNS);
		if (cases[i].change != NULL)
			store_run(world.service.store, cases[i].change, (gpointer) "1", NULL);
		if (cases[i].ended)
			end(&world, cases[i].status);
		world_close(&world);
		store_accompany(NULL, NULL); /* its thread ended with the process */

		world_open(&world);
		assert_int_equal(begin(&world, "print"), cases[i].after);
		if (cases[i].after == RUNS)
			end(&world, 0);
		world_close(&world);
		temporary_remove(world.folder);
		g_free(world.folder);
	}
}

/* The companion goes with one change of its own thread, the next one, and with no other. */
static void test_companion(void **state)
{
	World world = {.folder = temporary_folder()};
	g_autofree char *value = NULL;

	(void)state;
	world_open(&world);
	store_accompany(change, (gpointer) "first");
	assert_false(store_run(world.service.store, change_that_fails, NULL, NULL));
	assert_null(store_get(world.service.store, TABLE_INDEX, ROW, NULL));
	assert_true(store_run(world.service.store, change, (gpointer) "second", NULL));
	value = store_get(world.service.store, TABLE_INDEX, ROW, NULL);
	assert_string_equal(value, "second");
	world_close(&world);
	temporary_remove(world.folder);
	g_free(world.folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end_of_process),
		cmocka_unit_test(test_companion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
