/*
 * Runs everything that reads strangers' bytes over the collected messages of other projects: no
 * crash, no hang, and what a change must keep is kept. The collection is beside the project or in
 * ACUSE_CORPORA; without it the tests are skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "mime/facts.h"
#include "mime/report.h"
#include "mime/rewrite.h"
#include "mime/smime.h"

#define HANG_S 20

static const char block_text[] = "Rosa Morales Aranda\nSecretaría General\nMunicipalidad de Ñuñoa";
static const char block_html[] =
	"<p>Rosa Morales Aranda<br>Secretaría General<br>Municipalidad de Ñuñoa</p>";

static char *corpora(const char *name)
{
	const char *given = g_getenv("ACUSE_CORPORA");
	char *path = given ? g_build_filename(given, name, NULL)
			   : g_build_filename(TOP_SRCDIR, "..", "shared", "corpora", name, NULL);

	if (g_file_test(path, G_FILE_TEST_IS_DIR))
		return path;
	print_message("no folder %s: skipped\n", path);
	g_free(path);
	return NULL;
}

static void list_files(const char *folder, GPtrArray *files)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			list_files(path, files);
		else if (strcmp(name, "LICENCE.txt") != 0)
			g_ptr_array_add(files, g_steal_pointer(&path));
	}
}

/* As Postfix hands it over: CRLF in the body, without the "From " line of a mailbox file. */
static MailMessage *load(const char *path)
{
	g_autofree char *bytes = NULL;
	g_autoptr(GString) body = NULL;
	gsize size = 0, skipped = 0;
	MailMessage *message;

	assert_true(g_file_get_contents(path, &bytes, &size, NULL));
	if (size > 5 && g_str_has_prefix(bytes, "From "))
		skipped = strcspn(bytes, "\n") + 1;
	message = mail_message_parse(bytes + skipped, size - skipped);
	body = g_string_sized_new(message->body->len);
	for (guint i = 0; i < message->body->len; i++) {
		if (message->body->data[i] == '\n' &&
			(i == 0 || message->body->data[i - 1] != '\r'))
			g_string_append_c(body, '\r');
		g_string_append_c(body, (char)message->body->data[i]);
	}
	g_byte_array_set_size(message->body, 0);
	g_byte_array_append(message->body, (const guint8 *)body->str, (guint)body->len);
	return message;
}

static gboolean same(const MailMessage *a, const MailMessage *b)
{
	g_autoptr(GBytes) x = mail_message_to_bytes(a), y = mail_message_to_bytes(b);

	return g_bytes_equal(x, y);
}

/* For a look from outside: the changed messages, when ACUSE_CORPUS_OUT names a folder. */
static void dump(const char *path, const char *kind, const MailMessage *message)
{
	const char *folder = g_getenv("ACUSE_CORPUS_OUT");
	g_autoptr(GBytes) bytes = mail_message_to_bytes(message);
	g_autofree char *digest = NULL, *name = NULL, *file = NULL;
	gsize size = 0;
	const char *data = g_bytes_get_data(bytes, &size);

	if (!folder)
		return;
	digest = g_compute_checksum_for_string(G_CHECKSUM_MD5, path, -1);
	name = g_strdup_printf("%.8s-%s.eml", digest, kind);
	file = g_build_filename(folder, name, NULL);
	assert_true(g_file_set_contents(file, data, (gssize)size, NULL));
}

typedef struct {
	guint files, blocked, encoded, signed_, refused, protected_;
} Tally;

static void check_signing(const char *path, MailMessage *message, Tally *tally)
{
	g_autoptr(MailMessage) before = mail_message_copy(message);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) entity = smime_entity(message, &error), cms = NULL, whole = NULL;
	g_autoptr(GBytes) kept = NULL, entity_back = NULL, cms_back = NULL;

	if (!entity) {
		assert_int_equal(error->code, ACUSE_ERROR_UNSIGNABLE);
		assert_true(same(before, message));
		return;
	}
	cms = g_bytes_new_static("\x30\x82 not a signature", 19);
	kept = g_bytes_ref(entity);
	assert_true(smime_wrap(message, &entity, cms, "acuse-test-boundary", NULL));
	whole = mail_message_to_bytes(message);
	if (!smime_split(g_bytes_get_data(whole, NULL), g_bytes_get_size(whole), &entity_back,
		    &cms_back))
		fail_msg("%s: cannot be split", path);
	if (!g_bytes_equal(kept, entity_back))
		fail_msg("%s: the entity came back changed", path);
	assert_true(g_bytes_equal(cms, cms_back));
	dump(path, "signed", message);
	tally->signed_++;
}

static void check_file(const char *path, Tally *tally)
{
	g_autoptr(MailMessage) message = load(path), before = mail_message_copy(message);
	g_autoptr(MailMessage) once = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(MessageFacts) facts = mime_facts(message, &error), seven = NULL;

	tally->files++;
	dump(path, "before", message);
	if (!facts) {
		assert_int_equal(error->code, ACUSE_ERROR_TOO_COMPLEX);
		return;
	}
	if (!mime_add_block(message, block_text, block_html, &error)) {
		tally->refused++;
		print_message("%s: %s\n", path, error->message);
		assert_true(same(before, message));
		return;
	}
	if (facts->protection != PROTECTION_NONE) {
		tally->protected_++;
		assert_true(same(before, message));
		return;
	}
	tally->blocked += !same(before, message);
	dump(path, "block", message);
	once = mail_message_copy(message);
	assert_true(mime_add_block(message, block_text, block_html, &error));
	if (!same(once, message))
		fail_msg("%s: the block was added twice", path);
	if (!mime_to_7bit(message, &error)) {
		print_message("%s: %s\n", path, error->message);
		assert_true(same(once, message));
		return;
	}
	seven = mime_facts(message, NULL);
	assert_false(seven->has_8bit);
	assert_true(seven->longest_line_bytes <= 998);
	tally->encoded += !same(once, message);
	dump(path, "7bit", message);
	check_signing(path, message, tally);
}

static void run_over(const char *name)
{
	g_autofree char *folder = corpora(name);
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
	Tally tally = {0};

	if (!folder) {
		/* skip() jumps over the end of this block. */
		g_clear_pointer(&files, g_ptr_array_unref);
		skip();
	}
	list_files(folder, files);
	assert_true(files->len > 0);
	for (guint i = 0; i < files->len; i++) {
		alarm(HANG_S);
		check_file(g_ptr_array_index(files, i), &tally);
	}
	alarm(0);
	print_message(
		"%s: %u files, %u with block, %u re-encoded, %u signed, %u protected, %u refused\n",
		name, tally.files, tally.blocked, tally.encoded, tally.signed_, tally.protected_,
		tally.refused);
}

static void test_mime(void **state)
{
	(void)state;
	run_over("mime");
}

static void test_clients(void **state)
{
	(void)state;
	run_over("clients");
}

static void test_signed_mail_is_untouched(void **state)
{
	(void)state;
	run_over("smime");
}

static gboolean has_recipient(const ReportFacts *report, const char *address, const char *action)
{
	for (guint i = 0; i < report->recipients->len; i++) {
		const ReportRecipient *r = g_ptr_array_index(report->recipients, i);

		if (((r->final_recipient && g_ascii_strcasecmp(r->final_recipient, address) == 0) ||
			    (r->original_recipient &&
				    g_ascii_strcasecmp(r->original_recipient, address) == 0)) &&
			g_strcmp0(r->action, action) == 0)
			return TRUE;
	}
	return FALSE;
}

/* One line of expected.jsonl; returns whether the report agrees with it. */
static gboolean report_agrees(const char *folder, json_t *line)
{
	g_autofree char *path =
		g_build_filename(folder, json_string_value(json_object_get(line, "file")), NULL);
	g_autoptr(MailMessage) message = load(path);
	g_autoptr(Envelope) envelope = envelope_new();
	g_autoptr(ReportFacts) report = mime_report(message, envelope, "mx.muni.test");
	const char *id = json_string_value(json_object_get(line, "orig_msgid"));
	gboolean strict =
		g_strcmp0(json_string_value(json_object_get(line, "class")), "fields+2") == 0;
	gboolean agrees = report->kind == REPORT_DSN || report->kind == REPORT_MDN;
	size_t i;
	json_t *pair;

	if (!strict)
		return TRUE;
	json_array_foreach(json_object_get(line, "rfc3464"), i, pair)
		agrees &= has_recipient(report, json_string_value(json_array_get(pair, 0)),
			json_string_value(json_array_get(pair, 1)));
	if (id) {
		g_autofree char *bare =
			id[0] == '<' ? g_strndup(id + 1, strlen(id) - 2) : g_strdup(id);

		agrees &= g_strcmp0(report->original_message_id, bare) == 0;
	}
	if (!agrees)
		print_message("differs: %s: kind %s, %u recipients, id %s, not %s\n", path,
			report_kind_name(report->kind), report->recipients->len,
			report->original_message_id, id);
	return agrees;
}

static void test_reports(void **state)
{
	g_autofree char *folder = corpora("dsn"), *path = NULL, *text = NULL;
	g_auto(GStrv) lines = NULL;
	guint strict = 0, agreed = 0;

	(void)state;
	if (!folder)
		skip();
	path = g_build_filename(folder, "expected.jsonl", NULL);
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i] && lines[i][0]; i++) {
		json_t *line = json_loads(lines[i], 0, NULL);

		alarm(HANG_S);
		assert_non_null(line);
		if (g_strcmp0(json_string_value(json_object_get(line, "class")), "fields+2") == 0) {
			strict++;
			agreed += report_agrees(folder, line);
		} else {
			report_agrees(folder, line);
		}
		json_decref(line);
	}
	alarm(0);
	print_message("%u of %u strictly conforming reports agree\n", agreed, strict);
	assert_int_equal(agreed, strict);
}

/* Everything of a send that a report can name is as it names it; only our own queue id is not. */
static void check_proves_nothing(const char *path, Stream stream, guint *verdict_count)
{
	g_autofree char *text = NULL;
	gsize size;

	assert_true(g_file_get_contents(path, &text, &size, NULL));
	g_autoptr(MailMessage) message = mail_message_parse(text, size);
	g_autoptr(Envelope) envelope = envelope_new();
	g_autoptr(GPtrArray) recipients = g_ptr_array_new(), verdicts = NULL;
	char *queue_ids[] = {(char *)"4OurOwnQueueId", NULL};

	envelope->stream = stream;
	g_free(envelope->sender);
	envelope->sender = g_strdup("");
	g_autoptr(ReportFacts) report = mime_report(message, envelope, "mx.muni.test");

	report->token = g_strdup("token");
	for (guint i = 0; i < report->recipients->len; i++) {
		const ReportRecipient *line = g_ptr_array_index(report->recipients, i);

		if (line->final_recipient)
			g_ptr_array_add(recipients, line->final_recipient);
	}
	if (report->from)
		g_ptr_array_add(recipients, report->from);
	g_ptr_array_add(recipients, NULL);
	const SendFacts send = {(char *)"s", (char *)"token", report->original_message_id,
		queue_ids, (char **)recipients->pdata, 1};

	verdicts = evidence_judge(report, &send);
	for (guint i = 0; i < verdicts->len; i++) {
		const Verdict *verdict = g_ptr_array_index(verdicts, i);

		(*verdict_count)++;
		if (verdict->counts && verdict->event != DELIVERY_FAILED &&
			verdict->event != DELIVERY_DELAYED)
			fail_msg("%s: %s counts: %s", path, delivery_state_name(verdict->event),
				verdict->reason);
	}
}

/* D10: zero false "delivered" or "read", whatever the samples claim. */
static void test_no_false_proof(void **state)
{
	static const Stream streams[] = {STREAM_INBOUND, STREAM_INTERNAL, STREAM_LOCAL};
	g_autofree char *folder = corpora("dsn");
	g_autoptr(GPtrArray) files = NULL;
	guint verdicts = 0;

	(void)state;
	if (!folder)
		skip();
	files = g_ptr_array_new_with_free_func(g_free);
	list_files(folder, files);
	for (guint i = 0; i < files->len; i++)
		for (gsize j = 0; j < G_N_ELEMENTS(streams); j++)
			check_proves_nothing(g_ptr_array_index(files, i), streams[j], &verdicts);
	print_message("%u samples, %u verdicts, none proves\n", files->len, verdicts);
	assert_true(verdicts > files->len);
}

static void test_whole_dsn_folder(void **state)
{
	(void)state;
	run_over("dsn");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mime),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_signed_mail_is_untouched),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_no_false_proof),
		cmocka_unit_test(test_whole_dsn_folder),
	};

	g_autofree char *present = corpora("mime");

	if (!present)
		return 77; /* automake's word for skipped */
	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
