/* The directory adapter against a real slapd: changes, races, passwords in each of their states,
 * the live copy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>

#include "base/error.h"
#include "directory/change.h"
#include "directory/live.h"
#include "tests/unit/eventually.h"
#include "tests/unit/slapd.h"

#define ROSA_DN "uid=rmoralesa,ou=people,dc=muni,dc=test"

static TestSlapd *slapd;

#define assert_code(error, wanted)                                                                 \
	do {                                                                                       \
		assert_non_null(error);                                                            \
		assert_string_equal(                                                               \
			acuse_error_row_of(error)->name, acuse_error_row(wanted)->name);           \
		g_clear_error(&(error));                                                           \
	} while (0)

static Account *person(const char *uid, const char *dni)
{
	Account *account = account_new();

	account->uid = g_strdup(uid);
	account->mail = g_strdup_printf("%s@muni.test", uid);
	account->kind = ACCOUNT_PERSON;
	account->state = ACCOUNT_PENDING;
	account->dni = g_strdup(dni);
	account->given_names = g_strdup("Rosa");
	account->paternal_surname = g_strdup("Núñez");
	account->maternal_surname = g_strdup("Aranda");
	account->display_name = g_strdup("Rosa Núñez Aranda");
	account->post = g_strdup("Secretaria");
	account->unit = g_strdup("Secretaría General");
	return account;
}

static void add_person(Directory *directory, const char *uid, const char *dni)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Account) account = person(uid, dni);

	if (!directory_add_account(directory, account, &error))
		fail_msg("%s", error->message);
}

/* An active person with this password, already changed once by its owner. */
static void add_ready(Directory *directory, const char *uid, const char *dni, const char *password)
{
	g_autoptr(GError) error = NULL;

	add_person(directory, uid, dni);
	if (!directory_set_first_password(directory, uid, "primera-clave-1", &error) ||
		!directory_change_own_password(directory, uid, "primera-clave-1", password, &error))
		fail_msg("%s", error->message);
}

static void test_add_and_get(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Directory) directory = directory_new(slapd->settings);
	g_autoptr(Account) again = person("rnuneza", "10000001");
	g_autoptr(Account) other = person("rnuneza", "10000002");
	g_autoptr(Account) found = NULL, by_dni = NULL;

	(void)state;
	again->valid_until = 1800000000;
	assert_true(directory_add_account(directory, again, NULL));
	assert_true(directory_add_account(directory, again, NULL));
	assert_false(directory_add_account(directory, other, &error));
	assert_code(error, ACUSE_ERROR_CONFLICT);
	found = directory_get(directory, "rnuneza", &error);
	assert_non_null(found);
	assert_string_equal(found->paternal_surname, "Núñez");
	assert_string_equal(found->unit, "Secretaría General");
	assert_int_equal(found->valid_until, 1800000000);
	assert_int_equal(found->state, ACCOUNT_PENDING);
	by_dni = directory_get_by_dni(directory, "10000001", &error);
	assert_string_equal(by_dni->uid, "rnuneza");
	assert_null(directory_get_by_dni(directory, "10000009", &error));
	assert_null(error);
	assert_true(directory_set_post(directory, "rnuneza", "Jefa", NULL, NULL));
	g_clear_pointer(&found, account_free);
	found = directory_get(directory, "rnuneza", NULL);
	assert_string_equal(found->post, "Jefa");
	assert_null(found->unit);
	assert_false(directory_set_post(directory, "nadie", "Jefa", NULL, &error));
	assert_code(error, ACUSE_ERROR_NOT_FOUND);
}

static void test_metacharacters(void **state)
{
	static const char *const names[] = {"*", "a)(uid=*", "\\", "a\\2a", "a,ou=people", "a+cn=b",
		"#a", " a ", "\"", "(", ")", "a=b", "<a>;"};
	g_autoptr(GError) error = NULL;
	g_autoptr(Directory) directory = directory_new(slapd->settings);

	(void)state;
	add_person(directory, "comodin", "10000003");
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		assert_null(directory_get(directory, names[i], &error));
		assert_code(error, ACUSE_ERROR_NOT_FOUND);
		assert_null(directory_get_by_dni(directory, names[i], &error));
		assert_null(error);
		assert_true(directory_reserve_name(directory, names[i], "meta", NULL));
		assert_true(directory_reserve_name(directory, names[i], "meta", NULL));
		assert_false(directory_change_own_password(
			directory, names[i], "x", "Otra-clave-1", &error));
		assert_code(error, ACUSE_ERROR_UNAUTHENTICATED);
	}
}

/* rnuneza has two terms, comodin no dates. */
static void fixture_office_people(Account *office)
{
	g_free(office->owner);
	office->owner = g_strdup("rnuneza");
	office->delegates = g_strsplit("comodin;rnuneza", ";", -1);
	account_add_delegation(office, delegation_new("rnuneza", 1800000000, 1800000100));
	account_add_delegation(office, delegation_new("rnuneza", 1900000000, 0));
}

static void test_office(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Directory) directory = directory_new(slapd->settings);
	g_autoptr(Account) office = account_new();
	g_autoptr(Account) found = NULL;

	(void)state;
	office->uid = g_strdup("secretaria.general");
	office->mail = g_strdup("secretaria.general@muni.test");
	office->kind = ACCOUNT_OFFICE;
	office->state = ACCOUNT_ACTIVE;
	office->display_name = g_strdup("Secretaría General");
	office->owner = g_strdup("rmoralesa");
	assert_true(directory_add_account(directory, office, NULL));
	assert_true(directory_add_account(directory, office, NULL));
	fixture_office_people(office);
	assert_true(directory_set_office_people(directory, office, NULL));
	found = directory_get(directory, "secretaria.general", NULL);
	assert_string_equal(found->owner, "rnuneza");
	assert_int_equal(g_strv_length(found->delegates), 2);
	assert_int_equal(found->delegations->len, 2);
	for (guint i = 0; i < found->delegations->len; i++) {
		const Delegation *term = found->delegations->pdata[i];

		assert_string_equal(term->uid, "rnuneza");
		assert_true((term->from_s == 1800000000 && term->until_s == 1800000100) ||
			    (term->from_s == 1900000000 && term->until_s == 0));
	}
	g_clear_pointer(&office->owner, g_free);
	g_clear_pointer(&office->delegates, g_strfreev);
	g_clear_pointer(&office->delegations, g_ptr_array_unref);
	assert_true(directory_set_office_people(directory, office, NULL));
	g_clear_pointer(&found, account_free);
	found = directory_get(directory, "secretaria.general", NULL);
	assert_null(found->owner);
	assert_null(found->delegations);
	assert_false(directory_change_own_password(
		directory, "secretaria.general", "x", "Otra-clave-1", &error));
	assert_code(error, ACUSE_ERROR_UNAUTHENTICATED);
}

#define RACERS 8
#define RACE_NAMES 10
static int winners[RACE_NAMES];

static gpointer race(gpointer data)
{
	g_autoptr(Directory) directory = directory_new(slapd->settings);
	g_autofree char *holder = g_strdup_printf("request-%d", GPOINTER_TO_INT(data));

	for (int i = 0; i < RACE_NAMES; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *name = g_strdup_printf("race%d", i);

		if (directory_reserve_name(directory, name, holder, &error))
			g_atomic_int_inc(&winners[i]);
		else if (!g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT))
			g_error("%s", error->message);
	}
	return NULL;
}

static void test_reserve_race(void **state)
{
	GThread *threads[RACERS];

	(void)state;
	for (int i = 0; i < RACERS; i++)
		threads[i] = g_thread_new("race", race, GINT_TO_POINTER(i));
	for (int i = 0; i < RACERS; i++)
		g_thread_join(threads[i]);
	for (int i = 0; i < RACE_NAMES; i++)
		assert_int_equal(winners[i], 1);
}

static void test_first_password(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Directory) directory = directory_new(slapd->settings);
	g_autoptr(Account) before = NULL, after = NULL;

	(void)state;
	add_person(directory, "rmoralesa", "10000010");
	assert_false(directory_change_own_password(
		directory, "rmoralesa", "x", "Nueva-clave-1", &error));
	assert_code(error, ACUSE_ERROR_UNAUTHENTICATED);
	assert_true(directory_set_first_password(directory, "rmoralesa", "primera-clave-1", NULL));
	before = directory_get(directory, "rmoralesa", NULL);
	assert_true(before->must_change_password);
	assert_int_equal(before->state, ACCOUNT_ACTIVE);
	assert_true(directory_change_own_password(
		directory, "rmoralesa", "primera-clave-1", "Nueva-clave-1", NULL));
	after = directory_get(directory, "rmoralesa", NULL);
	assert_false(after->must_change_password);
	assert_false(directory_set_first_password(directory, "nadie", "primera-clave-1", &error));
	assert_code(error, ACUSE_ERROR_NOT_FOUND);
}

static void test_refused_changes(void **state)
{
	static const struct {
		const char *name, *old_password, *new_password;
		AcuseErrorCode code;
	} cases[] = {
		{"wrong", "Nueva-clave-2", "Otra-clave-1", ACUSE_ERROR_UNAUTHENTICATED},
		{"empty", "", "Otra-clave-1", ACUSE_ERROR_UNAUTHENTICATED},
		{"short", "Nueva-clave-1", "Abc-123", ACUSE_ERROR_WEAK_PASSWORD},
		{"no digit", "Nueva-clave-1", "Otra-clave-", ACUSE_ERROR_WEAK_PASSWORD},
		{"no letter", "Nueva-clave-1", "123456-7890", ACUSE_ERROR_WEAK_PASSWORD},
		{"no sign", "Nueva-clave-1", "Otraclave123", ACUSE_ERROR_WEAK_PASSWORD},
		{"the same", "Nueva-clave-1", "Nueva-clave-1", ACUSE_ERROR_WEAK_PASSWORD},
		{"the user's name", "Nueva-clave-1", "RmoralesA-2026", ACUSE_ERROR_WEAK_PASSWORD},
		{"used before", "Nueva-clave-1", "primera-clave-1", ACUSE_ERROR_WEAK_PASSWORD},
		{"control", "Nueva-clave-1", "Otra\nclave-1", ACUSE_ERROR_WEAK_PASSWORD},
	};
	g_autoptr(Directory) directory = directory_new(slapd->settings);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		print_message("%s\n", cases[i].name);
		assert_false(directory_change_own_password(directory, "rmoralesa",
			cases[i].old_password, cases[i].new_password, &error));
		assert_code(error, cases[i].code);
	}
	assert_true(directory_change_own_password(
		directory, "rmoralesa", "Nueva-clave-1", "Eñe-clave-3", NULL));
}

static void test_expired_password(void **state)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Directory) directory = directory_new(slapd->settings);
	g_autoptr(Account) account = NULL;

	(void)state;
	add_ready(directory, "vencida", "10000011", "Vieja-clave-9");
	test_slapd_stop(slapd);
	test_slapd_modify(slapd, "dn: uid=vencida,ou=people,dc=muni,dc=test\nchangetype: modify\n"
				 "replace: pwdChangedTime\npwdChangedTime: 20200101000000Z\n");
	test_slapd_continue(slapd);
	assert_false(directory_change_own_password(
		directory, "vencida", "Mala-clave-99", "Fresca-clave-1", &error));
	assert_code(error, ACUSE_ERROR_UNAUTHENTICATED);
	assert_false(directory_change_own_password(
		directory, "vencida", "Vieja-clave-9", "primera-clave-1", &error));
	assert_code(error, ACUSE_ERROR_WEAK_PASSWORD);
	assert_true(directory_change_own_password(
		directory, "vencida", "Vieja-clave-9", "Fresca-clave-1", &error));
	account = directory_get(directory, "vencida", NULL);
	assert_false(account->must_change_password);
	assert_true(directory_change_own_password(
		directory, "vencida", "Fresca-clave-1", "Final-clave-1", NULL));
}

static gboolean live_state_is(
	LiveDirectory *live, const char *uid, AccountState state, gboolean must_change)
{
	g_autoptr(Account) account = live_directory_by_uid(live, uid);

	return account != NULL && account->state == state &&
	       account->must_change_password == must_change;
}

static gboolean has_trouble(LiveDirectory *live)
{
	g_autofree char *trouble = live_directory_trouble(live);

	return trouble != NULL;
}

static void test_live_copy(void **state)
{
	g_autoptr(Directory) directory = directory_new(slapd->settings);
	g_autoptr(GError) error = NULL;
	g_autoptr(Account) by_mail = NULL;
	LiveDirectory *live = live_directory_start(slapd->settings, NULL);

	(void)state;
	eventually(live_directory_age_s(live) < 5);
	by_mail = live_directory_by_mail(live, "RmoralesA@Muni.Test");
	assert_string_equal(by_mail->uid, "rmoralesa");
	assert_null(live_directory_by_uid(live, "*"));

	add_person(directory, "cesada", "10000020");
	eventually(live_state_is(live, "cesada", ACCOUNT_PENDING, FALSE));
	assert_true(directory_set_first_password(directory, "cesada", "primera-clave-1", NULL));
	eventually(live_state_is(live, "cesada", ACCOUNT_ACTIVE, TRUE));
	assert_true(directory_change_own_password(
		directory, "cesada", "primera-clave-1", "Nueva-clave-1", NULL));
	eventually(live_state_is(live, "cesada", ACCOUNT_ACTIVE, FALSE));
	assert_true(directory_set_state(directory, "cesada", ACCOUNT_CEASED, NULL));
	eventually(live_state_is(live, "cesada", ACCOUNT_CEASED, FALSE));
	assert_false(directory_change_own_password(
		directory, "cesada", "Nueva-clave-1", "Otra-clave-1", &error));
	assert_code(error, ACUSE_ERROR_ACCOUNT_INACTIVE);
	assert_false(directory_set_first_password(directory, "cesada", "primera-clave-2", &error));
	assert_code(error, ACUSE_ERROR_CONFLICT);
	live_directory_stop(live);
}

/* Deleted and added while slapd was away: both are seen after it is back; meanwhile the old copy
 * answers. */
static void test_live_restart(void **state)
{
	g_autoptr(Directory) directory = directory_new(slapd->settings);
	LiveDirectory *live = live_directory_start(slapd->settings, NULL);
	guint count;

	(void)state;
	add_person(directory, "borrada", "10000021");
	eventually(live_state_is(live, "borrada", ACCOUNT_PENDING, FALSE));
	eventually(live_directory_age_s(live) < 5);
	count = live_directory_count(live);
	test_slapd_stop(slapd);
	eventually(has_trouble(live));
	assert_true(live_state_is(live, "borrada", ACCOUNT_PENDING, FALSE));
	assert_false(directory_ping(directory, NULL));
	test_slapd_modify(slapd, "dn: uid=borrada,ou=people,dc=muni,dc=test\nchangetype: delete\n");
	test_slapd_continue(slapd);
	eventually(live_directory_count(live) == count - 1);
	eventually(!has_trouble(live));
	add_person(directory, "vuelta", "10000022");
	eventually(live_state_is(live, "vuelta", ACCOUNT_PENDING, FALSE));
	/* a change outside the accounts must not make the copy look old */
	assert_true(directory_reserve_name(directory, "fuera", "x", NULL));
	g_usleep(6 * G_USEC_PER_SEC);
	eventually(live_directory_age_s(live) < 5);
	live_directory_stop(live);
}

static int start_slapd(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as the daemons do: slapd may go away */
	slapd = test_slapd_start(NULL);
	return 0;
}

static int end_slapd(void **state)
{
	(void)state;
	test_slapd_free(slapd);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_and_get),
		cmocka_unit_test(test_metacharacters),
		cmocka_unit_test(test_first_password),
		cmocka_unit_test(test_office),
		cmocka_unit_test(test_reserve_race),
		cmocka_unit_test(test_refused_changes),
		cmocka_unit_test(test_expired_password),
		cmocka_unit_test(test_live_copy),
		cmocka_unit_test(test_live_restart),
	};
	return cmocka_run_group_tests(tests, start_slapd, end_slapd);
}
