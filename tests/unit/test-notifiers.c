/* The list of mailboxes that may notify: one by one and as a whole list, over a real slapd. The
 * annex of Directiva 001-2020 is taken row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "directory/change.h"
#include "provision/ctl/csv_table.h"
#include "provision/row.h"
#include "tests/unit/accounts_fixture.h"

#define IMPORT "/v1/notifiers/import"
#define ONE "/v1/notifiers/{address}"
#define WITHDRAW "/v1/notifiers/{address}/withdraw"
#define ANNEX_ROWS 34

static const char *const columns[] = {"mailbox", "area", "level", NULL};

static void add_office(Directory *directory, const char *mail)
{
	g_autoptr(Account) office = account_new();

	office->mail = g_strdup(mail);
	office->uid = g_strndup(mail, strcspn(mail, "@"));
	office->kind = ACCOUNT_OFFICE;
	office->state = ACCOUNT_ACTIVE;
	office->display_name = g_strdup(office->uid);
	assert_true(directory_add_account(directory, office, NULL));
}

/* The annex as rows, its mailboxes moved into the test's domain. */
static json_t *annex_rows(void)
{
	g_autofree char *text = NULL, *moved = NULL;
	g_auto(GStrv) pieces = NULL;

	assert_true(g_file_get_contents(GOLDEN_FOLDER "/anexo-3.csv", &text, NULL, NULL));
	pieces = g_strsplit(text, "@mpsm.gob.pe", -1);
	moved = g_strjoinv("@muni.test", pieces);
	return csv_table_parse(moved, strlen(moved), columns, 3, NULL);
}

static gboolean live_has_area(const char *uid, const char *area)
{
	g_autoptr(Account) account = live_directory_by_uid(service.live, uid);

	return account != NULL && g_strcmp0(account->notifier_area, area) == 0;
}

static json_t *list_of(json_t *rows, gboolean dry_run)
{
	return json_pack("{s:s, s:b, s:o}", "document", "Directiva 001-2020, Anexo 3", "dry_run",
		dry_run, "rows", rows);
}

static json_t *import(json_t *rows, gboolean dry_run)
{
	return must(routes_notifiers, IMPORT, NULL, list_of(rows, dry_run));
}

static gsize count_listed(void)
{
	json_auto_t *listed = call(routes_notifiers, "GET", "/v1/notifiers", NULL, NULL, NULL);

	return json_array_size(json_object_get(listed, "items"));
}

static void assert_counts(const json_t *answer, int new_ones, int changed, int same)
{
	assert_int_equal(json_integer_value(json_object_get(answer, "new")), new_ones);
	assert_int_equal(json_integer_value(json_object_get(answer, "changed")), changed);
	assert_int_equal(json_integer_value(json_object_get(answer, "same")), same);
}

static void test_annex(void **state)
{
	g_autoptr(Directory) directory = directory_new(service.settings);
	json_auto_t *rows = annex_rows(), *dry = NULL, *done = NULL, *again = NULL;
	json_t *row;
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(rows), ANNEX_ROWS);
	/* No such mailboxes yet: the first line says so, and nothing is taken. */
	assert_fails(routes_notifiers, IMPORT, NULL, list_of(json_incref(rows), FALSE),
		ACUSE_ERROR_NOT_FOUND);
	assert_int_equal(count_leaves("mailbox.authorised"), 0);
	json_array_foreach(rows, i, row)
		add_office(directory, row_text(row, "mailbox"));
	dry = import(json_incref(rows), TRUE);
	assert_counts(dry, ANNEX_ROWS, 0, 0);
	assert_int_equal(count_listed(), 0);
	assert_int_equal(count_leaves("mailbox.authorised"), 0);
	done = import(json_incref(rows), FALSE);
	assert_counts(done, ANNEX_ROWS, 0, 0);
	assert_int_equal(count_listed(), ANNEX_ROWS);
	assert_int_equal(count_leaves("mailbox.authorised"), ANNEX_ROWS);
	json_array_foreach(rows, i, row) {
		const char *mail = row_text(row, "mailbox");
		g_autofree char *uid = g_strndup(mail, strcspn(mail, "@"));
		g_autoptr(Account) account = NULL;

		eventually(live_has_area(uid, row_text(row, "area")));
		account = directory_get(directory, uid, NULL);
		assert_string_equal(account->notifier_area, row_text(row, "area"));
		assert_string_equal(account->notifier_level, row_text(row, "level"));
	}
	again = import(json_incref(rows), FALSE);
	assert_counts(again, 0, 0, ANNEX_ROWS);
	assert_int_equal(count_leaves("mailbox.authorised"), ANNEX_ROWS);
}

static json_t *row_of(const char *mailbox, const char *area, const char *level)
{
	return json_pack("{s:s?, s:s?, s:s?}", "mailbox", mailbox, "area", area, "level", level);
}

/* A list with one wrong row is refused whole, with the line. */
static void test_import_refused(void **state)
{
	static const struct {
		const char *name, *mailbox, *area, *level;
		int code;
	} cases[] = {
		{"no mailbox", NULL, "A", "L", ACUSE_ERROR_INVALID},
		{"no area", "alcaldia@muni.test", NULL, "L", ACUSE_ERROR_INVALID},
		{"blank level", "alcaldia@muni.test", "A", "  ", ACUSE_ERROR_INVALID},
		{"no address", "alcaldia", "A", "L", ACUSE_ERROR_INVALID},
		{"another domain", "alcaldia@mpsm.gob.pe", "A", "L", ACUSE_ERROR_INVALID},
		{"a subdomain", "alcaldia@x.muni.test", "A", "L", ACUSE_ERROR_INVALID},
		{"unknown", "nadie@muni.test", "A", "L", ACUSE_ERROR_NOT_FOUND},
		{"twice", "Primera@muni.test", "A", "L", ACUSE_ERROR_INVALID},
		{"ceased", "cesada@muni.test", "A", "L", ACUSE_ERROR_CONFLICT},
	};
	g_autoptr(Directory) directory = directory_new(service.settings);
	guint leaves = count_leaves("mailbox.authorised");

	(void)state;
	add_office(directory, "primera@muni.test");
	add_office(directory, "cesada@muni.test");
	assert_true(directory_set_state(directory, "cesada", ACCOUNT_CEASED, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		json_t *rows = json_pack("[o, o]", row_of("primera@muni.test", "A", "L"),
			row_of(cases[i].mailbox, cases[i].area, cases[i].level));
		g_autoptr(GError) error = NULL;

		print_message("%s\n", cases[i].name);
		assert_null(
			call(routes_notifiers, "POST", IMPORT, NULL, list_of(rows, FALSE), &error));
		assert_int_equal(error->code, cases[i].code);
		assert_non_null(strstr(error->message, "line 2: "));
	}
	assert_int_equal(count_leaves("mailbox.authorised"), leaves);
	assert_true(live_has_area("primera", NULL));
}

static void test_too_many(void **state)
{
	json_t *rows = json_array();

	(void)state;
	for (int i = 0; i < 500; i++)
		json_array_append_new(rows, row_of("nadie@muni.test", "A", "L"));
	assert_fails(routes_notifiers, IMPORT, NULL, list_of(json_incref(rows), FALSE),
		ACUSE_ERROR_NOT_FOUND);
	json_array_append_new(rows, row_of("nadie@muni.test", "A", "L"));
	assert_fails(routes_notifiers, IMPORT, NULL, list_of(rows, FALSE), ACUSE_ERROR_TOO_LARGE);
}

static json_t *put(const char *mailbox, const char *area, const char *level)
{
	GError *error = NULL;
	json_t *answer = call(routes_notifiers, "PUT", ONE, mailbox,
		json_pack("{s:s, s:s, s:s}", "area", area, "level", level, "document", "R 1"),
		&error);

	assert_null(error);
	return answer;
}

/* One mailbox, an office's or a person's: put, corrected, withdrawn, each once on record. */
static void test_one(void **state)
{
	g_autofree char *uid = make_person(form("40000021"), NULL);
	g_autofree char *mail = g_strconcat(uid, "@muni.test", NULL);
	guint given = count_leaves("mailbox.authorised");
	json_auto_t *first = NULL, *same = NULL, *other = NULL, *off = NULL;

	(void)state;
	eventually(live_has(uid, ACCOUNT_ACTIVE));
	first = put(mail, " Oficina  de Control ", "Jefa");
	assert_string_equal(
		row_text(json_object_get(first, "notifier"), "area"), "Oficina de Control");
	eventually(live_has_area(uid, "Oficina de Control"));
	same = put(mail, "Oficina de Control", "Jefa");
	assert_int_equal(count_leaves("mailbox.authorised"), given + 1);
	other = put(mail, "Oficina de Control", "Jefa (e)");
	assert_int_equal(count_leaves("mailbox.authorised"), given + 2);
	off = must(routes_notifiers, WITHDRAW, mail, json_pack("{s:s}", "document", "R 2"));
	assert_true(json_is_null(json_object_get(off, "notifier")));
	eventually(live_has_area(uid, NULL));
	assert_int_equal(count_leaves("mailbox.withdrawn"), 1);
	assert_fails(routes_notifiers, WITHDRAW, mail, json_pack("{s:s}", "document", "R 3"),
		ACUSE_ERROR_NOT_FOUND);
	assert_fails(routes_notifiers, WITHDRAW, mail, json_object(), ACUSE_ERROR_INVALID);
}

static int start(void **state)
{
	(void)state;
	return accounts_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_annex),
		cmocka_unit_test(test_import_refused),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_one),
	};
	return cmocka_run_group_tests(tests, start, accounts_end);
}
