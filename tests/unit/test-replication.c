/* Two providers that replicate each other: what is written at one is seen by a live copy of the
 * other; readers go on with whoever answers, the writer goes nowhere by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <signal.h>

#include "base/error.h"
#include "directory/change.h"
#include "directory/live.h"
#include "tests/unit/slapd.h"

static TestSlapd *pair[2];
static Settings *both; /* the first, then the second */

#define eventually(condition)                                                                      \
	do {                                                                                       \
		int tries_ = 0;                                                                    \
		while (!(condition) && ++tries_ < 1500)                                            \
			g_usleep(20000);                                                           \
		assert_true(tries_ < 1500);                                                        \
	} while (0)

static void add(const Settings *settings, const char *uid, const char *dni)
{
	g_autoptr(Directory) directory = directory_new(settings);
	g_autoptr(Account) account = account_new();
	g_autoptr(GError) error = NULL;

	account->uid = g_strdup(uid);
	account->mail = g_strdup_printf("%s@muni.test", uid);
	account->kind = ACCOUNT_PERSON;
	account->state = ACCOUNT_PENDING;
	account->dni = g_strdup(dni);
	account->display_name = g_strdup("Rosa Morales Aranda");
	account->given_names = g_strdup("Rosa");
	account->paternal_surname = g_strdup("Morales");
	if (!directory_add_account(directory, account, &error))
		fail_msg("%s", error->message);
}

static gboolean has(LiveDirectory *live, const char *uid)
{
	g_autoptr(Account) account = live_directory_by_uid(live, uid);

	return account != NULL;
}

static gboolean is_at(const TestSlapd *slapd, const char *uid)
{
	g_autoptr(Directory) directory = directory_new(slapd->settings);
	g_autoptr(Account) account = directory_get(directory, uid, NULL);

	return account != NULL;
}

static void test_each_way(void **state)
{
	LiveDirectory *live[2];
	g_autoptr(Directory) first = directory_new(pair[0]->settings);
	g_autoptr(Directory) second = directory_new(pair[1]->settings);

	(void)state;
	for (int i = 0; i < 2; i++)
		live[i] = live_directory_start(pair[i]->settings, NULL);
	add(pair[0]->settings, "ana", "60000001");
	eventually(has(live[1], "ana"));
	add(pair[1]->settings, "beto", "60000002");
	eventually(has(live[0], "beto"));
	/* Current at both: each has reached the changes of both. */
	eventually(live_directory_age_s(live[0]) < 5 && live_directory_age_s(live[1]) < 5);
	/* A password and what ppolicy keeps of it go along. */
	assert_true(directory_set_first_password(first, "ana", "primera-clave-1", NULL));
	eventually(directory_change_own_password(
		second, "ana", "primera-clave-1", "Nueva-clave-1", NULL));
	for (int i = 0; i < 2; i++)
		live_directory_stop(live[i]);
}

static void test_reader_goes_on(void **state)
{
	LiveDirectory *live = live_directory_start(both, NULL);
	g_autoptr(Directory) writer = directory_new(both);
	g_autoptr(GError) error = NULL;

	(void)state;
	eventually(has(live, "ana") && has(live, "beto"));
	test_slapd_stop(pair[0]);
	assert_false(directory_set_post(writer, "ana", "Jefa", NULL, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE));
	add(pair[1]->settings, "celia", "60000003");
	eventually(has(live, "celia"));
	eventually(live_directory_age_s(live) < 5);
	test_slapd_continue(pair[0]);
	assert_true(directory_set_post(writer, "ana", "Jefa", NULL, NULL));
	eventually(is_at(pair[0], "celia"));
	live_directory_stop(live);
}

static int start(void **state)
{
	const char *uris[2];
	g_autofree char *path = NULL;
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	test_slapd_pair(pair);
	for (int i = 0; i < 2; i++)
		uris[i] = settings_string(pair[i]->settings, "directory", "uri");
	path = g_build_filename(pair[0]->folder, "both.conf", NULL);
	text = g_strdup_printf("[institution]\nname=Prueba\ndomain=muni.test\n"
			       "[directory]\nuri=%s %s\nbase=dc=muni,dc=test\n",
		uris[0], uris[1]);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	both = settings_load(path, &error);
	if (both == NULL)
		fail_msg("%s", error->message);
	return 0;
}

static int end(void **state)
{
	(void)state;
	settings_free(both);
	for (int i = 0; i < 2; i++)
		test_slapd_free(pair[i]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_way),
		cmocka_unit_test(test_reader_goes_on),
	};
	return cmocka_run_group_tests(tests, start, end);
}
