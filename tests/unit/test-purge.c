/* Keeping: what a purge takes and leaves, what it waits for, by term and by order; and the
 * collection of bytes that no record names. */
#include "sends_fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <utime.h>

#include "api/record_json.h"
#include "base/error.h"
#include "cms/digest.h"
#include "core/calendar.h"
#include "provision/collect.h"
#include "provision/deadlines.h"
#include "provision/outbox.h"
#include "provision/purge.h"

#define DAY_S 86400
#define MESSAGE "Subject: uno\r\n\r\nEl contenido.\r\n"
#define ANSWER "Subject: Re: uno\r\n\r\nRecibido.\r\n"

static const DueKind *const due_tables[] = {due_kinds_sends, NULL};

static void release(Fixture *fixture, const char *id)
{
	g_autofree char *queue_id = g_strdelimit(g_strdup(id), "-", 'Q');

	fixture_settle(fixture, queue_id);
	fixture_assert_state(fixture, id, "released");
}

static guint keep(Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	guint purged;

	if (!keeping_run(&fixture->service, &purged, &error))
		fail_msg("%s", error->message);
	return purged;
}

/* Another mail than those of fixture_prepare, with these bytes. */
static void prepare_other(Fixture *fixture, const char *id, const char *bytes)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *digest = fixture_put_blob(fixture, bytes, strlen(bytes));
	g_autofree char *message_id = g_strconcat(id, "@muni.test", NULL);
	json_t *intent = fixture_intent(id, NULL);

	json_object_set_new(intent, "message_id", json_string(message_id));
	json_object_set_new(intent, "prepared",
		json_pack("{s:s, s:I, s:O, s:n, s:n}", "message_sha256", digest, "size",
			(json_int_t)strlen(bytes), "queue_id", json_object_get(intent, "queue_id"),
			"certificate_sha256", "cms_sha256"));
	json_decref(fixture_call(
		fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, intent, &error));
	if (error != NULL)
		fail_msg("%s", error->message);
}

static json_t *order(Fixture *fixture, const char *id, GError **error)
{
	return fixture_call(fixture, routes_sends, "POST", "/v1/sends/{id}/purge", id, NULL,
		json_pack("{s:s}", "document", "Resolucion 12-2026"), error);
}

static void assert_read(Fixture *fixture, const char *path, const char *id, int code)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = fixture_read(fixture, path, id, &error);

	if (code >= 0)
		assert_error(error, code);
	else if (bytes == NULL)
		fail_msg("%s: %s", path, error->message);
}

static char *digest_of(const char *text)
{
	return digest_sha256_hex(text, strlen(text));
}

static void answer(Fixture *fixture, const char *queue_id)
{
	g_autoptr(ReportFacts) report = report_facts_new();
	g_autoptr(GError) error = NULL;

	report->kind = REPORT_ANSWER;
	report->stream = STREAM_INBOUND;
	report->queue_id = g_strdup(queue_id);
	report->envelope_sender = g_strdup(FIXTURE_CITIZEN);
	report->from = g_strdup(FIXTURE_CITIZEN);
	report->message_id = g_strdup("answer@ciudadano.test");
	report->authentication_results =
		g_strdup("mx.muni.test; dmarc=pass header.from=ciudadano.test");
	report->references = g_strsplit("m1@muni.test", " ", -1);
	report->written = time_to_rfc3339(fixture_now_s);
	report->original_sha256 = fixture_put_blob(fixture, ANSWER, strlen(ANSWER));
	json_decref(fixture_call(fixture, routes_events, "POST", "/v1/events", NULL, NULL,
		report_facts_to_json(report), &error));
	if (error != NULL)
		fail_msg("%s", error->message);
}

/* What any table, its keys, or an opening of the send's leaves has. */
typedef struct {
	const char *text;
	guint n;
} Count;

static gboolean count_rows(const char *key, const char *value, gpointer data)
{
	Count *count = data;

	count->n += strstr(key, count->text) != NULL || strstr(value, count->text) != NULL;
	return TRUE;
}

static guint count_everywhere(Fixture *fixture, const char *text)
{
	Store *store = fixture->service.store;
	Count count = {text, 0};

	for (guint table = 0; table < STORE_N_TABLES; table++)
		/* Not of the send: the case, and what an account sent in the last hour. */
		if (table != TABLE_EXPEDIENTES && table != TABLE_LIMITS)
			assert_true(store_scan(store, (StoreTable)table, "", NULL, FALSE,
				count_rows, &count, NULL));
	for (guint64 i = 0; i < store_tree_size(store); i++) {
		g_autofree char *opening = store_opening(store, i, NULL);

		count.n += opening != NULL && strstr(opening, text) != NULL;
	}
	return count.n;
}

static void test_terms(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *message = digest_of(MESSAGE), *report = digest_of(ANSWER);
	MerkleHash before, after;
	guint64 size;

	fixture_settings(fixture, "[ledger]\nkeep_external_content_days=30\nkeep_external_days=60");
	fixture_prepare(fixture, "s-1", MESSAGE);
	release(fixture, "s-1");
	answer(fixture, "R1");
	size = store_tree_size(fixture->service.store);
	assert_true(store_root(fixture->service.store, size, &before, NULL));
	fixture_now_s += 30 * DAY_S - 1;
	assert_int_equal(keep(fixture), 0);
	assert_read(fixture, "/v1/sends/{id}/message", "s-1", -1);
	assert_read(fixture, "/v1/sends/{id}/proof", "s-1", -1);
	assert_int_equal(fixture_count_leaves(fixture, "send.read"), 2);
	fixture_now_s++;
	assert_int_equal(keep(fixture), 1);
	assert_int_equal(keep(fixture), 0);
	assert_int_equal(fixture_count_leaves(fixture, "send.purged"), 1);
	assert_read(fixture, "/v1/sends/{id}/message", "s-1", ACUSE_ERROR_PURGED);
	assert_read(fixture, "/v1/sends/{id}/proof", "s-1", ACUSE_ERROR_PURGED);
	assert_read(fixture, "/v1/sends/{id}/constancia.pdf", "s-1", -1);
	assert_false(blobs_has(fixture->service.blobs, message));
	assert_false(blobs_has(fixture->service.blobs, report));
	assert_int_not_equal(count_everywhere(fixture, FIXTURE_CITIZEN), 0);
	fixture_now_s += 30 * DAY_S;
	assert_int_equal(keep(fixture), 1);
	assert_int_equal(fixture_count_leaves(fixture, "send.purged"), 2);
	assert_read(fixture, "/v1/sends/{id}/constancia.pdf", "s-1", ACUSE_ERROR_PURGED);
	assert_read(fixture, "/v1/sends/{id}/constancia.png", "s-1", ACUSE_ERROR_PURGED);
	assert_int_equal(count_everywhere(fixture, FIXTURE_CITIZEN), 0);
	assert_int_equal(count_everywhere(fixture, "NOTIFICACION Exp."), 0);
	assert_int_equal(count_everywhere(fixture, "rmoralesa"), 0);
	assert_int_equal(count_everywhere(fixture, message), 0);
	fixture_assert_state(fixture, "s-1", "released");
	assert_true(store_root(fixture->service.store, size, &after, NULL));
	assert_memory_equal(before.bytes, after.bytes, MERKLE_HASH_BYTES);
	/* The same mail again is a new one; an answer to the old one finds nobody. */
	answer(fixture, "R2");
	assert_int_equal(fixture_count_leaves(fixture, "event"), 1);
}

static void test_kept_by_default(void **state)
{
	Fixture *fixture = *state;

	fixture_settings(fixture, "");
	fixture_prepare(fixture, "s-1", MESSAGE);
	release(fixture, "s-1");
	fixture_now_s += 3650LL * DAY_S;
	assert_int_equal(keep(fixture), 0);
	assert_read(fixture, "/v1/sends/{id}/message", "s-1", -1);
}

static void assert_refused(Fixture *fixture, const char *why)
{
	g_autoptr(GError) error = NULL;

	assert_null(order(fixture, "s-1", &error));
	assert_error(error, ACUSE_ERROR_CONFLICT);
	assert_non_null(strstr(error->message, why));
	assert_int_equal(fixture_count_leaves(fixture, "send.purged"), 0);
	assert_read(fixture, "/v1/sends/{id}/message", "s-1", -1);
}

static gboolean empty_outbox(StoreTxn *txn, gpointer data, GError **error)
{
	for (guint i = 1; i <= 9; i++) {
		g_autofree char *key = g_strdup_printf("%020u", i);

		if (!store_delete(txn, TABLE_OUTBOX, key, error))
			return FALSE;
	}
	(void)data;
	return TRUE;
}

/* Nothing of a notification goes before its term, and what is told of it, are over. */
static void test_waits(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GBytes) bytes = NULL;

	fixture_settings(fixture, "[ledger]\nkeep_notification_days=1");
	bytes = fixture_prepare_signed(fixture, "s-1");
	assert_refused(fixture, "whether it left");
	release(fixture, "s-1");
	assert_refused(fixture, "the term");
	fixture_now_s += 30 * DAY_S;
	assert_int_equal(keep(fixture), 0);
	assert_int_equal(due_run(&fixture->service, due_tables), 1);
	assert_refused(fixture, "outbox");
	assert_int_equal(keep(fixture), 0);
	assert_true(store_run(fixture->service.store, empty_outbox, NULL, NULL));
	assert_int_equal(keep(fixture), 1);
	assert_read(fixture, "/v1/sends/{id}/message", "s-1", ACUSE_ERROR_PURGED);
	assert_int_equal(count_everywhere(fixture, "keep-waiting"), 0);
}

static void test_order(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *message = digest_of(MESSAGE);
	json_t *send, *again;

	fixture_prepare(fixture, "s-1", MESSAGE);
	prepare_other(fixture, "s-2", MESSAGE "\r\n");
	release(fixture, "s-1");
	fixture_now_s += 10 * DAY_S;
	send = order(fixture, "s-1", &error);
	assert_null(error);
	assert_true(purge_has_taken(send, TRUE));
	again = order(fixture, "s-1", &error);
	assert_null(error);
	assert_true(json_equal(send, again));
	json_decref(send);
	json_decref(again);
	assert_int_equal(fixture_count_leaves(fixture, "send.purged"), 1);
	assert_false(blobs_has(fixture->service.blobs, message));
	assert_read(fixture, "/v1/sends/{id}/message", "s-2", -1);
	assert_null(order(fixture, "s-9", &error));
	assert_error(error, ACUSE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	assert_null(fixture_call(fixture, routes_sends, "POST", "/v1/sends/{id}/purge", "s-2", NULL,
		json_object(), &error));
	assert_error(error, ACUSE_ERROR_INVALID);
}

/* Bytes that two sends name stay until both have given them up. */
static void test_shared(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *message = digest_of(MESSAGE);

	fixture_prepare(fixture, "s-1", MESSAGE);
	prepare_other(fixture, "s-2", MESSAGE);
	release(fixture, "s-1");
	release(fixture, "s-2");
	fixture_now_s += 10 * DAY_S;
	json_decref(order(fixture, "s-1", NULL));
	assert_int_equal(keep(fixture), 0);
	assert_read(fixture, "/v1/sends/{id}/message", "s-1", ACUSE_ERROR_PURGED);
	assert_read(fixture, "/v1/sends/{id}/message", "s-2", -1);
	json_decref(order(fixture, "s-2", NULL));
	assert_false(blobs_has(fixture->service.blobs, message));
}

static void make_old(Fixture *fixture, const char *digest)
{
	g_autofree char *path =
		g_strdup_printf("%s/store/%.2s/%s.zst", fixture->folder, digest, digest);
	const struct utimbuf old = {FIXTURE_NOW - 2 * DAY_S, FIXTURE_NOW - 2 * DAY_S};

	assert_int_equal(g_utime(path, (struct utimbuf *)&old), 0);
}

static guint collect(Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	guint removed;

	if (!collect_run(&fixture->service, FALSE, &removed, &error))
		fail_msg("%s", error->message);
	return removed;
}

static void test_collection(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *orphan = fixture_put_blob(fixture, "orphan", 6);
	g_autofree char *asked = fixture_put_blob(fixture, "asked for", 9);
	g_autofree char *fresh = fixture_put_blob(fixture, "fresh", 5);
	g_autofree char *message = digest_of(MESSAGE), *again = NULL;

	fixture_prepare(fixture, "s-1", MESSAGE);
	make_old(fixture, orphan);
	make_old(fixture, asked);
	make_old(fixture, message);
	/* Who asks whether it is there is about to name it. */
	assert_true(blobs_has(fixture->service.blobs, asked));
	assert_int_equal(collect(fixture), 1);
	assert_false(blobs_has(fixture->service.blobs, orphan));
	assert_true(blobs_has(fixture->service.blobs, asked));
	assert_true(blobs_has(fixture->service.blobs, fresh));
	assert_read(fixture, "/v1/sends/{id}/message", "s-1", -1);
	make_old(fixture, fresh);
	again = fixture_put_blob(fixture, "fresh", 5);
	assert_int_equal(collect(fixture), 0);
	assert_true(blobs_has(fixture->service.blobs, fresh));
}

/* ---- mail to an official mailbox, and what belongs to no send ---- */

#define WRITER "vecina@ciudadano.test"
#define SUBJECT "Solicito copia certificada"

static char *come(Fixture *fixture, const char *message_id, const char *from, gboolean program)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *sha256 = digest_of(message_id);
	json_auto_t *answer = fixture_call(fixture, routes_incoming, "POST", "/v1/incoming", NULL,
		NULL,
		json_pack(
			"{s:s, s:s, s:s, s:s, s:[s], s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:s}",
			"message_id", message_id, "message_sha256", sha256, "from", from,
			"envelope_sender", from, "mailboxes", FIXTURE_MAILBOX, "subject", SUBJECT,
			"date", "Fri, 20 Nov 2026 15:53:56 -0500", "queue_id", "Q1",
			"client_address", "192.0.2.7", "automatic", program, "suppressed", 0,
			"spam", 0, "addressed", 1, "authentication_results",
			"mx.muni.test; dmarc=pass header.from=ciudadano.test"),
		&error);

	if (answer == NULL)
		fail_msg("%s", error->message);
	return g_strdup(row_text(answer, "id"));
}

static json_t *incoming_row(Fixture *fixture, const char *id)
{
	return fixture_call(
		fixture, routes_incoming, "GET", "/v1/incoming/{id}", id, NULL, NULL, NULL);
}

static void close_row(Fixture *fixture, const char *id)
{
	json_auto_t *row = fixture_call(fixture, routes_incoming, "POST", "/v1/incoming/{id}/close",
		id, NULL, json_pack("{s:s}", "reason", "llamada a doña Juana"), NULL);

	assert_string_equal(row_text(row, "state"), "closed");
}

/* What waits for an answer stays, however old; of the others nothing personal is left anywhere. */
static void test_incoming(void **state)
{
	static const char *const personal[] = {
		WRITER, "ciudadano.test", SUBJECT, "doña Juana", "192.0.2.7", FIXTURE_MAILBOX};
	Fixture *fixture = *state;
	g_autofree char *first = NULL, *second = NULL, *again = NULL;
	MerkleHash before, after;
	json_auto_t *row = NULL;
	guint64 size;

	fixture_settings(fixture, "[incoming]\nconfirm=off\n[ledger]\nkeep_incoming_days=30");
	first = come(fixture, "a@ciudadano.test", WRITER, FALSE);
	second = come(fixture, "a@ciudadano.test", "otra@ciudadano.test", TRUE);
	size = store_tree_size(fixture->service.store);
	assert_true(store_root(fixture->service.store, size, &before, NULL));
	fixture_now_s += 30 * DAY_S - 1;
	assert_int_equal(keep(fixture), 0);
	fixture_now_s++;
	assert_int_equal(keep(fixture), 1);
	assert_int_equal(count_everywhere(fixture, "otra@"), 0);
	assert_int_not_equal(count_everywhere(fixture, WRITER), 0);
	assert_int_not_equal(count_everywhere(fixture, "keep-waiting"), 0);
	close_row(fixture, first);
	assert_int_equal(keep(fixture), 1);
	assert_int_equal(keep(fixture), 0);
	for (gsize i = 0; i < G_N_ELEMENTS(personal); i++)
		if (count_everywhere(fixture, personal[i]) != 0)
			fail_msg("%s is left", personal[i]);
	for (gsize i = 0; i < 3; i++) {
		static const char *const keys[] = {
			"incoming-mail/", "incoming-id/", "keep-waiting/"};

		assert_int_equal(count_everywhere(fixture, keys[i]), 0);
	}
	assert_int_equal(fixture_count_leaves(fixture, "incoming.purged"), 2);
	row = incoming_row(fixture, first);
	assert_string_equal(row_text(row, "state"), "closed");
	assert_non_null(row_text(row, "purged"));
	assert_true(store_root(fixture->service.store, size, &after, NULL));
	assert_memory_equal(before.bytes, after.bytes, MERKLE_HASH_BYTES);
	/* The same mail would be a new one. */
	again = come(fixture, "a@ciudadano.test", WRITER, FALSE);
	assert_string_not_equal(again, first);
	assert_string_not_equal(again, second);
}

/* Its confirmation, and that its writer was told, are not cut off. */
static void test_incoming_confirmed(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *id = NULL;

	fixture_settings(fixture, "[ledger]\nkeep_incoming_days=1");
	id = come(fixture, "a@ciudadano.test", WRITER, FALSE);
	close_row(fixture, id);
	fixture_now_s += DAY_S;
	assert_int_equal(keep(fixture), 0);
	assert_int_not_equal(count_everywhere(fixture, "incoming-told/"), 0);
	assert_int_equal(fixture_count_leaves(fixture, "incoming.purged"), 0);
}

static void test_unmatched(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *report = digest_of(ANSWER);

	fixture_settings(fixture, "[ledger]\nkeep_unmatched_days=10");
	/* There is no send yet that it could answer. */
	answer(fixture, "R1");
	assert_int_equal(fixture_count_leaves(fixture, "event"), 0);
	fixture_now_s += 10 * DAY_S - 1;
	assert_int_equal(keep(fixture), 0);
	assert_true(blobs_has(fixture->service.blobs, report));
	fixture_now_s++;
	assert_int_equal(keep(fixture), 1);
	assert_int_equal(keep(fixture), 0);
	assert_false(blobs_has(fixture->service.blobs, report));
	assert_int_equal(count_everywhere(fixture, FIXTURE_CITIZEN), 0);
	assert_int_equal(count_everywhere(fixture, report), 0);
	assert_int_equal(fixture_count_leaves(fixture, "event.purged"), 1);
	/* What belongs to a send goes with it alone. */
	fixture_prepare(fixture, "s-1", MESSAGE);
	answer(fixture, "R2");
	fixture_now_s += 20 * DAY_S;
	assert_int_equal(keep(fixture), 0);
	assert_true(blobs_has(fixture->service.blobs, report));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(test_terms),
		WITH(test_kept_by_default),
		WITH(test_waits),
		WITH(test_order),
		WITH(test_shared),
		WITH(test_collection),
		WITH(test_incoming),
		WITH(test_incoming_confirmed),
		WITH(test_unmatched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
