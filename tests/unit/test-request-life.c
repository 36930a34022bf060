/* The life of a FORM-01: every pair of state and event; what a form may say; the brake on guessing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "provision/accounts.h"
#include "provision/attempts.h"
#include "provision/request_form.h"
#include "provision/request_life.h"

static void test_every_pair(void **state)
{
	/* next state, or NULL: not allowed */
	static const char *const expected[REQUEST_N_STATES][REQUEST_N_EVENTS] = {
		[REQUEST_NEW] = {[REQUEST_FILE] = "received", [REQUEST_FILE_LACKING] = "observed"},
		[REQUEST_RECEIVED] = {[REQUEST_OBSERVE] = "observed",
			[REQUEST_APPROVE] = "approved",
			[REQUEST_APPROVE_RESET] = "approved",
			[REQUEST_CARRY_OUT] = "executed",
			[REQUEST_DENY] = "denied",
			[REQUEST_CANCEL] = "cancelled"},
		[REQUEST_OBSERVED] = {[REQUEST_AMEND] = "observed",
			[REQUEST_COMPLETE] = "received",
			[REQUEST_DENY] = "denied",
			[REQUEST_CANCEL] = "cancelled"},
		[REQUEST_APPROVED] =
			{[REQUEST_CANCEL] = "cancelled", [REQUEST_DELIVER] = "executed"},
	};
	/* Deciding is the IT office's; who files may amend and, before the decision, cancel. */
	const int decides = ROLE_OTIC, files = ROLE_OTIC | ROLE_TRAMITE | ROLE_HEAD;
	const int roles[REQUEST_N_EVENTS] = {files, files, decides, files, files, decides, decides,
		decides, decides, files, decides};

	(void)state;
	for (int from = 0; from < REQUEST_N_STATES; from++) {
		RequestState parsed;

		assert_true(request_state_parse(request_state_name((RequestState)from), &parsed));
		assert_int_equal(parsed, from);
		for (int event = 0; event < REQUEST_N_EVENTS; event++) {
			const RequestStep *step =
				request_step((RequestState)from, (RequestEvent)event);
			const char *next = step != NULL ? request_state_name(step->next) : NULL;

			assert_int_equal(g_strcmp0(next, expected[from][event]), 0);
			if (step == NULL)
				continue;
			assert_int_equal((step->effects & REQUEST_EFFECT_CREATE) != 0,
				event == REQUEST_APPROVE);
			assert_int_equal((step->effects & REQUEST_EFFECT_EXPOSED) != 0,
				event == REQUEST_APPROVE_RESET);
			assert_int_equal((step->effects & REQUEST_EFFECT_ORDER) != 0,
				event == REQUEST_CARRY_OUT);
			assert_int_equal((step->effects & REQUEST_EFFECT_PASSWORD) != 0,
				event == REQUEST_DELIVER);
			assert_int_equal((step->effects & REQUEST_EFFECT_CLOSE) != 0,
				from == REQUEST_APPROVED && event == REQUEST_CANCEL);
			assert_int_equal(
				step->roles, from == REQUEST_APPROVED ? decides : roles[event]);
		}
	}
}

static json_t *form(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "kind",
		"person", "action", "create", "given_names", "  Rosa   Mari\u0301a ",
		"paternal_surname", "Morales", "maternal_surname", "Aranda", "dni", "45879632",
		"post", "Secretaria", "unit", "Secretaría General", "document", "Memorando 45",
		"reason", "joining", "tramite", "2026-000871");
}

static void test_form(void **state)
{
	static const struct {
		const char *name, *member, *value, *word;
		AcuseErrorCode code;
	} cases[] = {
		{"short dni", "dni", "1234567", "dni", ACUSE_ERROR_INVALID},
		{"long dni", "dni", "123456789", "dni", ACUSE_ERROR_INVALID},
		{"blank in dni", "dni", " 1234567", "dni", ACUSE_ERROR_INVALID},
		{"letter in dni", "dni", "1234567a", "dni", ACUSE_ERROR_INVALID},
		{"empty name", "given_names", "", "given_names", ACUSE_ERROR_INVALID},
		{"document that shows nothing", "document", " \u3164\u200b", "document",
			ACUSE_ERROR_INVALID},
		{"blank name", "paternal_surname", " \u00a0", "paternal_surname",
			ACUSE_ERROR_INVALID},
		{"wrong check digit", "dni", "17801146-1", "dni", ACUSE_ERROR_INVALID},
		{"control character", "post", "a\nb", "post", ACUSE_ERROR_INVALID},
		{"reason", "reason", "because", "reason", ACUSE_ERROR_INVALID},
		{"kind", "kind", "robot", "kind", ACUSE_ERROR_INVALID},
		{"unknown", "admin", "1", "admin", ACUSE_ERROR_INVALID},
		{"activity without a title", "kind", "activity", "title", ACUSE_ERROR_INVALID},
		{"third party without an end", "kind", "third-party", "until", ACUSE_ERROR_INVALID},
		{"end of a person", "until", "2027-01-31", "until", ACUSE_ERROR_INVALID},
		{"extension of a person", "action", "extend", "action", ACUSE_ERROR_INVALID},
		{"no day", "date", "2026-02-30", "date", ACUSE_ERROR_INVALID},
		{"password without its reason", "action", "password", "reason",
			ACUSE_ERROR_INVALID},
		{"no digest", "scan", "aa", "scan", ACUSE_ERROR_INVALID},
		{"digest in capitals", "signature",
			"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			"signature", ACUSE_ERROR_INVALID},
	};
	g_autoptr(Account) account = NULL;
	json_t *body = form(), *row = request_form_read(body, NULL);

	(void)state;
	account = request_form_account(row, "rmoralesa", "muni.test");
	assert_string_equal(account->display_name, "Rosa María Morales Aranda");
	assert_string_equal(account->mail, "rmoralesa@muni.test");
	json_decref(row);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		json_t *wrong = json_copy(body);

		print_message("%s\n", cases[i].name);
		json_object_set_new(wrong, cases[i].member, json_string(cases[i].value));
		assert_null(request_form_read(wrong, &error));
		assert_true(g_error_matches(error, ACUSE_ERROR, (int)cases[i].code));
		assert_non_null(strstr(error->message, cases[i].word));
		json_decref(wrong);
	}
	json_decref(body);
}

static void test_first_passwords(void **state)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	(void)state;
	for (int i = 0; i < 500; i++) {
		char *password = account_password_new();

		assert_int_equal(strlen(password), 24);
		assert_non_null(strpbrk(password, "0123456789"));
		assert_non_null(strpbrk(password, "abcdefghijklmnopqrstuvwxyz"));
		assert_non_null(strchr(password, '-'));
		assert_true(g_hash_table_add(seen, password));
	}
}

static void test_attempts(void **state)
{
	Attempts *attempts = attempts_new(3, 100);

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(attempts_allowed(attempts, "rosa", 1000 + i));
		attempts_failed(attempts, "rosa", 1000 + i);
	}
	assert_false(attempts_allowed(attempts, "rosa", 1099));
	assert_true(attempts_allowed(attempts, "ana", 1099));
	assert_true(attempts_allowed(attempts, "rosa", 1100));
	attempts_failed(attempts, "rosa", 1100);
	assert_true(attempts_allowed(attempts, "rosa", 1100));
	attempts_failed(attempts, "rosa", 1100);
	attempts_failed(attempts, "rosa", 1100);
	assert_false(attempts_allowed(attempts, "rosa", 1100));
	attempts_forget(attempts, "rosa");
	assert_true(attempts_allowed(attempts, "rosa", 1100));
	attempts_free(attempts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_pair),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_first_passwords),
		cmocka_unit_test(test_attempts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
