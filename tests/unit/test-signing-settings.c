/*
 * Each setting of [signing] with a wrong value stops the program that reads it, at its start, and
 * is named with its line and the reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "provision/token_settings.h"
#include "tests/unit/temporary.h"

static char *folder;

/* "@" is the folder of the test. */
static const struct {
	const char *line, *why; /* NULL: it is right */
} cases[] = {
	{"trust=", NULL},
	{"trust=@/good", NULL},
	{"trust=@/absent", "No such file"},
	{"trust=@/empty", "has no file *.pem"},
	{"trust=@/odd", "odd/x.pem cannot be read, or has no certificate"},
	{"trust=@/good/ca.pem", "Not a directory"},
	{"tsa_trust=@/absent", "No such file"},
	{"tsa_url=http://tsa.test/x", NULL},
	{"tsa_url=https://tsa.test:8443", NULL},
	{"tsa_url=tsa.test", "http://"},
	{"tsa_url=ftp://tsa.test/", "http://"},
	{"tsa_url=http:///x", "http://"},
	{"expiry_warn_days=60;30;7", NULL},
	{"expiry_warn_days=1;3650", NULL},
	{"expiry_warn_days=0", "from 1 to 3650"},
	{"expiry_warn_days=60;3651", "from 1 to 3650"},
	{"expiry_warn_days=sesenta", "from 1 to 3650"},
	{"expiry_warn_days=60,30,7", "from 1 to 3650"},
	{"module=libsofthsm2.so", "absolute path"},
	{"permit_key=permit.key", "absolute path"},
	{"sign_socket=sign", "absolute path"},
	{"control_socket=", "absolute path"},
	{"unlock_socket=x", "absolute path"},
	{"state_folder=var", "absolute path"},
	{"seccomp=all", "one of: pcscd files minimal"},
	{"sign_timeout_ms=99", "from 100 to 60000"},
	{"sign_timeout_ms=60001", "from 100 to 60000"},
	{"sign_timeout_ms=8 s", "from 100 to 60000"},
	{"queue_length=0", "from 1 to 1000"},
	{"queue_length=1001", "from 1 to 1000"},
	{"personal_tokens=yes", "one of: off on"},
	{"personal_unlock_s=0", "from 1 to 86400"},
	{"personal_unlock_mails=0", "from 1 to 100000"},
	{"remote_unlock=true", "one of: off on"},
	{"on_failure=discard", "one of: refuse hold unsigned"},
	{"hold_max_s=59", "from 60 to 432000"},
	{"certificate_address=off", "one of: strict warn"},
	{"revocation=on", "one of: require prefer off"},
	{"revocation_timeout_ms=-1", "from 100 to 60000"},
	{"tsa_timeout_ms=15001", "from 100 to 15000"},
	{"tsa_missing=hold", "one of: refuse sign"},
	{"return_reminder_days=366", "from 0 to 365"},
	{"permit_lifetime_s=0", "from 1 to 600"},
	{"pin=246810", "no such setting"},
};

static char *write_settings(const char *line)
{
	g_auto(GStrv) parts = g_strsplit(line, "@", -1);
	g_autofree char *there = g_strjoinv(folder, parts);
	g_autofree char *text = g_strdup_printf("[institution]\nname=Muni\n[signing]\n%s\n", there);
	char *path = g_build_filename(folder, "acuse.conf", NULL);

	assert_true(g_file_set_contents(path, text, -1, NULL));
	return path;
}

static void assert_error(const char *line, const char *message, const char *why)
{
	g_autofree char *key = g_strndup(line, strcspn(line, "="));
	g_autofree char *place = g_strdup_printf("acuse.conf:4: [signing] %s: ", key);

	if (message == NULL || strstr(message, place) == NULL || strstr(message, why) == NULL)
		fail_msg("%s: %s", line, message);
}

static void test_values(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = write_settings(cases[i].line);
		g_autoptr(GError) error = NULL;
		g_autoptr(Settings) settings = settings_load(path, &error);

		if (settings != NULL && token_settings_check(settings, &error)) {
			if (cases[i].why != NULL)
				fail_msg("%s: taken", cases[i].line);
			continue;
		}
		if (cases[i].why == NULL)
			fail_msg("%s: %s", cases[i].line, error->message);
		assert_int_equal(error->code, ACUSE_ERROR_INVALID);
		assert_error(cases[i].line, error->message, cases[i].why);
	}
}

/* What the signer looks at itself. */
static void test_signer(void **state)
{
	static const struct {
		const char *line, *why;
	} wrong[] = {
		{"module=@/absent.so", "No such file"},
		{"trust=@/empty", "has no file *.pem"},
		{"seal_token=sello/1", "no '/'"},
		{"seal_token=123456789012345678901234567890123", "at most 32 bytes"},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *module = strstr(wrong[i].line, "module=") == NULL
						  ? g_strdup("\nmodule=/bin/sh")
						  : g_strdup("");
		g_autofree char *lines = g_strconcat(wrong[i].line, module, NULL);
		g_autofree char *path = write_settings(lines);
		const char *argv[] = {"./acuse-signer", "-c", path, NULL};
		g_autofree char *log = NULL;
		int status = 0;

		assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL,
			NULL, NULL, NULL, &log, &status, NULL));
		assert_false(g_spawn_check_wait_status(status, NULL));
		assert_error(wrong[i].line, log, wrong[i].why);
	}
}

static int set_up(void **state)
{
	const char *argv[] = {"sh", "-ec",
		"cd \"$1\"; mkdir good empty odd; echo x >odd/x.pem; echo x >empty/readme\n"
		"openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -out good/ca.pem "
		"-days 9 -subj /CN=CA 2>&1",
		"sh", NULL, NULL};
	g_autofree char *out = NULL;
	int status = -1;

	(void)state;
	folder = temporary_folder();
	argv[4] = folder;
	assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
		NULL, &status, NULL));
	assert_int_equal(status, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	temporary_remove(folder);
	g_free(folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_signer),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
