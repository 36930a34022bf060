/*
 * The daily comparison of the signer's own count (milter/signer/tally.c, served here by a mock of
 * the control socket) with the ledger of a real store: what agrees is told to nobody, each way of
 * differing is told to the IT office once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/ustream.h"
#include "provision/due.h"
#include "provision/notices.h"
#include "provision/outbox.h"
#include "provision/row.h"
#include "provision/token_count.h"
#include "provision/token_reminders.h"
#include "provision/tokens.h"
#include "signer/protocol.h"
#include "signer/tally.h"
#include "temporary.h"

#define NOON "2026-11-20T12:00:00Z"
#define DAY_S 86400

static char *folder, *tally_folder;
static Service service;
static Settings *settings;
static gint64 now_s;
static Tally *tally;
static GThread *signer;
static int listening = -1;
static gint deaf;    /* the signer does not answer */
static json_t *told; /* the notice that came last */
static gint n_told;
static GMutex lock;

static gint64 clock_s(void)
{
	return now_s;
}

static gboolean take_notice(Service *unused, const json_t *body, GError **error)
{
	(void)unused;
	(void)error;
	g_mutex_lock(&lock);
	json_decref(told);
	told = json_deep_copy(body);
	g_mutex_unlock(&lock);
	g_atomic_int_inc(&n_told);
	return TRUE;
}

static const OutboxKind notice_kinds[] = {{"notice", take_notice, OUTBOX_ORDERED}, {NULL}};
static const OutboxKind *const kinds[] = {notice_kinds, NULL};

static void answer_one(int fd)
{
	g_autofree char *operation = NULL;
	g_autoptr(GVariant) asked = signer_packet_receive(fd, &operation, NULL, NULL);
	GVariant *page = NULL;
	const char *day;
	guint64 after = 0;

	if (asked == NULL || g_atomic_int_get(&deaf) || strcmp(operation, "signed") != 0 ||
		!g_variant_lookup(asked, "day", "&s", &day))
		return;
	g_variant_lookup(asked, "after", "t", &after);
	page = tally_read(tally, day, after, NULL);
	if (page != NULL)
		signer_packet_send(fd, "ok", page, -1, NULL);
}

static gpointer serve(gpointer unused)
{
	int fd;

	while ((fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		answer_one(fd);
		close(fd);
	}
	return unused;
}

static int set_up(void **state)
{
	g_autofree char *conf = NULL;
	g_autofree char *text = NULL;
	g_autofree char *ledger = NULL;
	g_autofree char *control = NULL;

	(void)state;
	folder = temporary_folder();
	conf = g_build_filename(folder, "acuse.conf", NULL);
	ledger = g_build_filename(folder, "ledger", NULL);
	control = g_build_filename(folder, "control", NULL);
	tally_folder = g_build_filename(folder, "state", NULL);
	g_mkdir(ledger, 0700);
	g_mkdir(tally_folder, 0700);
	text = g_strdup_printf("[institution]\nname=Muni\ndomain=muni.test\n[signing]\n"
			       "control_socket=%s\n[notices]\notic=otic@muni.test\n",
		control);
	assert_true(g_file_set_contents(conf, text, -1, NULL));
	settings = settings_load(conf, NULL);
	assert_non_null(settings);
	tally = tally_open(tally_folder);
	listening = ustream_listen(control, SOCK_SEQPACKET, 0600, NULL);
	signer = g_thread_new("signer", serve, NULL);
	service.settings = settings;
	service.now_s = clock_s;
	assert_true(time_from_rfc3339(NOON, &now_s));
	service.store = store_open(ledger, NULL);
	assert_non_null(service.store);
	service.outbox = outbox_start_with(&service, kinds, NULL);
	return service.outbox != NULL && token_count_arm(&service, NULL) ? 0 : 1;
}

static int tear_down(void **state)
{
	(void)state;
	shutdown(listening, SHUT_RDWR);
	g_thread_join(signer);
	close(listening);
	outbox_stop(service.outbox);
	store_close(service.store);
	settings_free(settings);
	tally_free(tally);
	json_decref(told);
	temporary_remove(folder);
	g_free(folder);
	g_free(tally_folder);
	return 0;
}

static gboolean record_change(StoreTxn *txn, gpointer data, GError **error)
{
	const char *id = data;
	const char *certificate = g_str_has_prefix(id, "plain") ? NULL : "aa";
	g_autoptr(Record) record = record_new("send.prepared", id, now_s);
	json_auto_t *row = json_pack("{s:s, s:s?}", "id", id, "certificate_sha256", certificate);

	record_add(record, "certificate_sha256", certificate);
	return store_append(txn, record, NULL, error) && row_save(txn, TABLE_SENDS, id, row, error);
}

static void record_prepared(const char *id)
{
	assert_true(store_run(service.store, record_change, (gpointer)id, NULL));
}

static gboolean intend_change(StoreTxn *txn, gpointer data, GError **error)
{
	json_auto_t *row = json_pack("{s:s, s:n}", "id", data, "certificate_sha256");

	return row_save(txn, TABLE_SENDS, data, row, error);
}

static void sign_one(const char *id, gint64 when_s)
{
	assert_true(tally_add(tally, id, when_s, NULL));
}

/* The comparison of the days that are over. */
static void next_day(guint days)
{
	static const DueKind *const tables[] = {due_kinds_tokens, NULL};

	now_s += (gint64)days * DAY_S;
	due_run(&service, tables);
}

static void await_told(gint count)
{
	for (int i = 0; i < 1200 && g_atomic_int_get(&n_told) < count; i++)
		g_usleep(25000);
	assert_int_equal(g_atomic_int_get(&n_told), count);
}

static void assert_told(const char *member, int count, const char *id)
{
	const json_t *facts, *found;

	g_mutex_lock(&lock);
	facts = json_object_get(told, "facts");
	found = json_object_get(facts, member);
	assert_string_equal(json_string_value(json_object_get(told, "kind")), "token-count");
	assert_int_equal(json_integer_value(json_object_get(found, "count")), count);
	if (id != NULL)
		assert_string_equal(
			json_string_value(json_array_get(json_object_get(found, "sends"), 0)), id);
	g_mutex_unlock(&lock);
}

/* Also what is not signed, what was signed around midnight, and more than one page of the list. */
static void test_agrees(void **state)
{
	gint64 midnight = now_s / DAY_S * DAY_S + DAY_S;

	(void)state;
	for (int i = 0; i < TALLY_PAGE + 5; i++) {
		g_autofree char *id = g_strdup_printf("many%d", i);

		sign_one(id, now_s);
		record_prepared(id);
	}
	record_prepared("plain1");
	sign_one("late", midnight - 1);
	sign_one("early", midnight + 1);
	now_s = midnight - 1;
	record_prepared("early");
	now_s = midnight + 1;
	record_prepared("late");
	next_day(1);
	next_day(1);
	next_day(1);
	assert_int_equal(g_atomic_int_get(&n_told), 0);
}

/* Whoever has the key of permits, and no ledger. */
static void test_unrecorded(void **state)
{
	(void)state;
	sign_one("nobodys", now_s);
	sign_one("good", now_s);
	record_prepared("good");
	next_day(1);
	await_told(1);
	assert_told("unrecorded", 1, "nobodys");
	assert_told("unused", 0, NULL);
	assert_told("repeated", 0, NULL);
	assert_told("foreign", 0, NULL);
	/* Once. */
	next_day(0);
	next_day(1);
	assert_int_equal(g_atomic_int_get(&n_told), 1);
}

/* A milter that was taken over: an intent, a signature, and the mail went another way. */
static void test_unused(void **state)
{
	(void)state;
	sign_one("other-way", now_s);
	assert_true(store_run(service.store, intend_change, (gpointer) "other-way", NULL));
	next_day(1);
	await_told(2);
	assert_told("unused", 1, "other-way");
}

static void test_repeated(void **state)
{
	(void)state;
	sign_one("twice", now_s);
	sign_one("twice", now_s);
	record_prepared("twice");
	next_day(1);
	await_told(3);
	assert_told("repeated", 1, "twice");
}

/* On record as signed, and not by this signer. */
static void test_foreign(void **state)
{
	(void)state;
	record_prepared("foreign");
	next_day(1);
	await_told(4);
	assert_told("foreign", 1, "foreign");
	assert_told("unrecorded", 0, NULL);
}

static void test_signer_down(void **state)
{
	(void)state;
	sign_one("unseen", now_s);
	g_atomic_int_set(&deaf, TRUE);
	next_day(1);
	next_day(1);
	assert_int_equal(g_atomic_int_get(&n_told), 4);
	g_atomic_int_set(&deaf, FALSE);
	/* Both days, when it is back. */
	next_day(0);
	await_told(5);
	assert_told("unrecorded", 1, "unseen");
}

static void test_notice(void **state)
{
	json_auto_t *facts = json_pack("{s:s, s:i, s:i, s:{s:i, s:[s]}, s:{s:i, s:[]}}", "day",
		"2026-11-22", "signed", 7, "prepared", 6, "unrecorded", "count", 1, "sends", "A-1",
		"unused", "count", 0, "sends");
	g_autofree char *subject = notice_token_count.subject(facts);
	g_autoptr(GString) text = g_string_new(NULL);

	(void)state;
	notice_token_count.text(facts, text);
	assert_non_null(strstr(subject, "2026-11-22"));
	assert_non_null(strstr(text->str, "7 firmas"));
	assert_non_null(strstr(text->str, "registro: 1\n    A-1\n"));
	assert_null(strstr(text->str, "preparado"));
}

static void test_tally(void **state)
{
	static const char *const no_days[] = {
		"", "2026-11-2", "2026-11-222", "../../../x", "2026/11/22", "2026-11-2x"};
	g_autofree char *path = g_build_filename(tally_folder, "signed-2026-01-05", NULL);
	g_autofree char *old = g_build_filename(tally_folder, "signed-2025-11-01", NULL);
	g_autofree const char **ids = NULL;
	g_autoptr(GVariant) page = NULL;
	Tally *other = tally_open(tally_folder);
	gint64 when_s;
	guint64 count;

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(no_days); i++)
		assert_null(tally_read(tally, no_days[i], 0, NULL));
	/* A line that was cut short is a signature all the same. */
	assert_true(g_file_set_contents(path, "one\ntw", -1, NULL));
	assert_true(g_file_set_contents(old, "gone\n", -1, NULL));
	assert_true(time_from_rfc3339("2026-01-05T23:59:59Z", &when_s));
	assert_true(tally_add(other, "three", when_s, NULL));
	page = g_variant_ref_sink(tally_read(other, "2026-01-05", 1, NULL));
	assert_true(g_variant_lookup(page, "count", "t", &count));
	assert_int_equal(count, 3);
	assert_true(g_variant_lookup(page, "sends", "^a&s", &ids));
	assert_string_equal(ids[0], "tw");
	assert_string_equal(ids[1], "three");
	assert_null(ids[2]);
	assert_false(g_file_test(old, G_FILE_TEST_EXISTS));
	tally_free(other);
	/* What cannot be counted is an error, and so no signature. */
	other = tally_open("/dev/null/no-folder");
	assert_false(tally_add(other, "four", when_s, NULL));
	tally_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees),
		cmocka_unit_test(test_unrecorded),
		cmocka_unit_test(test_unused),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_signer_down),
		cmocka_unit_test(test_notice),
		cmocka_unit_test(test_tally),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
