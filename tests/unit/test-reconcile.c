/* The reconciler's thread with a stand-in postqueue: what it lists is released, a mail system that
 * is down decides nothing. */
#include "sends_fixture.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/error.h"
#include "provision/reconcile.h"
#include "eventually.h"
#include "route.h"

/* A postqueue first in PATH; $MARK is for its process ids, one a line. */
static void write_postqueue(Fixture *fixture, const char *script)
{
	g_autofree char *bin = g_build_filename(fixture->folder, "bin", NULL);
	g_autofree char *program = g_build_filename(bin, "postqueue", NULL);
	g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", script);
	g_autofree char *path = g_strdup_printf("%s:/usr/bin:/bin", bin);

	assert_int_equal(g_mkdir(bin, 0700), 0);
	assert_true(g_file_set_contents(program, text, -1, NULL));
	assert_int_equal(g_chmod(program, 0700), 0);
	g_setenv("PATH", path, TRUE);
	g_setenv("MARK", fixture->bundle, TRUE);
}

static gboolean is_state(Fixture *fixture, const char *state)
{
	json_t *send = fixture_send(fixture, "s-1");
	gboolean same = g_strcmp0(json_string_value(json_object_get(send, "state")), state) == 0;

	json_decref(send);
	return same;
}

static void test_listed(void **state)
{
	Fixture *fixture = *state;
	Reconciler *reconciler;

	write_postqueue(fixture, "test \"$1 $2 $3\" = '-c /etc/postfix -j' || exit 1\n"
				 "echo '{\"queue_name\": \"deferred\", \"queue_id\": \"sQ1\"}'");
	fixture_prepare(fixture, "s-1", "bytes");
	reconciler = reconcile_start(&fixture->service, NULL);
	assert_non_null(reconciler);
	reconcile_wake(reconciler);
	eventually(is_state(fixture, "released"));
	reconcile_stop(reconciler);
}

/* The process id of the n-th run of the stand-in; 0: it was not run so often yet. */
static pid_t run_of(Fixture *fixture, guint n)
{
	g_autofree char *marks = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(fixture->bundle, &marks, NULL, NULL))
		return 0;
	lines = g_strsplit(marks, "\n", -1);
	return g_strv_length(lines) > n ? (pid_t)g_ascii_strtoll(lines[n - 1], NULL, 10) : 0;
}

/* Old enough to be timed out, were the queue known. */
static void assert_undecided(Fixture *fixture, const char *script)
{
	g_autofree char *marked = g_strconcat("echo $$ >> \"$MARK\"\n", script, NULL);
	Reconciler *reconciler;

	write_postqueue(fixture, marked);
	fixture_prepare(fixture, "s-1", "bytes");
	fixture_now_s += 100000;
	reconciler = reconcile_start(&fixture->service, NULL);
	assert_non_null(reconciler);
	reconcile_wake(reconciler);
	eventually(run_of(fixture, 1) != 0);
	/* Once it is asked again, all has been made of its first answer. */
	reconcile_wake(reconciler);
	eventually(run_of(fixture, 2) != 0);
	reconcile_stop(reconciler);
	fixture_assert_state(fixture, "s-1", "prepared");
}

static void test_down(void **state)
{
	assert_undecided(*state, "echo 'mail system is down' >&2; exit 69");
}

static void test_garbage(void **state)
{
	assert_undecided(*state, "echo 'no JSON at all'");
}

static void test_stop_while_asking(void **state)
{
	Fixture *fixture = *state;
	Reconciler *reconciler;
	pid_t asked;

	write_postqueue(fixture, "echo $$ >> \"$MARK\"; exec sleep 600");
	reconciler = reconcile_start(&fixture->service, NULL);
	assert_non_null(reconciler);
	reconcile_wake(reconciler);
	eventually((asked = run_of(fixture, 1)) != 0);
	reconcile_stop(reconciler);
	eventually(kill(asked, 0) != 0);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

static gboolean has_line(Fixture *fixture, const char *line)
{
	g_autoptr(GError) error = NULL;
	ApiResponse response;
	g_autofree char *text = NULL, *wanted = g_strconcat("\n", line, "\n", NULL);
	gboolean done = route_call(&fixture->service, routes_metrics, "GET", "/metrics", NULL, NULL,
		NULL, &response, &error);

	assert_true(done);
	text = g_strndup(g_bytes_get_data(response.bytes, NULL), g_bytes_get_size(response.bytes));
	g_bytes_unref(response.bytes);
	return strstr(text, wanted) != NULL;
}

/* What monitoring reads of it; the counters are the process's, so other cases here count too. */
static void test_metrics(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *leaves = NULL;

	assert_true(has_line(fixture, "acuse_sends_pending 0"));
	fixture_prepare(fixture, "one", "bytes");
	assert_true(has_line(fixture, "acuse_sends_pending 1"));
	assert_false(has_line(fixture, "acuse_sends_total{state=\"prepared\"} 0"));
	leaves = g_strdup_printf(
		"acuse_ledger_leaves %u", (guint)store_tree_size(fixture->service.store));
	assert_true(has_line(fixture, leaves));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(test_listed),
		WITH(test_down),
		WITH(test_garbage),
		WITH(test_stop_while_asking),
		WITH(test_metrics),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
