/* What the policy adds to an accepted mail: block, receipts, return address, signature; and what it
 * never touches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "policy-fixture.h"

static const char *find_edit(const Plan *plan, const char *name, gboolean *found)
{
	*found = FALSE;
	for (guint i = 0; i < plan->header_edits->len; i++) {
		const HeaderEdit *edit = plan->header_edits->pdata[i];

		if (strcmp(edit->name, name) != 0)
			continue;
		assert_false(*found);
		*found = TRUE;
		assert_int_equal(edit->op, edit->value != NULL ? HEADER_SET : HEADER_DELETE);
		if (edit->value != NULL)
			return edit->value;
	}
	return NULL;
}

static void assert_edit(const Plan *plan, const char *name, const char *value)
{
	gboolean found;
	const char *set = find_edit(plan, name, &found);

	assert_true(found);
	if (value == NULL)
		assert_null(set);
	else
		assert_string_equal(set, value);
}

#define RETURN "acuse+" FIXTURE_TOKEN "@muni.test"

static void test_notification(void **state)
{
	g_autoptr(Fixture) fixture = fixture_new();
	g_autoptr(Plan) plan = policy_decide(&fixture->input);

	(void)state;
	assert_null(plan->refusal);
	assert_true(plan->sign);
	assert_string_equal(plan->mailbox, "rmoralesa@muni.test");
	assert_string_equal(plan->return_address, RETURN);
	assert_string_equal(plan->envid, FIXTURE_TOKEN);
	assert_edit(plan, "Acuse-Id", "send-1");
	assert_edit(plan, "Acuse-Class", NULL);
	assert_edit(plan, "X-Acuse-Class", NULL);
	assert_edit(plan, "Disposition-Notification-To", RETURN);
	assert_string_equal(plan->block_text,
		"Rosa Morales Aranda\nJefa de Oficina\nGerencia Municipal\n"
		"Municipalidad Provincial de Prueba\nAnexo 123\nTel. 042-562191");
	assert_string_equal(plan->block_html,
		"<div>\n<strong>Rosa Morales Aranda</strong><br>\nJefa de Oficina<br>\n"
		"Gerencia Municipal<br>\nMunicipalidad Provincial de Prueba<br>\n"
		"Anexo 123<br>\nTel. 042-562191<br>\n</div>");
	assert_int_equal(g_strv_length(plan->block_items), 6);
	assert_string_equal(plan->block_items[4], "123");
}

static void test_external_and_internal(void **state)
{
	static const char *const recipients[] = {"ciudadano@ciudadano.test", "jperezs@muni.test"};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(recipients); i++) {
		g_autoptr(Fixture) fixture = fixture_new();
		g_autoptr(Plan) plan = NULL;

		fixture_set(&fixture->facts->subject, "Saludo");
		fixture_send_to(fixture, recipients[i]);
		plan = policy_decide(&fixture->input);
		assert_null(plan->refusal);
		assert_false(plan->sign);
		assert_null(plan->return_address);
		assert_string_equal(plan->envid, FIXTURE_TOKEN);
		assert_edit(plan, "Disposition-Notification-To", "rmoralesa@muni.test");
	}
}

/* The receipt's address is always the Return-Path, whoever stands in the envelope (FACTS 14). */
static void test_office(void **state)
{
	g_autoptr(Fixture) fixture = fixture_new();
	g_autoptr(Plan) plan = NULL, notification = NULL;

	(void)state;
	fixture_send_as_office(fixture);
	notification = policy_decide(&fixture->input);
	assert_string_equal(notification->return_address, RETURN);
	assert_edit(notification, "Disposition-Notification-To", RETURN);
	fixture_set(&fixture->facts->subject, "Saludo");
	plan = policy_decide(&fixture->input);
	assert_null(plan->refusal);
	assert_string_equal(plan->mailbox, "otic@muni.test");
	assert_string_equal(plan->return_address, "otic@muni.test");
	assert_edit(plan, "Disposition-Notification-To", "otic@muni.test");
	assert_string_equal(plan->block_text,
		"Rosa Morales Aranda\nJefa de Oficina\nOficina de Tecnología\n"
		"Municipalidad Provincial de Prueba\nAnexo 123\nTel. 042-562191");
}

static void test_block_lines(void **state)
{
	static const struct {
		const char *post, *unit, *extension, *phone, *text;
	} cases[] = {
		{"Jefa", NULL, "9", "", "Rosa Morales Aranda\nJefa\nMuni\nAnexo 9"},
		{NULL, "OTIC", NULL, "555", "Rosa Morales Aranda\nOTIC\nMuni\nTel. 555"},
		{"", "", "", NULL, "Rosa Morales Aranda\nMuni"},
		{"Jefa\r\nBcc: x", " OTIC\t\x01 sur ", NULL, NULL,
			"Rosa Morales Aranda\nJefa Bcc: x\nOTIC sur\nMuni"},
		{"   ", NULL, NULL, NULL, "Rosa Morales Aranda\nMuni"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Fixture) fixture = fixture_new();
		g_autoptr(Plan) plan = NULL;

		fixture_set(&fixture->login->post, cases[i].post);
		fixture_set(&fixture->login->unit, cases[i].unit);
		fixture_set(&fixture->login->extension, cases[i].extension);
		fixture_set(&fixture->settings->institution_phone, cases[i].phone);
		fixture_set(&fixture->settings->institution_name, "Muni");
		plan = policy_decide(&fixture->input);
		assert_string_equal(plan->block_text, cases[i].text);
	}
}

static void test_block_is_escaped(void **state)
{
	g_autoptr(Fixture) fixture = fixture_new();
	g_autoptr(Plan) plan = NULL;

	(void)state;
	fixture_set(&fixture->login->post, "<script>alert(\"&\")</script>");
	plan = policy_decide(&fixture->input);
	assert_non_null(strstr(plan->block_text, "\n<script>alert(\"&\")</script>\n"));
	assert_non_null(strstr(
		plan->block_html, "&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;<br>"));
	assert_null(strstr(plan->block_html, "<script"));
}

static void test_protected_refused(void **state)
{
	g_autoptr(Fixture) fixture = fixture_new();
	g_autoptr(Plan) plan = NULL;

	(void)state;
	fixture->facts->protection = PROTECTION_PGP_INLINE;
	fixture->settings->signature->refuse_protected = TRUE;
	plan = policy_decide(&fixture->input);
	assert_true(g_str_has_prefix(plan->refusal, "550 5.7.1 [P4] "));
	assert_null(plan->block_text);
}

static void test_protected(void **state)
{
	(void)state;
	for (guint protection = PROTECTION_SMIME_SIGNED; protection <= PROTECTION_PGP_INLINE;
		protection++) {
		g_autoptr(Fixture) fixture = fixture_new();
		g_autoptr(Plan) plan = NULL;

		fixture->facts->protection = (Protection)protection;
		plan = policy_decide(&fixture->input);
		assert_null(plan->refusal);
		assert_null(plan->block_text);
		assert_null(plan->block_html);
		assert_false(plan->sign);
		assert_int_equal(plan->send_class, CLASS_NOTIFICATION);
		assert_string_equal(plan->return_address, RETURN);
	}
}

/* With every rule off, a send can still be found again. */
static void test_mandatory_edits(void **state)
{
	static const char *const ids[] = {
		"p1", "p2", "p3", "p4", "p5", "p6", "p10", "p12", "p14", "s7"};

	(void)state;
	for (guint mode = MODE_OFF; mode < MODE_ENFORCE; mode++) {
		g_autoptr(Fixture) fixture = fixture_new();
		g_autoptr(Plan) plan = NULL;
		gboolean found;

		for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
			fixture_set_mode(fixture, ids[i], (RuleMode)mode);
		fixture->facts->asks_read_receipt = TRUE;
		plan = policy_decide(&fixture->input);
		assert_null(plan->refusal);
		assert_int_equal(plan->findings->len, 0);
		assert_edit(plan, "Acuse-Id", "send-1");
		assert_string_equal(plan->envid, FIXTURE_TOKEN);
		assert_string_equal(plan->return_address, RETURN);
		assert_true(plan->sign);
		assert_null(plan->block_text);
		find_edit(plan, "Disposition-Notification-To", &found);
		assert_false(found);
	}
}

/* Unknown login, identity not enforced: no directory, no block, no crash. */
static void test_without_accounts(void **state)
{
	g_autoptr(Fixture) fixture = fixture_new();
	g_autoptr(Plan) plan = NULL;

	(void)state;
	fixture_set_mode(fixture, "p1", MODE_WARN);
	fixture_set_mode(fixture, "p12", MODE_WARN);
	fixture_set(&fixture->envelope->login, NULL);
	fixture->input.login = NULL;
	fixture->input.mailbox = NULL;
	plan = policy_decide(&fixture->input);
	assert_null(plan->refusal);
	assert_null(plan->block_text);
	assert_string_equal(plan->mailbox, "rmoralesa@muni.test");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notification),
		cmocka_unit_test(test_external_and_internal),
		cmocka_unit_test(test_office),
		cmocka_unit_test(test_block_lines),
		cmocka_unit_test(test_block_is_escaped),
		cmocka_unit_test(test_protected_refused),
		cmocka_unit_test(test_protected),
		cmocka_unit_test(test_mandatory_edits),
		cmocka_unit_test(test_without_accounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
