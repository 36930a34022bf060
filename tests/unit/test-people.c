/* People after they have an account: cessation now and on a day, offices, rotation, encargatura,
 * reinstatement, and HR's lists, over a real slapd; Dovecot is a socket that answers like its
 * script service. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ustream.h"
#include "directory/change.h"
#include "provision/closed_accounts.h"
#include "provision/due.h"
#include "provision/people.h"
#include "provision/row.h"
#include "provision/self.h"
#include "tests/unit/accounts_fixture.h"

#define DAY_S 86400

static const DueKind *const due_tables[] = {due_kinds_people, NULL};

/* ---- the mail server ---- */

static int server = -1;
static GThread *server_thread;
static GMutex asked_lock;
static GString *asked; /* what it was asked, one call a line */
static gboolean refuses;

static gpointer serve(gpointer data)
{
	int fd;

	(void)data;
	while ((fd = accept(server, NULL, NULL)) >= 0) {
		char words[512] = "";
		gsize n = 0;
		ssize_t got;

		while ((got = read(fd, words + n, sizeof words - 1 - n)) > 0)
			n += (gsize)got;
		g_mutex_lock(&asked_lock);
		g_strdelimit(words, "\n", ' ');
		g_string_append_printf(asked, "%s\n", words);
		n = write(fd, refuses ? "-\n" : "+\n", 2) == 2;
		g_mutex_unlock(&asked_lock);
		close(fd);
	}
	return NULL;
}

static gboolean was_asked(const char *verb, const char *uid)
{
	g_autofree char *line = g_strdup_printf("VERSION\tscript\t4\t0 - %s %s  \n", verb, uid);
	gboolean was;

	g_mutex_lock(&asked_lock);
	was = strstr(asked->str, line) != NULL;
	g_mutex_unlock(&asked_lock);
	return was;
}

static void set_refusing(gboolean refusing)
{
	g_mutex_lock(&asked_lock);
	refuses = refusing;
	g_string_truncate(asked, 0);
	g_mutex_unlock(&asked_lock);
}

/* ---- cases ---- */

static json_t *form_of(const char *dni, const char *given)
{
	json_t *filled = form(dni);

	json_object_set_new(filled, "given_names", json_string(given));
	return filled;
}

static char *new_person(const char *dni, const char *given)
{
	char *uid = make_person(form_of(dni, given), NULL);

	eventually(live_has(uid, ACCOUNT_ACTIVE));
	return uid;
}

static json_t *cease(const char *dni, const char *date)
{
	return must(routes_people, "/v1/people/{dni}/cease", dni,
		json_pack("{s:s, s:s?}", "document", "Memo 1", "date", date));
}

static gboolean office_has(const char *office, const char *owner, const char *delegate)
{
	g_autoptr(Account) account = live_directory_by_uid(service.live, office);

	if (account == NULL || g_strcmp0(account->owner, owner) != 0)
		return FALSE;
	return delegate == NULL
		       ? account->delegates == NULL || account->delegates[0] == NULL
		       : account->delegates != NULL &&
				 g_strv_contains((const char *const *)account->delegates, delegate);
}

/* One call: login, sessions, sends, offices. */
static void test_cease_ends_everything(void **state)
{
	g_autofree char *uid = new_person("70000001", "Ana");
	g_autofree char *other = new_person("70000002", "Eva");
	json_auto_t *made = must(routes_offices, "/v1/offices", NULL,
		json_pack("{s:s, s:s, s:s, s:[s], s:s}", "local_part", "mesa", "name", "Mesa",
			"responsible", uid, "delegates", other, "document", "R 1"));
	json_auto_t *second = must(routes_offices, "/v1/offices", NULL,
		json_pack("{s:s, s:s, s:s, s:[s], s:s}", "local_part", "caja", "name", "Caja",
			"responsible", other, "delegates", uid, "document", "R 2"));
	json_auto_t *ceased = NULL;
	guint left = count_leaves("office.left");

	(void)state;
	eventually(office_has("mesa", uid, other) && office_has("caja", other, uid));
	ceased = cease("70000001", NULL);
	assert_string_equal(row_text(ceased, "state"), "ceased");
	assert_null(json_object_get(ceased, "pending"));
	assert_true(account_is_closed(service.store, uid));
	assert_true(was_asked("end-sessions", uid));
	eventually(live_has(uid, ACCOUNT_CEASED));
	eventually(office_has("mesa", NULL, other) && office_has("caja", other, NULL));
	eventually(count_leaves("office.left") == left + 2);
	/* Of the one without a responsible its delegate is told, of the other its responsible. */
	assert_int_equal(count_outbox("\"kind\":\"office-left\""), 2);
	assert_int_equal(count_outbox("\"vacant\":true"), 1);
	assert_fails(routes_people, "/v1/people/{dni}/cease", "70000001",
		json_pack("{s:s}", "document", "Memo"), ACUSE_ERROR_NOT_FOUND);
}

/* The store refuses from the order on, and sessions end, whatever slapd does. */
static void test_cease_while_slapd_is_down(void **state)
{
	g_autofree char *uid = new_person("70000003", "Ada");
	json_auto_t *ceased = NULL;

	(void)state;
	test_slapd_stop(slapd);
	ceased = cease("70000003", NULL);
	assert_true(json_is_true(json_object_get(ceased, "pending")));
	assert_true(account_is_closed(service.store, uid));
	assert_true(was_asked("end-sessions", uid));
	test_slapd_continue(slapd);
	eventually(live_has(uid, ACCOUNT_CEASED));
}

/* A mail server that fails is asked again until it has ended the sessions. */
static void test_sessions_are_asked_again(void **state)
{
	g_autofree char *uid = new_person("70000004", "Isa");
	json_auto_t *ceased = NULL;

	(void)state;
	set_refusing(TRUE);
	ceased = cease("70000004", NULL);
	assert_true(json_is_true(json_object_get(ceased, "pending")));
	eventually(live_has(uid, ACCOUNT_CEASED));
	set_refusing(FALSE);
	eventually(was_asked("end-sessions", uid));
}

static void test_cease_on_a_day(void **state)
{
	g_autofree char *uid = new_person("70000005", "Olga");
	json_auto_t *ordered = cease("70000005", "2026-11-30"), *again = NULL;
	gint64 before = accounts_now_s;

	(void)state;
	assert_string_equal(row_text(ordered, "state"), "active");
	assert_string_equal(row_text(ordered, "until"), "2026-11-30");
	/* A later order takes the place of the earlier one. */
	again = cease("70000005", "2026-11-25");
	accounts_now_s = before + 4 * DAY_S; /* 2026-11-24 in Lima */
	assert_int_equal(due_run(&service, due_tables), 0);
	assert_false(account_is_closed(service.store, uid));
	accounts_now_s += DAY_S;
	assert_int_equal(due_run(&service, due_tables), 1);
	eventually(live_has(uid, ACCOUNT_CEASED));
	accounts_now_s += 20 * DAY_S;
	assert_int_equal(due_run(&service, due_tables), 0);
	accounts_now_s = before;
}

static gboolean live_post(const char *uid, const char *post, const char *unit)
{
	g_autoptr(Account) account = live_directory_by_uid(service.live, uid);

	return account != NULL && g_strcmp0(account->post, post) == 0 &&
	       g_strcmp0(account->unit, unit) == 0;
}

static json_t *rotation(const char *post, const char *date)
{
	return json_pack("{s:s, s:s, s:s, s:s?}", "post", post, "unit", "Logística", "document",
		"R 3", "date", date);
}

static json_t *acting(const char *from, const char *until)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "post", "Jefa", "unit", "Caja", "from", from,
		"until", until, "document", "R 4");
}

/* Rotation during an encargatura: the own post changes beneath, and shows when it ends. */
static void test_posts(void **state)
{
	g_autofree char *uid = new_person("70000006", "Pía");
	gint64 before = accounts_now_s;
	json_auto_t *moved = must(
		routes_people, "/v1/people/{dni}/rotate", "70000006", rotation("Asistente", NULL));
	json_auto_t *held = NULL, *later = NULL;

	(void)state;
	assert_string_equal(row_text(moved, "post"), "Asistente");
	eventually(live_post(uid, "Asistente", "Logística"));
	held = must(routes_people, "/v1/people/{dni}/encargatura", "70000006",
		acting("2026-11-21", "2026-11-23"));
	assert_string_equal(row_text(held, "post"), "Asistente");
	later = must(routes_people, "/v1/people/{dni}/rotate", "70000006",
		rotation("Analista", "2026-11-22"));
	accounts_now_s = before + DAY_S;
	assert_int_equal(due_run(&service, due_tables), 1);
	eventually(live_post(uid, "Jefa (e)", "Caja"));
	accounts_now_s += DAY_S;
	assert_int_equal(due_run(&service, due_tables), 1);
	accounts_now_s += DAY_S;
	assert_int_equal(due_run(&service, due_tables), 0);
	assert_true(live_post(uid, "Jefa (e)", "Caja"));
	accounts_now_s += DAY_S;
	assert_int_equal(due_run(&service, due_tables), 1);
	eventually(live_post(uid, "Analista", "Logística"));
	accounts_now_s = before;
}

static void test_posts_refused(void **state)
{
	g_autofree char *uid = new_person("70000007", "Noa");
	static const struct {
		const char *name, *from, *until;
	} cases[] = {
		{"ends before it begins", "2026-11-25", "2026-11-24"},
		{"over already", "2026-11-01", "2026-11-19"},
		{"no such day", "2026-11-31", "2026-12-01"},
		{"no date", "mañana", "2026-12-01"},
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		print_message("%s\n", cases[i].name);
		assert_fails(routes_people, "/v1/people/{dni}/encargatura", "70000007",
			acting(cases[i].from, cases[i].until), ACUSE_ERROR_INVALID);
	}
	assert_fails(routes_people, "/v1/people/{dni}/rotate", "70000007", rotation("  ", NULL),
		ACUSE_ERROR_INVALID);
	assert_fails(routes_people, "/v1/people/{dni}/rotate", "70009999", rotation("Jefa", NULL),
		ACUSE_ERROR_NOT_FOUND);
	assert_true(live_post(uid, "Secretaria", "Secretaría General"));
}

static const json_t *item(const json_t *answer, size_t i)
{
	return json_array_get(json_object_get(answer, "items"), i);
}

/* Every act on one account, in order, and none of another. */
static void test_history(void **state)
{
	static const char *const types[] = {"request.filed", "request.approved", "account.created",
		"account.password", "request.executed", "account.rotated", "account.ceased"};
	g_autofree char *uid = new_person("70000020", "Ula");
	json_auto_t *moved = must(
		routes_people, "/v1/people/{dni}/rotate", "70000020", rotation("Asistente", NULL));
	json_auto_t *ceased = cease("70000020", NULL);
	json_auto_t *history =
		call(routes_accounts, "GET", "/v1/accounts/{uid}/history", uid, NULL, NULL);
	json_auto_t *nobody =
		call(routes_accounts, "GET", "/v1/accounts/{uid}/history", "nadie", NULL, NULL);

	(void)state;
	assert_true(json_is_null(json_object_get(history, "next")));
	assert_int_equal(json_array_size(json_object_get(history, "items")), G_N_ELEMENTS(types));
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
		assert_string_equal(row_text(item(history, i), "type"), types[i]);
	assert_string_equal(row_text(item(history, 6), "document"), "Memo 1");
	assert_string_equal(row_text(item(history, 6), "actor"), "uid:0");
	assert_int_equal(json_array_size(json_object_get(nobody, "items")), 0);
}

static void test_reinstatement(void **state)
{
	g_autofree char *uid = new_person("70000008", "Luz");
	json_auto_t *ceased = NULL, *back = NULL, *again = NULL;
	const ApiRequest owner = {
		.service = &service, .roles = ROLE_PUBLIC, .actor = "public:127.0.0.9"};

	(void)state;
	assert_fails(routes_people, "/v1/people/{dni}/reinstate", "70000008",
		json_pack("{s:s}", "document", "R 5"), ACUSE_ERROR_NOT_FOUND);
	ceased = cease("70000008", NULL);
	eventually(live_has(uid, ACCOUNT_CEASED));
	assert_fails(routes_people, "/v1/people/{dni}/reinstate", "70000018",
		json_pack("{s:s}", "document", "R 5"), ACUSE_ERROR_NOT_FOUND);
	back = must(routes_people, "/v1/people/{dni}/reinstate", "70000008",
		json_pack("{s:s}", "document", "R 5"));
	assert_string_equal(row_text(back, "uid"), uid);
	eventually(live_has(uid, ACCOUNT_ACTIVE));
	assert_false(account_is_closed(service.store, uid));
	assert_true(self_change_password(
		&owner, uid, row_text(back, "password"), "Otra-clave-77", NULL));
	/* It is taken: no second account, no second reinstatement. */
	assert_fails(routes_people, "/v1/people/{dni}/reinstate", "70000008",
		json_pack("{s:s}", "document", "R 5"), ACUSE_ERROR_CONFLICT);
	assert_fails(routes_requests, "/v1/requests", NULL, form_of("70000008", "Luz"),
		ACUSE_ERROR_CONFLICT);
	again = cease("70000008", NULL);
	assert_string_equal(row_text(again, "uid"), uid);
	eventually(live_has(uid, ACCOUNT_CEASED));
}

static json_t *report(gboolean apply)
{
	return json_pack("{s:s, s:b, s:[{s:s, s:s, s:s}, {s:s, s:s, s:s, s:s, s:s}]}", "document",
		"Informe 9", "apply", apply, "rows", "dni", "70000010", "action", "cease", "date",
		"2026-11-16", "dni", "70000011", "action", "rotate", "date", "2026-11-19", "post",
		"Cajera", "unit", "Caja");
}

/* Shown first; done when asked; late by the calendar; and all or nothing. */
static void test_report(void **state)
{
	g_autofree char *first = new_person("70000010", "Sol");
	g_autofree char *second = new_person("70000011", "Mar");
	json_auto_t *wrong = report(TRUE), *shown = NULL, *done = NULL, *late = NULL;

	(void)state;
	shown = must(routes_people, "/v1/people/report", NULL, report(FALSE));
	assert_string_equal(row_text(item(shown, 0), "uid"), first);
	assert_string_equal(row_text(item(shown, 0), "display_name"), "Sol Morales Aranda");
	assert_true(json_is_true(json_object_get(item(shown, 0), "late")));
	assert_int_equal(json_integer_value(json_object_get(item(shown, 0), "business_days")), 4);
	assert_false(json_is_true(json_object_get(item(shown, 1), "late")));
	assert_true(live_has(first, ACCOUNT_ACTIVE));
	json_array_append_new(json_object_get(wrong, "rows"),
		json_pack("{s:s, s:s}", "dni", "79999999", "action", "cease"));
	assert_fails(
		routes_people, "/v1/people/report", NULL, json_incref(wrong), ACUSE_ERROR_CONFLICT);
	assert_true(live_has(first, ACCOUNT_ACTIVE));
	done = must(routes_people, "/v1/people/report", NULL, report(TRUE));
	assert_true(json_is_true(json_object_get(done, "applied")));
	eventually(live_has(first, ACCOUNT_CEASED) && live_post(second, "Cajera", "Caja"));
	late = call(routes_people, "GET", "/v1/people/late-reports", NULL, NULL, NULL);
	assert_int_equal(json_array_size(json_object_get(late, "items")), 1);
	assert_string_equal(row_text(item(late, 0), "uid"), first);
	assert_string_equal(row_text(item(late, 0), "reported"), "2026-11-20");
}

static void test_report_refused(void **state)
{
	json_auto_t *twice = json_pack("{s:s, s:[{s:s, s:s}, {s:s, s:s}]}", "document", "I", "rows",
		"dni", "70000012", "action", "cease", "dni", "70000012", "action", "cease");
	g_autofree char *uid = new_person("70000012", "Fe");
	json_auto_t *shown = NULL;

	(void)state;
	assert_fails(routes_people, "/v1/people/report", NULL,
		json_pack("{s:s, s:[]}", "document", "I", "rows"), ACUSE_ERROR_INVALID);
	assert_fails(routes_people, "/v1/people/report", NULL,
		json_pack("{s:s, s:s}", "document", "I", "rows", "x"), ACUSE_ERROR_INVALID);
	shown = must(routes_people, "/v1/people/report", NULL, json_incref(twice));
	assert_non_null(row_text(item(shown, 0), "problem"));
	assert_non_null(row_text(item(shown, 1), "problem"));
}

static int start(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("acuse-mailboxes-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "socket", NULL);
	g_autofree char *settings = g_strdup_printf("[mailboxes]\nsocket=%s\n", path);

	server = ustream_listen(path, SOCK_STREAM, 0600, NULL);
	assert_true(server >= 0);
	asked = g_string_new(NULL);
	server_thread = g_thread_new("mailboxes", serve, NULL);
	*state = g_steal_pointer(&folder);
	return accounts_start(settings);
}

static int end(void **state)
{
	g_autofree char *folder = *state;
	g_autofree char *path = g_build_filename(folder, "socket", NULL);
	int failed = accounts_end(state);

	shutdown(server, SHUT_RDWR);
	g_thread_join(server_thread);
	close(server);
	unlink(path);
	rmdir(folder);
	g_string_free(asked, TRUE);
	return failed;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cease_ends_everything),
		cmocka_unit_test(test_cease_while_slapd_is_down),
		cmocka_unit_test(test_sessions_are_asked_again),
		cmocka_unit_test(test_cease_on_a_day),
		cmocka_unit_test(test_posts),
		cmocka_unit_test(test_posts_refused),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_reinstatement),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_report_refused),
	};
	return cmocka_run_group_tests(tests, start, end);
}
