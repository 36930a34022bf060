/* The policy's settings: what no mail could ever be of is refused with its line, and exempt types
 * are known by each of their forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "core/policy.h"

static PolicySettings *load(const char *lines, GError **error)
{
	g_autofree char *text =
		g_strconcat("[institution]\nname=Muni\ndomain=muni.test\n", lines, NULL);
	g_autofree char *path = NULL;
	g_autoptr(Settings) settings = NULL;
	int fd = g_file_open_tmp("acuse-settings-XXXXXX", &path, NULL);

	assert_true(fd >= 0);
	g_close(fd, NULL);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	settings = settings_load(path, error);
	g_unlink(path);
	assert_non_null(settings);
	return policy_settings_load(settings, error);
}

static void test_wrong(void **state)
{
	static const char which[] = "must be unit:NAME, domain:NAME or mailbox:NAME@muni.test";
	const struct {
		const char *lines, *place, *reason;
	} cases[] = {
		{"[policy x]\n", ":4: [policy x]: ", which},
		{"[policy unit]\n", ":4: [policy unit]: ", which},
		{"[policy unit:]\n", ":4: [policy unit:]: ", which},
		{"[policy unit: \u200b ]\n", ":4: [policy unit: \u200b ]: ", which},
		{"[policy Unit:x]\n", ":4: [policy Unit:x]: ", which},
		{"[policy mailbox:otic]\n", ":4: [policy mailbox:otic]: ", which},
		{"[policy mailbox:@muni.test]\n", ":4: [policy mailbox:@muni.test]: ", which},
		{"[policy mailbox:otic@otra.test]\n",
			":4: [policy mailbox:otic@otra.test]: ", which},
		{"[policy mailbox:otic @muni.test]\n", ":4: ", which},
		{"[policy domain:a@b.test]\n", ":4: [policy domain:a@b.test]: ", which},
		{"[policy domain:b test]\n", ":4: [policy domain:b test]: ", which},
		{"[policy  unit:x]\n", ":4: [policy  unit:x]: ", which},
		{"[policy unit:Alcaldía]\n[policy unit: ALCALDIA]\n",
			":5: [policy unit: ALCALDIA]: ", "stands twice"},
		{"[policy domain:B.test]\n[policy domain:b.TEST]\n", ":5: ", "stands twice"},
		{"[policy mailbox:a@muni.test]\n[policy mailbox:A@MUNI.test]\n",
			":5: ", "stands twice"},
		{"[policy]\nexpediente_pattern=(\n",
			":5: [policy] expediente_pattern: ", "missing"},
		{"[policy]\nexpediente_pattern=Exp\n",
			":5: [policy] expediente_pattern: ", "it has no group for the number"},
		{"[policy]\np11_exempt_types=CARTA;INFORM\n",
			":5: [policy] p11_exempt_types: ", "INFORM: no type"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		PolicySettings *policy = load(cases[i].lines, &error);

		if (policy != NULL)
			fail_msg("%s", cases[i].lines);
		assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
		if (strstr(error->message, cases[i].place) == NULL ||
			strstr(error->message, cases[i].reason) == NULL)
			fail_msg("%s: %s", cases[i].lines, error->message);
	}
}

static void test_right(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PolicySettings) policy =
		load("[policy]\np11_exempt_types=carta;Memorándum;Actas de sesiones\n"
		     "[policy unit:Gerencia Municipal]\n[policy unit:Alcaldía: despacho]\n"
		     "[policy mailbox:Otic@Muni.test]\n[policy domain:sunat.gob.pe]\n[policy "
		     "domain:pe]\n",
			&error);

	(void)state;
	assert_null(error);
	assert_int_equal(g_hash_table_size(policy->scopes), 5);
	assert_string_equal(policy->unsigned_types[0], "CARTA");
	assert_string_equal(policy->unsigned_types[1], "MEMORANDUM");
	assert_string_equal(policy->unsigned_types[2], "ACTA DE SESIONES");
	assert_null(policy->unsigned_types[3]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
