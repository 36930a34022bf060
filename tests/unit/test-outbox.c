/*
 * The outbox: order within a table of kinds, a service that is down is tried again and holds its
 * table back, trouble lets other subjects pass, what was queued is carried out after a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "provision/outbox.h"
#include "tests/unit/eventually.h"
#include "tests/unit/temporary.h"

#define WAIT_MS 60000 /* far longer than any machine needs */

static GMutex lock;
static GString *done; /* what was carried out, in order */
static gint down, refused, in_trouble, hanging;

static void note(const json_t *body)
{
	g_mutex_lock(&lock);
	g_string_append_printf(done, "%s ", json_string_value(json_object_get(body, "text")));
	g_mutex_unlock(&lock);
}

static gboolean do_account(Service *service, const json_t *body, GError **error)
{
	(void)service;
	if (g_atomic_int_get(&down)) {
		g_atomic_int_inc(&refused);
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "slapd is down");
		return FALSE;
	}
	if (g_atomic_int_get(&in_trouble) &&
		g_strcmp0(json_string_value(json_object_get(body, "uid")), "bad") == 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "no such attribute");
		return FALSE;
	}
	note(body);
	return TRUE;
}

static gboolean do_token(Service *service, const json_t *body, GError **error)
{
	(void)service;
	(void)error;
	note(body);
	return TRUE;
}

/* A signer that hangs. */
static gboolean do_hang(Service *service, const json_t *body, GError **error)
{
	(void)service;
	(void)error;
	while (g_atomic_int_get(&hanging))
		g_usleep(1000);
	note(body);
	return TRUE;
}

static gboolean do_make(Service *service, const json_t *body, GError **error)
{
	if (strcmp(json_string_value(json_object_get(body, "uid")), "hangs") == 0)
		return do_hang(service, body, error);
	return do_token(service, body, error);
}

static const OutboxKind accounts[] = {
	{"account", do_account, OUTBOX_ORDERED}, {"cease", do_token, OUTBOX_URGENT}, {NULL}};
static const OutboxKind tokens[] = {
	{"token", do_token, OUTBOX_ORDERED}, {"hang", do_hang, OUTBOX_ORDERED}, {NULL}};
static const OutboxKind made[] = {{"make", do_make, OUTBOX_MAKING}, {NULL}};
static const OutboxKind *const tables[] = {accounts, tokens, made, NULL};

typedef struct {
	const char *kind, *uid, *text;
	guint64 number;
} Add;

static gboolean add_change(StoreTxn *txn, gpointer data, GError **error)
{
	Add *add = data;
	json_t *body = json_pack("{s:s, s:s}", "uid", add->uid, "text", add->text);
	gboolean ok = outbox_add(txn, add->kind, body, &add->number, error);

	json_decref(body);
	return ok;
}

static guint64 queue(Service *service, const char *kind, const char *uid, const char *text)
{
	Add add = {kind, uid, text, 0};

	assert_true(store_run(service->store, add_change, &add, NULL));
	return add.number;
}

static void assert_done(const char *expected)
{
	g_mutex_lock(&lock);
	if (strcmp(done->str, expected) != 0)
		fail_msg("%s", done->str);
	g_mutex_unlock(&lock);
}

/* *trouble: a new string instead of the one that is there. */
static guint count_waiting(Outbox *outbox, char **trouble)
{
	g_clear_pointer(trouble, g_free);
	return outbox_waiting(outbox, trouble);
}

static void test_outbox(void **state)
{
	g_autofree char *folder = temporary_folder();
	g_autofree char *trouble = NULL;
	Service service = {.store = store_open(folder, NULL)};
	guint64 number;
	Outbox *outbox;

	(void)state;
	done = g_string_new(NULL);
	/* Queued before the thread runs, as before a restart. */
	queue(&service, "account", "rmoralesa", "a1");
	number = queue(&service, "account", "rmoralesa", "a2");
	outbox = outbox_start_with(&service, tables, NULL);
	assert_non_null(outbox);
	assert_true(outbox_wait(outbox, number, WAIT_MS));
	assert_done("a1 a2 ");

	/* Down: the second of the same table waits behind the first; the other table does not. */
	g_atomic_int_set(&down, TRUE);
	queue(&service, "account", "rmoralesa", "a3");
	number = queue(&service, "token", "", "t1");
	assert_true(outbox_wait(outbox, number, WAIT_MS));
	assert_done("a1 a2 t1 ");
	number = queue(&service, "account", "otro", "a4");
	assert_false(outbox_wait(outbox, number, 10));
	eventually(g_atomic_int_get(&refused) >= 2);
	g_atomic_int_set(&down, FALSE);
	assert_true(outbox_wait(outbox, number, WAIT_MS));
	assert_done("a1 a2 t1 a3 a4 ");

	/* Trouble: its own subject waits, others pass. */
	g_atomic_int_set(&in_trouble, 1);
	queue(&service, "account", "bad", "b1");
	queue(&service, "account", "bad", "b2");
	queue(&service, "unknown", "x", "u1");
	number = queue(&service, "account", "rmoralesa", "a5");
	assert_true(outbox_wait(outbox, number, WAIT_MS));
	assert_done("a1 a2 t1 a3 a4 a5 ");
	outbox_stop(outbox);
	g_atomic_int_set(&in_trouble, 0);
	outbox = outbox_start_with(&service, tables, NULL);
	number = queue(&service, "account", "rmoralesa", "a6");
	assert_true(outbox_wait(outbox, number, WAIT_MS));
	assert_done("a1 a2 t1 a3 a4 a5 b1 b2 a6 ");
	number = queue(&service, "token", "", "t2");
	assert_true(outbox_wait(outbox, number, WAIT_MS));
	/* Only what nobody can carry out is left. */
	eventually(count_waiting(outbox, &trouble) == 1);
	assert_string_equal(trouble, "no such kind of change");
	outbox_stop(outbox);
	store_close(service.store);
	g_string_free(done, TRUE);
	temporary_remove(folder);
}

/* A cessation overtakes whatever is in trouble, waits or hangs, also of its own subject. */
static void test_urgent(void **state)
{
	g_autofree char *folder = temporary_folder();
	Service service = {.store = store_open(folder, NULL)};
	Outbox *outbox;
	guint64 number, last;

	(void)state;
	done = g_string_new(NULL);
	g_atomic_int_set(&in_trouble, 1);
	g_atomic_int_set(&hanging, 1);
	outbox = outbox_start_with(&service, tables, NULL);
	assert_non_null(outbox);
	queue(&service, "account", "bad", "b1");
	last = queue(&service, "hang", "", "h1");
	number = queue(&service, "cease", "bad", "c1");
	assert_true(outbox_wait(outbox, number, WAIT_MS));
	assert_done("c1 ");
	g_atomic_int_set(&hanging, 0);
	assert_true(outbox_wait(outbox, last, WAIT_MS));
	g_atomic_int_set(&in_trouble, 0);
	outbox_stop(outbox);
	store_close(service.store);
	g_string_free(done, TRUE);
	temporary_remove(folder);
}

/* Made by several threads: one that hangs holds up its own subject, whose order stays. */
static void test_making(void **state)
{
	/* One of the two is another thread's. */
	const char *other = (g_str_hash("a") ^ g_str_hash("hangs")) & 1 ? "a" : "b";
	g_autofree char *folder = temporary_folder();
	Service service = {.store = store_open(folder, NULL)};
	Outbox *outbox;
	guint64 last, number;

	(void)state;
	done = g_string_new(NULL);
	g_atomic_int_set(&hanging, 1);
	outbox = outbox_start_with(&service, tables, NULL);
	assert_non_null(outbox);
	queue(&service, "make", "hangs", "h1");
	last = queue(&service, "make", "hangs", "h2");
	queue(&service, "make", other, "o1");
	number = queue(&service, "make", other, "o2");
	assert_true(outbox_wait(outbox, number, WAIT_MS));
	assert_false(outbox_wait(outbox, last, 10));
	assert_done("o1 o2 ");
	g_atomic_int_set(&hanging, 0);
	assert_true(outbox_wait(outbox, last, WAIT_MS));
	assert_done("o1 o2 h1 h2 ");
	outbox_stop(outbox);
	store_close(service.store);
	g_string_free(done, TRUE);
	temporary_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outbox),
		cmocka_unit_test(test_urgent),
		cmocka_unit_test(test_making),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
