/* Authentication-Results: only a plain dmarc=pass of the domain itself is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/authentication_results.h"

static const struct {
	const char *name, *values;
	gboolean pass;
} cases[] = {
	{"opendmarc", "mail.muni.test; dmarc=pass (p=reject dis=none) header.from=ciudadano.test",
		TRUE},
	{"upper case", "mail.muni.test; DMARC=Pass Header.From=Ciudadano.TEST", TRUE},
	{"among others",
		"m; spf=pass smtp.mailfrom=x@a.test; dkim=pass header.d=ciudadano.test; dmarc=pass "
		"header.from=ciudadano.test; arc=none",
		TRUE},
	{"two fields", "m; spf=pass smtp.mailfrom=a.test\nm; dmarc=pass header.from=ciudadano.test",
		TRUE},
	{"folded", "m;\n\tdmarc=pass\r\n header.from=ciudadano.test", TRUE},
	{"version and blanks", "m 1; dmarc / 1 = pass", FALSE},
	{"version", "m 1; dmarc/1=pass header.from=ciudadano.test", TRUE},
	{"blanks around =", "m; dmarc = pass header.from = ciudadano.test", TRUE},
	{"full address", "m; dmarc=pass header.from=x@ciudadano.test", TRUE},
	{"passed twice",
		"m; dmarc=pass header.from=ciudadano.test\nm; dmarc=pass "
		"header.from=ciudadano.test",
		TRUE},
	{"nothing", "", FALSE},
	{"absent", NULL, FALSE},
	{"fail", "m; dmarc=fail header.from=ciudadano.test", FALSE},
	{"none", "m; dmarc=none header.from=ciudadano.test", FALSE},
	{"bestguesspass", "m; dmarc=bestguesspass header.from=ciudadano.test", FALSE},
	{"passx", "m; dmarc=passx header.from=ciudadano.test", FALSE},
	{"other domain", "m; dmarc=pass header.from=attacker.test", FALSE},
	{"subdomain", "m; dmarc=pass header.from=a.ciudadano.test", FALSE},
	{"longer domain", "m; dmarc=pass header.from=ciudadano.test.attacker.test", FALSE},
	{"no domain", "m; dmarc=pass", FALSE},
	{"two domains", "m; dmarc=pass header.from=a.test header.from=ciudadano.test", FALSE},
	{"pass and fail",
		"m; dmarc=pass header.from=ciudadano.test\nm; dmarc=fail "
		"header.from=ciudadano.test",
		FALSE},
	{"dkim only", "m; dkim=pass header.d=ciudadano.test header.from=ciudadano.test", FALSE},
	{"no authserv-id", "dmarc=pass header.from=ciudadano.test", FALSE},
	{"in a comment", "m; spf=pass (x; dmarc=pass header.from=ciudadano.test) smtp.mailfrom=a",
		FALSE},
	{"in a nested comment", "m; spf=pass (a (b) ; dmarc=pass header.from=ciudadano.test)",
		FALSE},
	{"in a string", "m; spf=pass smtp.mailfrom=\"x; dmarc=pass header.from=ciudadano.test\"",
		FALSE},
	{"escaped quote in a string",
		"m; spf=pass smtp.mailfrom=\"a\\\"; dmarc=pass header.from=ciudadano.test;\"",
		FALSE},
	{"open comment", "m; dmarc=pass header.from=ciudadano.test; spf=pass (oh", FALSE},
	{"open string", "m; dmarc=pass header.from=ciudadano.test; spf=pass \"oh", FALSE},
	{"domain in a comment", "m; dmarc=pass (header.from=ciudadano.test)", FALSE},
	{"prefix of a name", "m; xdmarc=pass header.from=ciudadano.test", FALSE},
	{"reason in a string", "m; dmarc=pass reason=\"dmarc=fail; no\" header.from=ciudadano.test",
		TRUE},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		if (authentication_results_dmarc_pass(cases[i].values, "ciudadano.test") !=
			cases[i].pass)
			fail_msg("%s", cases[i].name);
	}
	assert_false(authentication_results_dmarc_pass("m; dmarc=pass header.from=", ""));
	assert_false(authentication_results_dmarc_pass(cases[0].values, NULL));
}

static void test_summary(void **state)
{
	static const struct {
		const char *values, *summary;
	} rows[] = {
		{"m; dkim=pass (2048-bit key) header.d=a.test; dkim-atps=neutral\n"
		 "m; dmarc=pass (p=reject) header.from=a.test",
			"dkim=pass dkim-atps=neutral dmarc=pass"},
		{"m; spf = softfail smtp.mailfrom=a@a.test", "spf=softfail"},
		{"m; none", NULL},
		{"m; spf=pass (open", NULL},
		{"spf=pass", NULL},
		{"", NULL},
		{NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *summary = authentication_results_summary(rows[i].values);

		if (g_strcmp0(summary, rows[i].summary) != 0)
			fail_msg("%s: %s", rows[i].values, summary);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases), cmocka_unit_test(test_summary)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
