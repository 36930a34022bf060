/*
 * Each tests/golden/policy/NAME.facts against NAME.plan (policy-case.h), and that every rule of the
 * table has a case that breaks it in each mode. With ACUSE_GOLDEN_WRITE set the plans are written
 * anew, for a look at the difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "policy-case.h"

static GPtrArray *names(void)
{
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
	GDir *folder = g_dir_open(GOLDEN_FOLDER "/policy", 0, NULL);
	const char *name;

	assert_non_null(folder);
	while ((name = g_dir_read_name(folder)) != NULL)
		if (g_str_has_suffix(name, ".facts"))
			g_ptr_array_add(found, g_strndup(name, strlen(name) - strlen(".facts")));
	g_dir_close(folder);
	g_ptr_array_sort(found, (GCompareFunc)(void (*)(void))g_strcmp0);
	assert_int_not_equal(found->len, 0);
	return found;
}

static PolicyCase *load(const char *name)
{
	g_autofree char *path = g_strdup_printf("%s/policy/%s.facts", GOLDEN_FOLDER, name);
	g_autoptr(GError) error = NULL;
	PolicyCase *policy_case = policy_case_load(path, &error);

	if (policy_case == NULL)
		fail_msg("%s: %s", path, error->message);
	return policy_case;
}

static char *outcome_of(const char *name)
{
	g_autoptr(PolicyCase) policy_case = load(name);

	return policy_case_outcome(policy_case);
}

/* FALSE: another one is there, and both are printed. */
static gboolean is_as_written(const char *name, const char *outcome)
{
	g_autofree char *path = g_strdup_printf("%s/policy/%s.plan", GOLDEN_FOLDER, name);
	g_autofree char *expected = NULL;

	if (g_getenv("ACUSE_GOLDEN_WRITE") != NULL) {
		assert_true(g_file_set_contents(path, outcome, -1, NULL));
		return TRUE;
	}
	g_file_get_contents(path, &expected, NULL, NULL);
	if (g_strcmp0(expected, outcome) == 0)
		return TRUE;
	print_error("%s.plan:\n%s\nbut now:\n%s\n", name, expected, outcome);
	return FALSE;
}

static void test_plans(void **state)
{
	g_autoptr(GPtrArray) all = names();
	guint wrong = 0;

	(void)state;
	for (guint i = 0; i < all->len; i++) {
		g_autofree char *outcome = outcome_of(all->pdata[i]);

		wrong += !is_as_written(all->pdata[i], outcome);
	}
	assert_int_equal(wrong, 0);
}

/* A rule without a case in each mode is one whose modes nobody has seen. What it enforces may be an
 * edit, which the plan shows. */
static void test_every_rule_and_mode(void **state)
{
	g_autoptr(GPtrArray) all = names();
	g_autoptr(GString) text = g_string_new(NULL);
	guint missing = 0;

	(void)state;
	for (guint i = 0; i < all->len; i++) {
		g_autofree char *outcome = outcome_of(all->pdata[i]);

		g_string_append(text, outcome);
	}
	for (const Rule *const *rule = policy_rules; *rule != NULL; rule++) {
		for (guint mode = MODE_LOG; mode <= MODE_WARN; mode++) {
			g_autofree char *line = g_strdup_printf("finding: %s %s; %s; ", (*rule)->id,
				rule_mode_name((RuleMode)mode), (*rule)->article);

			if (strstr(text->str, line) != NULL)
				continue;
			print_error("no case has: %s\n", line);
			missing++;
		}
	}
	assert_int_equal(missing, 0);
}

static void note(GHashTable *seen, char **ids)
{
	for (char **id = ids; id != NULL && *id != NULL; id++)
		g_hash_table_add(seen, g_ascii_strup(*id, -1));
}

/* Nor is a rule one that was never seen to refuse (or mend), and never seen to let pass. */
static void test_every_rule_refuses_and_passes(void **state)
{
	g_autoptr(GPtrArray) all = names();
	g_autoptr(GHashTable) acts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) passes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	guint wrong = 0;

	(void)state;
	for (guint i = 0; i < all->len; i++) {
		g_autoptr(PolicyCase) policy_case = load(all->pdata[i]);
		g_autofree char *fault = policy_case_fault(policy_case);

		note(acts, policy_case->refused);
		note(acts, policy_case->edited);
		note(passes, policy_case->passed);
		if (fault == NULL)
			continue;
		print_error("%s: %s\n", (char *)all->pdata[i], fault);
		wrong++;
	}
	for (const Rule *const *rule = policy_rules; *rule != NULL; rule++) {
		if (g_hash_table_contains(acts, (*rule)->id) &&
			g_hash_table_contains(passes, (*rule)->id))
			continue;
		print_error("%s lacks a case that is refused or one that passes\n", (*rule)->id);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_every_rule_and_mode),
		cmocka_unit_test(test_every_rule_refuses_and_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
