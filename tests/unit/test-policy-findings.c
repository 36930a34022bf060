/* What the policy found: each rule in each mode, all of it in one refusal, and its lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/fold.h"
#include "policy-fixture.h"

static void no_login(Fixture *f)
{
	fixture_set(&f->envelope->login, NULL);
	f->input.login = NULL;
}
static void foreign_sender_field(Fixture *f)
{
	fixture_set(&f->facts->sender, "alcalde@muni.test");
}
static void ceased(Fixture *f)
{
	f->login->state = ACCOUNT_CEASED;
}
static void signed_at_limit(Fixture *f)
{
	f->facts->protection = PROTECTION_SMIME_SIGNED;
	f->facts->longest_line_bytes = 998;
}
static void signed_over_limit(Fixture *f)
{
	signed_at_limit(f);
	f->facts->longest_line_bytes = 999;
}
static void no_expediente(Fixture *f)
{
	fixture_set(&f->facts->subject, "Carta N° 12-2026");
}
static void inside_no_expediente(Fixture *f)
{
	no_expediente(f);
	fixture_send_to(f, "jperezs@muni.test");
}
static void not_listed(Fixture *f)
{
	account_set_notifier(f->login, NULL, NULL);
}
static void two_citizens(Fixture *f)
{
	g_ptr_array_add(f->envelope->recipients, g_strdup("otro@ciudadano.test"));
	g_ptr_array_add(f->facts->cc, g_strdup("otro@ciudadano.test"));
}

static void assert_finding(const Finding *finding, RuleMode mode, const char *said)
{
	g_autofree char *line = finding_line(finding);

	assert_int_equal(finding->mode, mode);
	if (!g_str_has_prefix(line, said))
		fail_msg("%s", line);
}

/* Every rule that refuses, in every mode. */
static void test_modes(void **state)
{
	static const struct {
		const char *id, *said;
		void (*spoil)(Fixture *fixture);
	} cases[] = {
		{"p1", "[P1]", foreign_sender_field},
		{"p2", "[P2]", ceased},
		{"p10", "[P10]", no_expediente},
		{"p12", "[P12]", not_listed},
		{"p14", "[P14]", two_citizens},
		{"s7", "[S7]", signed_over_limit},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (guint mode = MODE_OFF; mode <= MODE_ENFORCE; mode++) {
			g_autoptr(Fixture) fixture = fixture_new();
			g_autoptr(Plan) plan = NULL;

			cases[i].spoil(fixture);
			fixture_set_mode(fixture, cases[i].id, (RuleMode)mode);
			plan = policy_decide(&fixture->input);
			assert_int_equal(plan->refusal != NULL, mode == MODE_ENFORCE);
			assert_int_equal(plan->findings->len, mode != MODE_OFF);
			if (plan->findings->len > 0)
				assert_finding(
					plan->findings->pdata[0], (RuleMode)mode, cases[i].said);
		}
	}
}

static void test_inside_warning(void **state)
{
	static const RuleMode found[] = {MODE_OFF, MODE_LOG, MODE_WARN, MODE_WARN};

	(void)state;
	for (guint mode = MODE_OFF; mode <= MODE_ENFORCE; mode++) {
		g_autoptr(Fixture) fixture = fixture_new();
		g_autoptr(Plan) plan = NULL;

		inside_no_expediente(fixture);
		fixture_set_mode(fixture, "p10", (RuleMode)mode);
		plan = policy_decide(&fixture->input);
		assert_null(plan->refusal);
		assert_int_equal(plan->findings->len, mode != MODE_OFF);
		if (mode != MODE_OFF)
			assert_finding(plan->findings->pdata[0], found[mode],
				"[P10] Escriba en el asunto");
	}
}

/* All that is wrong is said at once, and nothing of a refused mail is edited. */
static void test_all_findings(void **state)
{
	static const struct {
		const char *name;
		void (*spoil[3])(Fixture *fixture);
		const char *warned, *expected;
	} cases[] = {
		{"two", {no_expediente, two_citizens}, NULL, "550 5.7.1 [P10] \n[P14] "},
		{"first status wins", {no_login, ceased, two_citizens}, NULL,
			"530 5.7.0 [P1] \n[P14] "},
		{"warned ones are not in the reply", {ceased, foreign_sender_field, two_citizens},
			"p2", "550 5.7.1 [P1] \n[P14] "},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Fixture) fixture = fixture_new();
		g_autoptr(Plan) plan = NULL;
		g_autofree char *said = NULL;

		for (guint j = 0; j < 3 && cases[i].spoil[j] != NULL; j++)
			cases[i].spoil[j](fixture);
		if (cases[i].warned != NULL)
			fixture_set_mode(fixture, cases[i].warned, MODE_WARN);
		plan = policy_decide(&fixture->input);
		said = fixture_without_text(plan->refusal);
		if (strcmp(said, cases[i].expected) != 0)
			fail_msg("%s: %s", cases[i].name, plan->refusal);
		assert_int_equal(plan->header_edits->len, 0);
		assert_null(plan->envid);
		assert_null(plan->return_address);
		assert_null(plan->block_text);
		assert_false(plan->sign);
	}
}

/* A line of a reply holds 512 bytes with code, status and line end. */
static void test_finding_line(void **state)
{
	static const struct {
		guint advice_bytes;
		gboolean cut;
	} cases[] = {{10, FALSE}, {481, FALSE}, {482, TRUE}, {5000, TRUE}};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *advice = g_strnfill(cases[i].advice_bytes, 'x');
		Finding finding = {(char *)"P9", MODE_ENFORCE, (char *)"a", advice, (char *)""};
		g_autofree char *line = finding_line(&finding);

		assert_int_equal(strstr(line, "... (a)") != NULL, cases[i].cut);
		assert_true(g_str_has_suffix(line, " (a)"));
		assert_int_equal(strlen(line),
			cases[i].cut ? FINDING_LINE_MAX_BYTES : cases[i].advice_bytes + 9);
	}
}

/* Cut behind a word; the article, which says why, stays whole. */
static void test_finding_cut_on_a_word(void **state)
{
	g_autoptr(GString) advice = g_string_new(NULL);
	g_autofree char *line = NULL;
	Finding finding = {
		(char *)"P9", MODE_ENFORCE, (char *)"DI-002, art. 4.5", NULL, (char *)""};

	(void)state;
	for (guint i = 0; i < 200; i++)
		g_string_append(advice, "palabra ");
	finding.advice = advice->str;
	line = finding_line(&finding);
	assert_true(strlen(line) <= FINDING_LINE_MAX_BYTES);
	assert_true(strlen(line) > FINDING_LINE_MAX_BYTES - strlen("palabra "));
	assert_true(g_str_has_suffix(line, " palabra... (DI-002, art. 4.5)"));
}

static void test_shorten(void **state)
{
	static const struct {
		const char *text;
		gsize max_bytes;
		const char *expected;
	} cases[] = {
		{"hola", 4, "hola"},
		{"hola!", 4, "h..."},
		{"uno dos tres", 12, "uno dos tres"},
		{"uno dos tres", 11, "uno dos..."},
		{"uno dos tres", 10, "uno dos..."},
		{"uno dos tres", 9, "uno..."},
		{"y palabralarga", 13, "y palabral..."},
		{"ññññ", 6, "ñ..."},
		{"ññññ", 7, "ññ..."},
		{"", 4, ""},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *said = text_shorten(cases[i].text, cases[i].max_bytes);

		assert_string_equal(said, cases[i].expected);
	}
}

static void test_finding_is_ascii(void **state)
{
	Finding finding = {
		(char *)"P9", MODE_ENFORCE, (char *)"a", (char *)"ñ\r\n\xff.", (char *)""};
	g_autofree char *line = finding_line(&finding);

	(void)state;
	assert_string_equal(line, "[P9] ????. (a)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_inside_warning),
		cmocka_unit_test(test_all_findings),
		cmocka_unit_test(test_finding_line),
		cmocka_unit_test(test_finding_cut_on_a_word),
		cmocka_unit_test(test_shorten),
		cmocka_unit_test(test_finding_is_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
