/*
 * The block in a text part of its own, around what the message was: for mails without a text, and
 * for those whose text nobody can read for certain. Fails with ACUSE_ERROR_DAMAGED when the outcome
 * is not that; the message is then lost. No shared state.
 */
#include "mime/block.h"

#include <string.h>

#include "base/error.h"
#include "mime/codec.h"

#define MIXED_MARK "=_acuse_" /* what splice_boundary's begin with */

static void append_string(GByteArray *out, const char *text)
{
	g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text));
}

static void append_moved_fields(MailMessage *message, GByteArray *body, const char *eol)
{
	for (guint i = 0; i < message->fields->len;) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strncasecmp(field->name, "Content-", 8) != 0) {
			i++;
			continue;
		}
		append_string(body, field->name);
		append_string(body, ":");
		for (const char *c = field->value; *c; c++) {
			if (*c == '\n' && strcmp(eol, "\r\n") == 0)
				append_string(body, "\r");
			g_byte_array_append(body, (const guint8 *)c, 1);
		}
		append_string(body, eol);
		g_ptr_array_remove_index(message->fields, i);
	}
	append_string(body, eol);
}

static void append_boundary(
	GByteArray *body, const char *boundary, gboolean closing, const char *eol)
{
	append_string(body, "--");
	append_string(body, boundary);
	append_string(body, closing ? "--" : "");
	append_string(body, eol);
}

static void append_text_part(GByteArray *body, const BlockWork *work)
{
	g_auto(GStrv) lines = g_strsplit(work->block->text, "\n", -1);
	g_autofree char *text = g_strjoinv(work->eol, lines);
	gboolean ascii = codec_is_ascii((const guint8 *)text, strlen(text));

	append_string(body, "Content-Type: text/plain; charset=utf-8");
	append_string(body, work->eol);
	append_string(body, "Content-Transfer-Encoding: ");
	append_string(body, ascii ? "7bit" : "quoted-printable");
	append_string(body, work->eol);
	append_string(body, work->eol);
	if (ascii)
		append_string(body, text);
	else
		codec_append_qp(body, (const guint8 *)text, strlen(text), work->eol);
	append_string(body, work->eol);
}

static void wrap(MailMessage *message, const BlockWork *work, gboolean last)
{
	GByteArray *body = message->body;
	g_autofree char *boundary = splice_boundary(body->data, body->len), *type = NULL;
	g_autoptr(GByteArray) head = g_byte_array_new();

	append_boundary(head, boundary, FALSE, work->eol);
	if (!last) {
		append_text_part(head, work);
		append_boundary(head, boundary, FALSE, work->eol);
	}
	append_moved_fields(message, head, work->eol);
	splice_insert(body, 0, head->data, head->len);
	append_string(body, work->eol);
	if (last) {
		append_boundary(body, boundary, FALSE, work->eol);
		append_text_part(body, work);
	}
	append_boundary(body, boundary, TRUE, work->eol);
	if (!mail_message_field(message, "MIME-Version"))
		mail_message_add_field(message, "MIME-Version", " 1.0");
	type = g_strdup_printf(" multipart/mixed; boundary=\"%s\"", boundary);
	mail_message_add_field(message, "Content-Type", type);
}

/* What was there is one of the two children, byte for byte. */
static gboolean wrap_is_right(
	const MailMessage *after, const MimePart *old_root, Print content, gboolean last)
{
	g_autoptr(MimePart) root = mime_part_scan(after, NULL);
	const MimePart *child;
	Print print = {0};

	if (!root || root->children->len != 2)
		return FALSE;
	child = g_ptr_array_index(root->children, last ? 0 : 1);
	codec_print(&print, after->body->data + child->content, child->end - child->content);
	return strcmp(child->type, old_root->type) == 0 &&
	       child->children->len == old_root->children->len && print.size == content.size &&
	       print.hash == content.hash;
}

gboolean block_wrap(
	MailMessage *message, MimePart *root, const BlockWork *work, gboolean after, GError **error)
{
	Print content = {0};

	codec_print(&content, message->body->data, message->body->len);
	wrap(message, work, after);
	if (wrap_is_right(message, root, content, after))
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
		"the mail cannot be wrapped with a text part");
	return FALSE;
}

gboolean block_is_wrapped(const BlockWork *work, const MimePart *root)
{
	g_autoptr(GByteArray) text = NULL;
	const MimePart *last;

	if (!root->boundary || !g_str_has_prefix(root->boundary, MIXED_MARK) ||
		root->children->len != 2)
		return FALSE;
	last = g_ptr_array_index(root->children, 1);
	if (strcmp(last->type, "text/plain") != 0 || !codec_charset_is_utf8(last->charset))
		return FALSE;
	text = codec_decode(last->encoding, work->message->body->data + last->content,
		last->end - last->content, NULL);
	return text && block_ends_text(work, FALSE, (const char *)text->data, text->len);
}
