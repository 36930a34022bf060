/* An HTML body on its way out: where the signature block goes, and that it is there once. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "base/error.h"
#include "mime/facts.h"
#include "mime/html.h"
#include "mime/rewrite.h"

#define BLOCK_TEXT "--\nRosa Morales Ar\303\241nda\nSecretaria General"
#define BLOCK_HTML "<div>--<br>Rosa Morales Ar\303\241nda<br>Secretaria General</div>"
#define HEADER "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	mime_init();
	return 0;
}

static void check_view(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_utf8_make_valid((const char *)data, (gssize)size);
	gsize length = strlen(text);
	g_auto(HtmlView) view = {0};

	if (!html_within_limits((const guint8 *)text, length) || !html_read(text, length, &view))
		return;
	fuzz_check_utf8(view.text, "what a reader sees");
	FUZZ_PROMISE(view.end <= length, "the end is behind the source");
	FUZZ_PROMISE(view.safe_end <= view.end, "the safe end is behind the end");
	FUZZ_PROMISE(view.quote <= view.end, "the quote is behind the end");
	FUZZ_PROMISE(view.own_size <= strlen(view.text), "own text longer than all text");
}

static gboolean insert(MailMessage *message, gboolean before_quote)
{
	const MimeBlock block = {
		.text = BLOCK_TEXT, .html = BLOCK_HTML, .before_quote = before_quote};
	g_autoptr(GBytes) before = mail_message_to_bytes(message), after = NULL;
	MimeBlockOutcome outcome;
	g_autoptr(GError) error = NULL;
	gboolean success = mime_insert_block(message, &block, &outcome, &error);

	fuzz_check_error(success, error, "mime_insert_block");
	after = mail_message_to_bytes(message);
	FUZZ_PROMISE(success || g_bytes_equal(before, after) ||
			     g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED),
		"it failed and left changes");
	FUZZ_PROMISE(!success || (outcome <= MIME_BLOCK_COMPLETED) != g_bytes_equal(before, after),
		"what is said of the block is not what was done");
	return success;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autoptr(GBytes) once = NULL, twice = NULL;
	g_autoptr(MailMessage) message = NULL;
	gboolean before_quote = size % 2 != 0;

	check_view(data, size);
	g_byte_array_append(bytes, (const guint8 *)HEADER, sizeof HEADER - 1);
	g_byte_array_append(bytes, data, (guint)size);
	message = mail_message_parse(bytes->data, bytes->len);
	if (!insert(message, before_quote))
		return 0;
	once = mail_message_to_bytes(message);
	FUZZ_PROMISE(insert(message, before_quote), "the second passage failed");
	twice = mail_message_to_bytes(message);
	FUZZ_PROMISE(g_bytes_equal(once, twice), "the block was added twice");
	return 0;
}
