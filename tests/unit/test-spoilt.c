/*
 * A message that an edit spoilt: whatever fails, and wherever, nothing of it is recorded, signed or
 * released; the client is told to try again, and it is counted. The linker puts the faults below
 * between the real parts (--wrap), so that the real checks have to find them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "milter/metrics.h"
#include "mime/smime.h"
#include "mime/splice.h"
#include "tests/unit/outgoing-mail.h"

typedef enum {
	NOTHING,
	SPLICE, /* the edit says that it failed, the message being spoilt by then */
	INSERT, /* a byte of the message is another after a piece was put in */
	QP,	/* a byte that was encoded is another */
	BASE64,
	TO_7BIT, /* says that something was left */
	WRAP,	 /* the signed message could not be put together */
} Fault;

static Fault fault;
static int fault_at; /* the how-manieth call it is done to; 0: done */

static gboolean is_due(Fault asked)
{
	return fault == asked && fault_at > 0 && --fault_at == 0;
}

static gboolean fail_with(GError **error)
{
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "told to fail");
	return FALSE;
}

static void flip(guint8 *bytes, gsize size)
{
	if (size > 0)
		bytes[size / 2] ^= 1;
}

gboolean __real_splice_apply(
	MailMessage *message, MimePart *root, const GPtrArray *edits, GError **error);
gboolean __wrap_splice_apply(
	MailMessage *message, MimePart *root, const GPtrArray *edits, GError **error);
gboolean __wrap_splice_apply(
	MailMessage *message, MimePart *root, const GPtrArray *edits, GError **error)
{
	gboolean done = __real_splice_apply(message, root, edits, error);

	if (!is_due(SPLICE))
		return done;
	flip(message->body->data, message->body->len);
	return fail_with(error);
}

void __real_splice_insert(GByteArray *body, gsize at, const void *bytes, gsize size);
void __wrap_splice_insert(GByteArray *body, gsize at, const void *bytes, gsize size);
void __wrap_splice_insert(GByteArray *body, gsize at, const void *bytes, gsize size)
{
	__real_splice_insert(body, at, bytes, size);
	if (is_due(INSERT))
		flip(body->data, body->len);
}

gsize __real_codec_write_qp(guint8 *out, const guint8 *bytes, gsize size, const char *eol);
gsize __wrap_codec_write_qp(guint8 *out, const guint8 *bytes, gsize size, const char *eol);
gsize __wrap_codec_write_qp(guint8 *out, const guint8 *bytes, gsize size, const char *eol)
{
	gsize written = __real_codec_write_qp(out, bytes, size, eol);

	if (out != NULL && written > 0 && is_due(QP))
		flip(out, written);
	return written;
}

gsize __real_codec_write_base64(guint8 *out, const guint8 *bytes, gsize size, const char *eol);
gsize __wrap_codec_write_base64(guint8 *out, const guint8 *bytes, gsize size, const char *eol);
gsize __wrap_codec_write_base64(guint8 *out, const guint8 *bytes, gsize size, const char *eol)
{
	gsize written = __real_codec_write_base64(out, bytes, size, eol);

	if (out != NULL && written > 0 && is_due(BASE64))
		flip(out, written);
	return written;
}

gboolean __real_mime_to_7bit(MailMessage *message, GError **error);
gboolean __wrap_mime_to_7bit(MailMessage *message, GError **error);
gboolean __wrap_mime_to_7bit(MailMessage *message, GError **error)
{
	gboolean done = __real_mime_to_7bit(message, error);

	return is_due(TO_7BIT) ? fail_with(error) : done;
}

gboolean __real_smime_wrap(MailMessage *message, GBytes **entity, GBytes *cms_der,
	const char *boundary, GError **error);
gboolean __wrap_smime_wrap(MailMessage *message, GBytes **entity, GBytes *cms_der,
	const char *boundary, GError **error);
gboolean __wrap_smime_wrap(MailMessage *message, GBytes **entity, GBytes *cms_der,
	const char *boundary, GError **error)
{
	gboolean done = __real_smime_wrap(message, entity, cms_der, boundary, error);

	return is_due(WRAP) ? fail_with(error) : done;
}

#define FIELDS                                                                                     \
	"From: Rosa <rmoralesa@muni.test>\nTo: " OFFICE "\nSubject: Coordinar\n"                   \
	"Date: Fri, 20 Nov 2026 16:00:00 -0500\nMessage-ID: <i1@pc.muni.test>\n"                   \
	"MIME-Version: 1.0\n"
#define CYRILLIC FIELDS "Content-Type: text/plain; charset=koi8-r\n\n\xf0\xd2\n"
#define FILE_ALONE                                                                                 \
	FIELDS "Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n"  \
	       "JVBERi0xLjQ=\n"
#define HEAVY_FIELDS                                                                               \
	"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHola\n--b\nContent-Type: text/csv\n"  \
	"Content-Disposition: attachment; filename=a.csv\n\n"
#define HEAVY_BYTES 4096

static char *heavy_mail(void)
{
	g_autofree char *rows = g_malloc0(2 * HEAVY_BYTES + 1);

	for (guint i = 0; i < 2 * HEAVY_BYTES; i++)
		rows[i] = i % 64 == 63 ? '\n' : 'x';
	return g_strconcat(FIELDS, HEAVY_FIELDS, rows, "--b--\n", NULL);
}

static Outcome *decide(FakeWorld *world, const char *text)
{
	if (text == NULL)
		return run_notification(world);
	return run(world, "SUBMISSION", "rmoralesa", "rmoralesa@muni.test", OFFICE, text);
}

static FakeWorld *world_with_light_limit(void)
{
	FakeWorld *world = fake_world_new();

	world->options->policy->attachments->heavy_bytes = HEAVY_BYTES;
	world->options->inspect.heavy_bytes = HEAVY_BYTES;
	return world;
}

static void test_nothing_leaves(void **state)
{
	g_autofree char *heavy = heavy_mail();
	const struct {
		const char *name;
		Fault fault;
		int at;
		const char *text;  /* NULL: a notification, which is signed */
		const char *calls; /* until then */
	} cases[] = {
		{"the block's edit", SPLICE, 1, INTERNAL, ""},
		{"a byte of the text in its new encoding", QP, 1, CYRILLIC, ""},
		{"the block around a file", INSERT, 1, FILE_ALONE, ""},
		{"the zip's edit", SPLICE, 1, heavy, ""},
		{"a byte of the zip", BASE64, 1, heavy, ""},
		{"the block's edit after the zip", SPLICE, 2, heavy, ""},
		{"the block's edit, to be signed", SPLICE, 1, NULL, ""},
		{"the 7-bit edit", SPLICE, 2, NULL, ""},
		{"a byte of the text made 7-bit", QP, 1, NULL, ""},
		{"the check that it is 7-bit", TO_7BIT, 1, NULL, ""},
		{"a byte of the entity to be signed", INSERT, 1, NULL, ""},
		{"a byte of the signed entity", INSERT, 2, NULL, "intent sign "},
		{"the signed message", WRAP, 1, NULL, "intent sign "},
	};

	(void)state;
	assert_true(metrics_start("", "outgoing", NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		FakeWorld *world = world_with_light_limit();
		g_autoptr(Outcome) outcome = NULL;

		fault = cases[i].fault;
		fault_at = cases[i].at;
		outcome = decide(world, cases[i].text);
		if (fault_at != 0)
			fail_msg("%s: the fault did not happen: %s", cases[i].name, outcome->reply);
		if (outcome->action != ACTION_REPLY ||
			!g_str_has_prefix(outcome->reply, "451 4.3.0 ") ||
			strcmp(outcome->decision, "damaged") != 0)
			fail_msg("%s: %s, %s", cases[i].name, outcome->decision, outcome->reply);
		if (outcome->final != NULL || strcmp(world->calls->str, cases[i].calls) != 0 ||
			g_hash_table_size(world->blobs) > 0)
			fail_msg("%s: %s", cases[i].name, world->calls->str);
		assert_int_equal(metrics_count(outcome), i + 1);
		fake_world_free(world);
	}
}

/* The same mails with no fault: it is the faults that the case above is about. */
static void test_without_faults(void **state)
{
	g_autofree char *heavy = heavy_mail();
	const char *const texts[] = {INTERNAL, CYRILLIC, FILE_ALONE, heavy, NULL};

	(void)state;
	fault = NOTHING;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		FakeWorld *world = world_with_light_limit();
		g_autoptr(Outcome) outcome = decide(world, texts[i]);

		if (outcome->action != ACTION_ACCEPT)
			fail_msg("%zu: %s", i, outcome->reply);
		assert_int_equal(g_hash_table_size(world->blobs), 1);
		fake_world_free(world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_leaves),
		cmocka_unit_test(test_without_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
