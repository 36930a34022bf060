/* accounts_fixture.h. What fails ends the test with its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "cms/digest.h"
#include "provision/accounts.h"
#include "provision/outbox.h"
#include "provision/row.h"
#include "tests/unit/accounts_fixture.h"
#include "tests/unit/calendar_fixture.h"
#include "tests/unit/route.h"

TestSlapd *slapd;
Service service;
gint64 accounts_now_s = ACCOUNTS_NOW_S;
static char *ledger, *blobs;
static char *scan;

static gint64 now_s(void)
{
	return accounts_now_s;
}

json_t *call(const Route *routes, const char *method, const char *path, const char *argument,
	json_t *body, GError **error)
{
	ApiResponse response;
	gboolean done =
		route_call(&service, routes, method, path, argument, NULL, body, &response, error);

	assert_int_equal(done, response.json != NULL);
	return response.json;
}

void assert_fails(const Route *routes, const char *path, const char *argument, json_t *body,
	AcuseErrorCode code)
{
	g_autoptr(GError) error = NULL;

	assert_null(call(routes, "POST", path, argument, body, &error));
	assert_string_equal(acuse_error_row_of(error)->name, acuse_error_row((int)code)->name);
}

json_t *must(const Route *routes, const char *path, const char *argument, json_t *body)
{
	g_autoptr(GError) error = NULL;
	json_t *answer = call(routes, "POST", path, argument, body, &error);

	if (answer == NULL)
		fail_msg("%s %s: %s", path, argument, error->message);
	return answer;
}

char *put_document(const char *text)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	char *sha256 = digest_sha256_hex(text, strlen(text));

	assert_true(blobs_put(service.blobs, sha256, bytes, NULL));
	return sha256;
}

json_t *form(const char *dni)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "scan",
		scan, "kind", "person", "action", "create", "given_names", "Rosa",
		"paternal_surname", "Morales", "maternal_surname", "Aranda", "dni", dni, "post",
		"Secretaria", "unit", "Secretaría General", "document", "Memorando 45", "reason",
		"joining", "tramite", "2026-000871");
}

char *file_form(json_t *filled)
{
	json_auto_t *filed = must(routes_requests, "/v1/requests", NULL, filled);

	assert_string_equal(row_text(filed, "state"), "received");
	return g_strdup(row_text(filed, "id"));
}

gboolean request_has_uid(const char *id)
{
	json_auto_t *row = call(routes_requests, "GET", "/v1/requests/{id}", id, NULL, NULL);

	return row_text(row, "uid") != NULL;
}

char *make_person(json_t *filled, char **password)
{
	g_autofree char *id = file_form(filled);
	json_auto_t *approved =
		must(routes_requests, "/v1/requests/{id}/approve", id, json_object());
	json_auto_t *delivered = NULL;
	char *uid;

	eventually(request_has_uid(id));
	delivered = must(routes_requests, "/v1/requests/{id}/deliver", id, json_object());
	uid = g_strdup(row_text(delivered, "uid"));
	assert_string_equal(row_text(approved, "state"), "approved");
	if (password != NULL)
		*password = g_strdup(row_text(delivered, "password"));
	assert_fails(routes_requests, "/v1/requests/{id}/deliver", id, json_object(),
		ACUSE_ERROR_CONFLICT);
	return uid;
}

gboolean live_has(const char *uid, AccountState wanted)
{
	g_autoptr(Account) account = live_directory_by_uid(service.live, uid);

	return account != NULL && account->state == wanted;
}

gboolean no_leaf_has(const char *text)
{
	for (guint64 i = 0; i < store_tree_size(service.store); i++) {
		g_autofree char *leaf = store_leaf(service.store, i, NULL);
		g_autofree char *opening = store_opening(service.store, i, NULL);

		if (strstr(leaf, text) != NULL ||
			(opening != NULL && strstr(opening, text) != NULL))
			return FALSE;
	}
	return TRUE;
}

typedef struct {
	const char *text;
	guint n;
} Counting;

static gboolean count_entry(const char *key, const char *value, gpointer data)
{
	Counting *counting = data;

	(void)key;
	counting->n += strstr(value, counting->text) != NULL;
	return TRUE;
}

guint count_outbox(const char *text)
{
	Counting counting = {text, 0};

	assert_true(store_scan(
		service.store, TABLE_OUTBOX, "", NULL, FALSE, count_entry, &counting, NULL));
	return counting.n;
}

guint count_leaves(const char *type)
{
	g_autofree char *member = g_strdup_printf("\"type\":\"%s\"", type);
	guint n = 0;

	for (guint64 i = 0; i < store_tree_size(service.store); i++) {
		g_autofree char *leaf = store_leaf(service.store, i, NULL);

		n += strstr(leaf, member) != NULL;
	}
	return n;
}

int accounts_start(const char *settings)
{
	static const OutboxKind *const kinds[] = {outbox_kinds_accounts, outbox_kinds_tokens, NULL};
	GError *error = NULL;

	signal(SIGPIPE, SIG_IGN);
	slapd = test_slapd_start(settings);
	ledger = g_build_filename(slapd->folder, "ledger", NULL);
	g_mkdir(ledger, 0700);
	service.settings = slapd->settings;
	service.now_s = now_s;
	service.calendar = test_calendar();
	service.store = store_open(ledger, &error);
	assert_null(error);
	store_set_floor(service.store, 0);
	blobs = g_build_filename(slapd->folder, "blobs", NULL);
	g_mkdir(blobs, 0700);
	service.blobs = blobs_open(blobs, 0, &error);
	assert_null(error);
	blobs_use_store(service.blobs, service.store);
	scan = put_document("scan");
	service.live = live_directory_start(slapd->settings, &error);
	service.outbox = outbox_start_with(&service, kinds, &error);
	assert_null(error);
	return 0;
}

int accounts_end(void **state)
{
	(void)state;
	outbox_stop(service.outbox);
	live_directory_stop(service.live);
	blobs_close(service.blobs);
	store_close(service.store);
	calendar_free((Calendar *)service.calendar);
	test_slapd_free(slapd);
	g_free(ledger);
	g_free(blobs);
	g_free(scan);
	return 0;
}
