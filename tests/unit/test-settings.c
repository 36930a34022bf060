/* Settings: the whole table loads with its defaults; each kind of wrong line is refused with its
 * place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/settings.h"

static Settings *load(const char *text, GError **error)
{
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("acuse-settings-XXXXXX", &path, NULL);
	Settings *settings;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	settings = settings_load(path, error);
	g_unlink(path);
	return settings;
}

static void test_defaults(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = load("[institution]\nname=Muni\ndomain=muni.test\n", &error);

	(void)state;
	assert_non_null(settings);
	assert_string_equal(settings_string(settings, "institution", "name"), "Muni");
	assert_int_equal(settings_int(settings, "milter", "client_wait_ms"), 20000);
	assert_string_equal(settings_list(settings, "api", "otic_users")[0], "root");
	assert_int_equal(settings_uid(settings, "api", "outgoing_user"), (guint)-1);
	assert_false(settings_require(settings, &error, "directory.base", NULL));
}

static void test_wrong_lines(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{"[institution]\nnmae=x\n",
			":2: [institution] nmae: no such setting; the nearest is name"},
		{"[policy]\np3=sometimes\n",
			":2: [policy] p3: must be one of: off log warn enforce"},
		{"[milter]\nclient_wait_ms=999\n", "must be a whole number from 1000 to 60000"},
		{"[milter]\nclient_wait_ms=60001\n", "must be a whole number from 1000 to 60000"},
		{"[api]\nsocket=relative.sock\n", "[api] socket: must be an absolute path"},
		{"no group\n", ":1: neither a [group], a setting nor a comment"},
		{"p3=off\n[policy]\n", ":1: a setting before the first [group]"},
		{"[policy unit:x]\np3=no\n", ":2: [policy unit:x] p3: must be one of"},
		{"[policy unit:x]\np1=off\n", ":2: [policy unit:x] p1: no such setting in a group "
					      "of its own; it stands in "
					      "[policy]"},
		{"[policy unit:x]\np33=off\n",
			":2: [policy unit:x] p33: no such setting; the nearest"},
		{"[policy unit:x]\nnotification_types=X\n", "no such setting"},
		{"[milter unit:x]\nclient_wait_ms=2000\n", ":1: [milter unit:x]: no such group"},
		{"[ policy]\np3=off\n", ":1: [ policy]: no such group; the nearest is [policy]"},
		{"\n# x\n[polciy]\n", ":3: [polciy]: no such group; the nearest is [policy]"},
		{"[policy unt:x]\n[x]\n", ":2: [x]: no such group"},
		{"[zzzzzzzzzz]\n", ":1: [zzzzzzzzzz]: no such group"},
		{"[policy]\nzzzzzzzzzz=1\n", ":2: [policy] zzzzzzzzzz: no such setting"},
		{"[api]\notic=root\n", ":2: [api] otic: no such setting; that of [notices] has"},
		{"[api]\notic_user=root\n", ":2: [api] otic_user: no such setting; the nearest is "
					    "otic_users"},
		{"[policy]\np3=off\n\n p3 = warn\r\n",
			":4: [policy] p3: stands twice, first in line 2: leave one"},
		{"[policy]\np3=off\n[api]\n[policy]\np4=off\n",
			":4: [policy]: stands twice, first in line 1: leave one group"},
		{"[policy unit:x]\np3=off\n[policy unit:x]\np4=off\n",
			":3: [policy unit:x]: stands twice, first in line 1"},
		{"[policy]\np3[es]=off\n", ":2: the name of a setting has no brackets"},
		{"[policy]\n=off\n", ":2: neither a [group], a setting nor a comment"},
		{"[policy\n", ":1: a group is written [NAME]"},
		{"[policy] x\n", ":1: a group is written [NAME]"},
		{"[]\n", ":1: a group is written [NAME]"},
		{"[institution]\nname=Mu\xf1oz\n", ":2: is not UTF-8"},
		{"[institution]\nname=a\x01\n", ":2: has a control character"},
		{"[policy]\nexpediente_pattern=E\\.(\\d+)\n",
			":2: [policy] expediente_pattern: a backslash is written \\\\"},
		{"[api]\noutgoing_user=no-such-user\n", ":2: [api] outgoing_user: no such user"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Settings) settings = load(cases[i].text, &error);

		assert_null(settings);
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
		assert_non_null(strstr(error->message, cases[i].reason));
	}
}

/* A file that is right may have blanks, comments, CRLF, escapes, no end of its last line. */
static void test_right_lines(void **state)
{
	static const char text[] = "\r\n# [policy]\r\n  [institution]  \r\n name = Muni \r\n"
				   "[policy unit:x]\np3=off\n[policy]\n\n#p3=off\np3=warn\n"
				   "expediente_pattern=E\\\\.([0-9]+)";
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = load(text, &error);

	(void)state;
	assert_null(error);
	assert_string_equal(settings_string(settings, "institution", "name"), "Muni");
	assert_string_equal(settings_string(settings, "policy", "p3"), "warn");
	assert_string_equal(
		settings_string(settings, "policy", "expediente_pattern"), "E\\.([0-9]+)");
}

/* Who reads a value says where it stands; what is not given has no line. */
static void test_blame(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = load("\n[institution]\nname=Muni\n", NULL);

	(void)state;
	assert_false(settings_fail(settings, &error, "institution", "name", "is %s", "odd"));
	assert_non_null(strstr(error->message, ":3: [institution] name: is odd"));
	g_clear_error(&error);
	assert_false(settings_fail(settings, &error, "institution", NULL, "odd"));
	assert_non_null(strstr(error->message, ":2: [institution]: odd"));
	g_clear_error(&error);
	assert_false(
		settings_require(settings, &error, "institution.name", "institution.domain", NULL));
	assert_non_null(strstr(error->message, ": [institution] domain: must be given"));
	assert_null(strstr(error->message, ":0:"));
}

static void test_scoped(void **state)
{
	g_autoptr(Settings) settings = load("[policy unit:Gerencia Municipal]\np3=warn\n"
					    "[policy]\np3=log\n[policy domain:x.pe]\np4=off\n",
		NULL);
	g_auto(GStrv) scopes = settings_scopes(settings, "policy");
	g_auto(GStrv) none = settings_scopes(settings, "milter");

	(void)state;
	assert_int_equal(g_strv_length(scopes), 2);
	assert_int_equal(g_strv_length(none), 0);
	assert_string_equal(scopes[0], "unit:Gerencia Municipal");
	assert_string_equal(settings_scoped(settings, "policy", scopes[0], "p3"), "warn");
	assert_null(settings_scoped(settings, "policy", scopes[0], "p4"));
	assert_string_equal(settings_scoped(settings, "policy", scopes[1], "p4"), "off");
	assert_string_equal(settings_string(settings, "policy", "p3"), "log");
}

static void test_error_table(void **state)
{
	(void)state;
	for (int code = 0; code < ACUSE_N_ERRORS; code++) {
		const AcuseErrorRow *row = acuse_error_row(code);

		assert_int_equal(row->code, code);
		assert_ptr_equal(acuse_error_by_name(row->name), row);
		assert_int_equal(
			row->retry, row->smtp_status[0] == '4' && row->code != ACUSE_ERROR_DAMAGED);
		assert_true(g_str_is_ascii(row->text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_wrong_lines),
		cmocka_unit_test(test_right_lines),
		cmocka_unit_test(test_blame),
		cmocka_unit_test(test_scoped),
		cmocka_unit_test(test_error_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
