/* Accounts: who may send, as whom; words and copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/account.h"

#define NOW 1000000

static void test_may_send(void **state)
{
	static const struct {
		AccountState state;
		gint64 from, until;
		gboolean must_change;
		const char *reason; /* NULL: may */
	} cases[] = {
		{ACCOUNT_ACTIVE, 0, 0, FALSE, NULL},
		{ACCOUNT_ACTIVE, NOW, 0, FALSE, NULL},
		{ACCOUNT_ACTIVE, NOW + 1, 0, FALSE, "not yet valid"},
		{ACCOUNT_ACTIVE, 0, NOW + 1, FALSE, NULL},
		{ACCOUNT_ACTIVE, 0, NOW, FALSE, "expired"},
		{ACCOUNT_ACTIVE, 0, 0, TRUE, "password must be changed"},
		{ACCOUNT_PENDING, 0, 0, FALSE, "credentials not delivered"},
		{ACCOUNT_SUSPENDED, 0, 0, FALSE, "suspended"},
		{ACCOUNT_CEASED, 0, 0, FALSE, "ceased"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Account) account = account_new();
		const char *reason = "";

		account->state = cases[i].state;
		account->valid_from = cases[i].from;
		account->valid_until = cases[i].until;
		account->must_change_password = cases[i].must_change;
		assert_int_equal(account_may_send(account, NOW, &reason), cases[i].reason == NULL);
		assert_int_equal(account_may_send(account, NOW, NULL), cases[i].reason == NULL);
		if (cases[i].reason == NULL)
			assert_null(reason);
		else
			assert_string_equal(reason, cases[i].reason);
	}
}

static void test_may_send_as(void **state)
{
	static const struct {
		const char *person;
		AccountKind kind;
		gboolean may;
	} cases[] = {
		{"rmoralesa", ACCOUNT_OFFICE, TRUE},
		{"jperezs", ACCOUNT_OFFICE, TRUE},
		{"JPerezS", ACCOUNT_OFFICE, TRUE},
		{"lriosd", ACCOUNT_OFFICE, FALSE},
		{"otic", ACCOUNT_OFFICE, TRUE},
		{"rmoralesa", ACCOUNT_PERSON, FALSE},
		{"jperezs", ACCOUNT_ACTIVITY, FALSE},
		{"", ACCOUNT_OFFICE, FALSE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Account) person = account_new(), mailbox = account_new();

		person->uid = g_strdup(cases[i].person);
		mailbox->uid = g_strdup("otic");
		mailbox->kind = cases[i].kind;
		mailbox->owner = g_strdup("rmoralesa");
		mailbox->delegates = g_strsplit("x;jperezs", ";", -1);
		if (account_may_send_as(person, mailbox, 1000) != cases[i].may)
			fail_msg("%zu %s", i, cases[i].person);
	}
}

/* 1000 is now; a delegate with dates needs a term that holds. */
static void test_terms_of_delegates(void **state)
{
	static const struct {
		const char *name, *uid;
		gint64 terms[4]; /* from, until, from, until; -1: no more */
		gboolean may;
	} cases[] = {
		{"no dates", "jperezs", {-1}, TRUE},
		{"begun", "jperezs", {1000, 0, -1}, TRUE},
		{"not begun", "jperezs", {1001, 0, -1}, FALSE},
		{"not ended", "jperezs", {0, 1001, -1}, TRUE},
		{"ended", "jperezs", {0, 1000, -1}, FALSE},
		{"between two", "jperezs", {10, 20, 2000, 0}, FALSE},
		{"second", "jperezs", {10, 20, 900, 1100}, TRUE},
		{"case", "JPerezS", {0, 1000, -1}, FALSE},
		{"unreadable", "jperezs", {1, 1, -1}, FALSE},
		{"dates alone are no delegation", "lriosd", {0, 0, -1}, FALSE},
		{"the responsible needs none", "rmoralesa", {1, 1, -1}, TRUE},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Account) person = account_new(), office = account_new(), copy = NULL;

		person->uid = g_strdup(cases[i].uid);
		office->kind = ACCOUNT_OFFICE;
		office->owner = g_strdup("rmoralesa");
		office->delegates = g_strsplit("jperezs", ";", -1);
		for (size_t j = 0; j < 4 && cases[i].terms[j] >= 0; j += 2) {
			g_autofree char *uid = g_ascii_strdown(cases[i].uid, -1);

			account_add_delegation(office,
				delegation_new(uid, cases[i].terms[j], cases[i].terms[j + 1]));
		}
		copy = account_copy(office);
		if (account_may_send_as(person, copy, 1000) != cases[i].may)
			fail_msg("%s", cases[i].name);
	}
}

static void test_vacant_office(void **state)
{
	g_autoptr(Account) person = account_new(), office = account_new();

	(void)state;
	person->uid = g_strdup("");
	office->uid = g_strdup("otic");
	office->kind = ACCOUNT_OFFICE;
	assert_false(account_may_send_as(person, office, 1000));
	office->owner = g_strdup("");
	assert_false(account_may_send_as(person, office, 1000));
}

static void test_words_and_copy(void **state)
{
	g_autoptr(Account) account = account_new(), copy = NULL;
	AccountKind kind;
	AccountState account_state;

	(void)state;
	for (guint i = ACCOUNT_PERSON; i <= ACCOUNT_THIRD_PARTY; i++) {
		assert_true(account_kind_parse(account_kind_name((AccountKind)i), &kind));
		assert_int_equal(kind, i);
	}
	for (guint i = ACCOUNT_PENDING; i <= ACCOUNT_CEASED; i++) {
		assert_true(
			account_state_parse(account_state_name((AccountState)i), &account_state));
		assert_int_equal(account_state, i);
	}
	assert_false(account_kind_parse("robot", &kind));
	assert_false(account_kind_parse(NULL, &kind));
	assert_false(account_state_parse("Active", &account_state));
	account->uid = g_strdup("rmoralesa");
	account->delegates = g_strsplit("a;b", ";", -1);
	account->valid_until = 7;
	copy = account_copy(account);
	assert_string_equal(copy->uid, "rmoralesa");
	assert_ptr_not_equal(copy->uid, account->uid);
	assert_string_equal(copy->delegates[1], "b");
	assert_int_equal(copy->valid_until, 7);
}

static void test_remove_person(void **state)
{
	g_autoptr(Account) office = account_new(), vacant = account_new();

	(void)state;
	office->owner = g_strdup("rmoralesa");
	office->delegates = g_strsplit("jperezs;RMoralesA;lriosd", ";", -1);
	account_add_delegation(office, delegation_new("rmoralesa", 1, 2));
	account_add_delegation(office, delegation_new("jperezs", 1, 2));
	account_add_delegation(office, delegation_new("rmoralesa", 3, 4));
	account_remove_person(office, "rmoralesa");
	assert_null(office->owner);
	assert_int_equal(g_strv_length(office->delegates), 2);
	assert_string_equal(office->delegates[1], "lriosd");
	assert_int_equal(office->delegations->len, 1);
	account_remove_person(office, "nadie");
	assert_int_equal(g_strv_length(office->delegates), 2);
	account_remove_person(vacant, "rmoralesa");
	assert_null(vacant->owner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remove_person),
		cmocka_unit_test(test_may_send),
		cmocka_unit_test(test_may_send_as),
		cmocka_unit_test(test_terms_of_delegates),
		cmocka_unit_test(test_vacant_office),
		cmocka_unit_test(test_words_and_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
