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
		{"[institution]\nnmae=x\n", "[institution] nmae: no such setting"},
		{"[policy]\np3=sometimes\n", "[policy] p3: must be one of: off log warn enforce"},
		{"[milter]\nclient_wait_ms=999\n", "must be a whole number from 1000 to 60000"},
		{"[milter]\nclient_wait_ms=60001\n", "must be a whole number from 1000 to 60000"},
		{"[api]\nsocket=relative.sock\n", "[api] socket: must be an absolute path"},
		{"no group\n", "group"},
		{"[policy unit:x]\np3=no\n", "[policy unit:x] p3: must be one of"},
		{"[policy unit:x]\np1=off\n", "[policy unit:x] p1: no such setting"},
		{"[policy unit:x]\nnotification_types=X\n", "no such setting"},
		{"[milter unit:x]\nclient_wait_ms=2000\n", "no such setting"},
		{"[ policy]\np3=off\n", "no such setting"},
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
		cmocka_unit_test(test_scoped),
		cmocka_unit_test(test_error_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
