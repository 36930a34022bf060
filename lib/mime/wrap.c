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

/* The block with the message's line ends. */
static char *block_text(const BlockWork *work)
{
	g_auto(GStrv) lines = g_strsplit(work->block->text, "\n", -1);

	return g_strjoinv(work->eol, lines);
}

static void append_text_part(GByteArray *body, const BlockWork *work)
{
	g_autofree char *text = block_text(work);
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

static Print print_of(const GByteArray *bytes, gsize start, gsize end)
{
	Print print = {0};

	if (end > start)
		codec_print(&print, bytes->data + start, end - start);
	return print;
}

static gboolean same_print(Print a, Print b)
{
	return a.size == b.size && a.hash == b.hash;
}

/* What the child has to be afterwards. */
typedef struct {
	Print header, content;
} Child;

static Child wrap(MailMessage *message, const BlockWork *work, gboolean last)
{
	GByteArray *body = message->body;
	Child child = {.content = print_of(body, 0, body->len)};
	g_autofree char *boundary = splice_boundary(body->data, body->len), *type = NULL;
	g_autoptr(GByteArray) head = g_byte_array_new();
	gsize header;

	append_boundary(head, boundary, FALSE, work->eol);
	if (!last) {
		append_text_part(head, work);
		append_boundary(head, boundary, FALSE, work->eol);
	}
	header = head->len;
	append_moved_fields(message, head, work->eol);
	child.header = print_of(head, header, head->len);
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
	return child;
}

static gboolean text_is_block(const MailMessage *after, const MimePart *part, const BlockWork *work)
{
	g_autofree char *wanted = block_text(work);
	g_autoptr(GByteArray) text = codec_decode(
		part->encoding, after->body->data + part->content, part->end - part->content, NULL);

	return strcmp(part->type, "text/plain") == 0 && codec_charset_is_utf8(part->charset) &&
	       text && text->len == strlen(wanted) && memcmp(text->data, wanted, text->len) == 0;
}

/* What was there is one of the two children, byte for byte; the other is the block. */
static gboolean wrap_is_right(const MailMessage *after, const MimePart *old_root,
	const BlockWork *work, const Child *known, gboolean last)
{
	g_autoptr(MimePart) root = mime_part_scan_edited(after, NULL);
	const MimePart *child;

	if (!root || root->children->len != 2)
		return FALSE;
	child = g_ptr_array_index(root->children, last ? 0 : 1);
	return strcmp(child->type, old_root->type) == 0 &&
	       child->children->len == old_root->children->len &&
	       same_print(known->header, print_of(after->body, child->start, child->content)) &&
	       same_print(known->content, print_of(after->body, child->content, child->end)) &&
	       text_is_block(after, g_ptr_array_index(root->children, last ? 1 : 0), work);
}

gboolean block_wrap(
	MailMessage *message, MimePart *root, const BlockWork *work, gboolean after, GError **error)
{
	const Child child = wrap(message, work, after);

	if (wrap_is_right(message, root, work, &child, after))
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
