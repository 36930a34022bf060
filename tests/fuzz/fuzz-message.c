/*
 * A client's mail on its way out: signature block at either place, 7-bit, the entity to sign, and
 * back from the signed mail.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "base/error.h"
#include "mime/facts.h"
#include "mime/rewrite.h"
#include "mime/smime.h"

#define BLOCK_TEXT "--\nRosa Morales Ar\303\241nda\nSecretaria General"
#define BLOCK_HTML "<div>--<br>Rosa Morales Ar\303\241nda<br>Secretaria General</div>"
#define BOUNDARY "=_fuzz_7d1f0c5b9a"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	mime_init();
	return 0;
}

/* Bytes before and after a step, that has to leave them alone when it fails. */
static void check_step(gboolean success, const GError *error, const MailMessage *message,
	GBytes *before, const char *what)
{
	g_autoptr(GBytes) after = mail_message_to_bytes(message);

	fuzz_check_error(success, error, what);
	/* What failed its own check is spoilt, and never goes out. */
	FUZZ_PROMISE(success || g_bytes_equal(before, after) ||
			     g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED),
		"%s failed and left changes", what);
}

static gboolean insert_block(MailMessage *message, gboolean before_quote, GError **error)
{
	const MimeBlock block = {
		.text = BLOCK_TEXT, .html = BLOCK_HTML, .before_quote = before_quote};
	MimeBlockOutcome outcome;

	return mime_insert_block(message, &block, &outcome, error);
}

static gboolean add_block(MailMessage *message, gboolean before_quote)
{
	g_autoptr(GBytes) before = mail_message_to_bytes(message), once = NULL, twice = NULL;
	g_autoptr(GError) error = NULL;
	gboolean success = insert_block(message, before_quote, &error);

	check_step(success, error, message, before, "mime_insert_block");
	if (!success)
		return FALSE;
	once = mail_message_to_bytes(message);
	success = insert_block(message, before_quote, &error);
	twice = mail_message_to_bytes(message);
	FUZZ_PROMISE(success && g_bytes_equal(once, twice), "the block was added twice: %s",
		error ? error->message : "no error");
	return TRUE;
}

static gboolean make_7bit(MailMessage *message)
{
	g_autoptr(GBytes) before = mail_message_to_bytes(message);
	g_autoptr(GError) error = NULL;
	gboolean success = mime_to_7bit(message, &error);

	check_step(success, error, message, before, "mime_to_7bit");
	return success;
}

static void check_lines(GBytes *entity)
{
	gsize size, line = 0;
	const guint8 *bytes = g_bytes_get_data(entity, &size);

	for (gsize i = 0; i < size; i++) {
		FUZZ_PROMISE(bytes[i] != 0 && bytes[i] < 128, "entity: byte %u", bytes[i]);
		if (bytes[i] == '\n') {
			FUZZ_PROMISE(i > 0 && bytes[i - 1] == '\r', "entity: LF without CR");
			line = 0;
			continue;
		}
		FUZZ_PROMISE(bytes[i] != '\r' || (i + 1 < size && bytes[i + 1] == '\n'),
			"entity: CR without LF");
		line += bytes[i] != '\r';
		FUZZ_PROMISE(line <= 998, "entity: a line over 998");
	}
}

static void sign(MailMessage *message)
{
	static const guint8 cms[] = {0x30, 0x03, 0x02, 0x01, 0x2a};
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) before = mail_message_to_bytes(message),
			  der = g_bytes_new_static(cms, sizeof cms);
	g_autoptr(GBytes) kept = NULL, whole = NULL, split_entity = NULL, split_der = NULL;
	g_autoptr(GBytes) entity = smime_entity(message, &error);
	gboolean wrapped;

	check_step(entity != NULL, error, message, before, "smime_entity");
	if (entity == NULL)
		return;
	check_lines(entity);
	kept = g_bytes_ref(entity);
	wrapped = smime_wrap(message, &entity, der, BOUNDARY, &error);
	fuzz_check_error(wrapped, error, "smime_wrap");
	if (!wrapped)
		return;
	whole = mail_message_to_bytes(message);
	FUZZ_PROMISE(smime_split(g_bytes_get_data(whole, NULL), g_bytes_get_size(whole),
			     &split_entity, &split_der),
		"the signed mail cannot be taken apart");
	FUZZ_PROMISE(g_bytes_equal(split_entity, kept), "the entity changed in the signed mail");
	FUZZ_PROMISE(g_bytes_equal(split_der, der), "the signature changed in the signed mail");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(MailMessage) message = mail_message_parse(data, size);

	add_block(message, size % 2 != 0);
	if (make_7bit(message))
		sign(message);
	return 0;
}
