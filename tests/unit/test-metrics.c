/* The milter's counters and their file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "milter/metrics.h"
#include "tests/unit/temporary.h"

static char *content_of(const char *path)
{
	char *text = NULL;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static void assert_line(const char *path, const char *line)
{
	g_autofree char *text = content_of(path);

	if (strstr(text, line) == NULL)
		fail_msg("no %s in\n%s", line, text);
}

static guint64 count(const char *reply, const char *decision)
{
	g_autoptr(Outcome) outcome = reply != NULL ? outcome_reply(reply, decision, NULL)
						   : outcome_new(ACTION_ACCEPT, decision);

	return metrics_count(outcome);
}

static void test_file(void **state)
{
	g_autofree char *folder = temporary_folder(), *path = NULL;
	struct stat status;

	(void)state;
	path = g_build_filename(folder, "acuse.prom", NULL);
	assert_true(metrics_start(path, "outgoing", NULL));
	assert_line(path, "\nacuse_milter_held_back_total{instance=\"outgoing\"} 0\n");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0644);
	assert_int_equal(count(NULL, "prepared"), 0);
	assert_int_equal(count("550 5.7.1 [P3] x", "policy"), 0);
	assert_int_equal(count("451 4.3.0 x", "unavailable"), 0);
	assert_int_equal(count("451 4.3.0 x", "damaged"), 1);
	assert_line(path, "\nacuse_milter_held_back_total{instance=\"outgoing\"} 1\n");
	assert_line(path, "{instance=\"outgoing\",decision=\"accepted\"} 1\n");
	assert_line(path, "{instance=\"outgoing\",decision=\"refused\"} 1\n");
	assert_line(path, "{instance=\"outgoing\",decision=\"deferred\"} 2\n");
	assert_line(path, "{instance=\"outgoing\",decision=\"discarded\"} 0\n");
	temporary_remove(folder);
	/* Its folder gone, it still counts. */
	assert_int_equal(count("451 4.3.0 x", "damaged"), 2);
}

static void test_no_file(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_true(metrics_start("", "evidence", NULL));
	assert_int_equal(count("451 4.3.0 x", "damaged"), 1);
	assert_false(metrics_start("/nonexistent/acuse.prom", "evidence", &error));
	assert_int_equal(error->code, ACUSE_ERROR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
