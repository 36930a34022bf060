/*
 * What sends come to: told once to the sender and to the tramite, by what the institution takes as
 * notified; and the tramite's folder: safe names, whole or not at all, twice the same as once.
 */
#include "sends_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "cms/digest.h"
#include "provision/deadlines.h"
#include "provision/outcomes.h"
#include "provision/sends.h"
#include "provision/tramite.h"

#define DAY_S 86400

static const DueKind *const due_tables[] = {due_kinds_sends, NULL};

static void test_table(void **state)
{
	static const struct {
		DeliveryState state;
		gboolean notification;
		DeliveryState notified_by;
		DeliveryOutcome outcome;
	} rows[] = {
		{DELIVERY_PENDING, TRUE, DELIVERY_RELAYED, DELIVERY_OUTCOME_NONE},
		{DELIVERY_DELAYED, TRUE, DELIVERY_RELAYED, DELIVERY_OUTCOME_NONE},
		{DELIVERY_RELAYED, TRUE, DELIVERY_ACKNOWLEDGED, DELIVERY_OUTCOME_NONE},
		{DELIVERY_RELAYED, TRUE, DELIVERY_DELIVERED, DELIVERY_OUTCOME_NONE},
		{DELIVERY_RELAYED, TRUE, DELIVERY_RELAYED, DELIVERY_OUTCOME_NOTIFIED},
		{DELIVERY_DELIVERED, TRUE, DELIVERY_RELAYED, DELIVERY_OUTCOME_NOTIFIED},
		{DELIVERY_READ, TRUE, DELIVERY_ACKNOWLEDGED, DELIVERY_OUTCOME_NONE},
		{DELIVERY_READ, TRUE, DELIVERY_READ, DELIVERY_OUTCOME_NOTIFIED},
		{DELIVERY_ACKNOWLEDGED, TRUE, DELIVERY_ACKNOWLEDGED, DELIVERY_OUTCOME_NOTIFIED},
		{DELIVERY_ACKNOWLEDGED, FALSE, DELIVERY_ACKNOWLEDGED, DELIVERY_OUTCOME_ACCEPTED},
		{DELIVERY_RELAYED, FALSE, DELIVERY_ACKNOWLEDGED, DELIVERY_OUTCOME_ACCEPTED},
		{DELIVERY_PENDING, FALSE, DELIVERY_ACKNOWLEDGED, DELIVERY_OUTCOME_NONE},
		{DELIVERY_FAILED, TRUE, DELIVERY_RELAYED, DELIVERY_OUTCOME_FAILED},
		{DELIVERY_FAILED, FALSE, DELIVERY_RELAYED, DELIVERY_OUTCOME_FAILED},
		{DELIVERY_EXPIRED, TRUE, DELIVERY_RELAYED, DELIVERY_OUTCOME_OVERDUE},
		{DELIVERY_LATE, TRUE, DELIVERY_RELAYED, DELIVERY_OUTCOME_LATE},
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		if (delivery_outcome(rows[i].state, rows[i].notification, rows[i].notified_by) !=
			rows[i].outcome)
			fail_msg("%s, notified by %s", delivery_state_name(rows[i].state),
				delivery_state_name(rows[i].notified_by));
	/* What is no threshold is reached by nothing. */
	assert_false(delivery_reaches(DELIVERY_ACKNOWLEDGED, DELIVERY_PENDING));
}

static void test_folder_names(void **state)
{
	static const struct {
		const char *expediente, *folder;
	} rows[] = {
		{"2026-001234", "2026/2026-001234"},
		{"2025-000001-A_b.c", "2025/2025-000001-A_b.c"},
		{NULL, "2026/SIN-EXPEDIENTE"},
		{"", "2026/SIN-EXPEDIENTE"},
		{"../../etc/passwd", "2026/%2E.%2F..%2Fetc%2Fpasswd"},
		{"..", "2026/%2E."},
		{".oculto", "2026/%2Eoculto"},
		{"/abs", "2026/%2Fabs"},
		{"2026/1", "2026/2026%2F1"},
		{"2026%2F1", "2026/2026%252F1"},
		{"a\nb\\c d", "2026/a%0Ab%5Cc%20d"},
		{"ñ", "2026/%C3%B1"},
		{"20261234", "2026/20261234"},
	};
	g_autofree char *longest = g_strnfill(120, 'a'), *longer = g_strnfill(121, 'a'),
			*one = tramite_folder_of(longest, "2026-11-20"),
			*two = tramite_folder_of(longer, "2026-11-20");

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *folder = tramite_folder_of(rows[i].expediente, "2026-11-20");

		assert_string_equal(folder, rows[i].folder);
	}
	assert_true(g_str_has_suffix(one, longest));
	assert_int_equal(strlen(two), 5 + 120);
}

typedef struct {
	const char *mark;
	char *last;
} Search;

static gboolean search_row(const char *key, const char *value, gpointer data)
{
	Search *search = data;

	(void)key;
	if (strstr(value, search->mark) != NULL) {
		g_free(search->last);
		search->last = g_strdup(value);
	}
	return TRUE;
}

/* The body of the last entry with the mark. */
static json_t *body_with(Fixture *fixture, const char *mark)
{
	Search search = {mark, NULL};
	json_t *entry, *body;

	assert_true(store_scan(
		fixture->service.store, TABLE_OUTBOX, "", NULL, FALSE, search_row, &search, NULL));
	assert_non_null(search.last);
	entry = json_loads(search.last, 0, NULL);
	body = json_incref(json_object_get(entry, "body"));
	json_decref(entry);
	g_free(search.last);
	return body;
}

static void settings(Fixture *fixture, const char *notified_by, const char *folder)
{
	g_autofree char *text = g_strdup_printf(
		"[proof]\nnotified_by=%s\n[tramite]\nfolder=%s\n", notified_by, folder);

	fixture_settings(fixture, text);
}

static json_t *report(Fixture *fixture, const char *action, const char *bytes)
{
	return fixture_report(fixture, bytes, action, "550 no hay tal casilla");
}

static gboolean told(Fixture *fixture, const char *action, const char *bytes)
{
	json_t *answer = report(fixture, action, bytes);
	gboolean is_told = json_is_true(json_object_get(answer, "told"));

	json_decref(answer);
	return is_told;
}

static void test_failed_once(void **state)
{
	Fixture *fixture = *state;

	settings(fixture, "acknowledged", fixture->folder);
	g_bytes_unref(fixture_prepare_signed(fixture, "s-1"));
	assert_true(told(fixture, "delayed", "one"));
	assert_int_equal(fixture_count_outbox(fixture, "\"failed\""), 0);
	assert_true(told(fixture, "failed", "two"));
	assert_int_equal(fixture_count_outbox(fixture, "\"kind\":\"failed\""), 1);
	assert_int_equal(fixture_count_outbox(fixture, "tramite.folder"), 1);
	assert_int_equal(fixture_count_outbox(fixture, "tramite.webhook"), 0);
	assert_true(told(fixture, "failed", "three"));
	assert_int_equal(fixture_count_outbox(fixture, "\"kind\":\"failed\""), 1);
	assert_int_equal(fixture_count_outbox(fixture, "tramite.folder"), 1);
}

/* Whoever wants no notice of failures still gets Postfix's own. */
static void test_not_told(void **state)
{
	Fixture *fixture = *state;

	fixture_settings(fixture, "[notices]\nsender=notified\n");
	g_bytes_unref(fixture_prepare_signed(fixture, "s-1"));
	assert_true(told(fixture, "relayed", "one"));
	assert_false(told(fixture, "failed", "two"));
	assert_int_equal(fixture_count_outbox(fixture, "\"kind\":\"failed\""), 0);
}

static void test_notified_by_relay(void **state)
{
	Fixture *fixture = *state;

	settings(fixture, "relayed", fixture->folder);
	g_bytes_unref(fixture_prepare_signed(fixture, "s-1"));
	fixture_settle(fixture, "sQ1");
	json_decref(report(fixture, "relayed", "one"));
	assert_int_equal(fixture_count_outbox(fixture, "\"kind\":\"notified\""), 1);
	fixture_now_s += 6 * DAY_S;
	due_run(&fixture->service, due_tables);
	assert_int_equal(fixture_count_leaves(fixture, "send.expired"), 0);
	assert_int_equal(fixture_count_outbox(fixture, "by-cedula"), 0);
}

static void test_relay_after_the_term(void **state)
{
	Fixture *fixture = *state;

	settings(fixture, "relayed", fixture->folder);
	g_bytes_unref(fixture_prepare_signed(fixture, "s-1"));
	fixture_settle(fixture, "sQ1");
	fixture_now_s += 6 * DAY_S;
	due_run(&fixture->service, due_tables);
	assert_int_equal(fixture_count_outbox(fixture, "by-cedula"), 1);
	json_decref(report(fixture, "relayed", "one"));
	assert_int_equal(fixture_count_outbox(fixture, "\"kind\":\"late\""), 1);
	assert_int_equal(fixture_count_outbox(fixture, "\"kind\":\"notified\""), 0);
	assert_int_equal(fixture_count_outbox(fixture, "tramite.folder"), 2);
}

/* External mail goes to its case, and nobody is bothered. */
static void test_external(void **state)
{
	Fixture *fixture = *state;

	settings(fixture, "acknowledged", fixture->folder);
	fixture_prepare(fixture, "s-1", "Subject: x\r\n\r\nbytes");
	json_decref(report(fixture, "relayed", "one"));
	assert_int_equal(fixture_count_outbox(fixture, "\"accepted\""), 1);
	assert_int_equal(fixture_count_outbox(fixture, "\"notice\""), 0);
}

static char *read_all(const char *folder, const char *name, gsize *size)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	char *bytes = NULL;

	if (!g_file_get_contents(path, &bytes, size, NULL))
		fail_msg("no %s", path);
	return bytes;
}

static void check_parcel(const char *folder)
{
	g_autofree char *text = NULL;
	json_auto_t *manifest = NULL;
	json_t *file;
	gsize size;
	size_t i;

	text = read_all(folder, "manifest.json", &size);
	manifest = json_loadb(text, size, 0, NULL);
	assert_string_equal(
		json_string_value(json_object_get(manifest, "recipient")), FIXTURE_CITIZEN);
	assert_int_equal(json_array_size(json_object_get(manifest, "files")), 3);
	json_array_foreach(json_object_get(manifest, "files"), i, file) {
		g_autofree char *bytes =
			read_all(folder, json_string_value(json_object_get(file, "name")), &size);
		g_autofree char *digest = digest_sha256_hex(bytes, size);

		assert_string_equal(digest, json_string_value(json_object_get(file, "sha256")));
	}
}

static void test_folder(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *root = g_build_filename(fixture->folder, "tramite", NULL), *final = NULL,
			*left = NULL, *parent = NULL, *hidden = NULL;
	g_autoptr(TramiteParcel) parcel = NULL;
	g_autoptr(GError) error = NULL;
	json_auto_t *body = NULL;
	const OutboxKind *kind = outbox_kinds_tramite_folder;

	settings(fixture, "acknowledged", root);
	g_bytes_unref(fixture_prepare_signed(fixture, "s-1"));
	json_decref(report(fixture, "failed", "one"));
	body = body_with(fixture, "tramite.folder");
	fixture_sealed = FALSE;
	assert_false(kind->carry_out(&fixture->service, body, &error));
	assert_error(error, ACUSE_ERROR_TOKEN_LOCKED);
	g_clear_error(&error);
	fixture_sealed = TRUE;
	/* The share is away: waited for. */
	assert_false(kind->carry_out(&fixture->service, body, &error));
	assert_error(error, ACUSE_ERROR_UNAVAILABLE);
	g_clear_error(&error);
	parcel = tramite_parcel_new(&fixture->service, body, &error);
	assert_null(error);
	parent = g_build_filename(root, "2026", FIXTURE_EXPEDIENTE, NULL);
	hidden = g_strconcat(".acuse-", parcel->key, NULL);
	left = g_build_filename(parent, hidden, NULL);
	assert_int_equal(g_mkdir_with_parents(left, 0700), 0);
	if (!kind->carry_out(&fixture->service, body, &error))
		fail_msg("%s", error->message);
	final = g_build_filename(parent, parcel->key, NULL);
	check_parcel(final);
	assert_false(g_file_test(left, G_FILE_TEST_EXISTS));
	assert_true(kind->carry_out(&fixture->service, body, &error));
	check_parcel(final);
}

/* What happens later does not change what is told of before. */
static void test_as_it_was(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(TramiteParcel) first = NULL, second = NULL;
	json_auto_t *body = NULL;

	settings(fixture, "acknowledged", fixture->folder);
	g_bytes_unref(fixture_prepare_signed(fixture, "s-1"));
	json_decref(report(fixture, "failed", "one"));
	body = body_with(fixture, "tramite.folder");
	first = tramite_parcel_new(&fixture->service, body, &error);
	assert_null(error);
	json_decref(report(fixture, "relayed", "two"));
	fixture_now_s += DAY_S;
	second = tramite_parcel_new(&fixture->service, body, &error);
	assert_null(error);
	for (guint i = 0; i < TRAMITE_FILES; i++)
		if (!g_bytes_equal(first->files[i].bytes, second->files[i].bytes))
			fail_msg("%s is not the same", first->files[i].name);
}

static void test_wrong_setting(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	assert_true(outcomes_check_settings(fixture->service.settings, &error));
	fixture_settings(fixture, "[notices]\nsender=notified;sometimes\n");
	assert_false(outcomes_check_settings(fixture->service.settings, &error));
	assert_error(error, ACUSE_ERROR_INVALID);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_folder_names),
		WITH(test_failed_once),
		WITH(test_not_told),
		WITH(test_notified_by_relay),
		WITH(test_relay_after_the_term),
		WITH(test_external),
		WITH(test_folder),
		WITH(test_as_it_was),
		WITH(test_wrong_setting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
