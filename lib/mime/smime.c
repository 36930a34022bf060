/*
 * The entity that is signed, the multipart/signed around it, and back. Bytes in, bytes out; fails
 * with ACUSE_ERROR_UNSIGNABLE when the message cannot be signed as it is, and with
 * ACUSE_ERROR_DAMAGED when the check of what was made fails. No shared state.
 */
#include "mime/smime.h"

#include <string.h>

#include "base/error.h"
#include "mime/codec.h"
#include "mime/encode.h"
#include "mime/header.h"
#include "mime/part.h"
#include "mime/splice.h"

#define MAX_LINE 998

static const char *const copied_fields[] = {
	"From", "To", "Cc", "Subject", "Date", "Message-ID", NULL};

static gboolean is_content_field(const MailField *field)
{
	return g_ascii_strncasecmp(field->name, "Content-", 8) == 0;
}

static void append_copies(GString *out, const MailMessage *message)
{
	for (guint i = 0; copied_fields[i]; i++) {
		for (guint j = 0; j < message->fields->len; j++) {
			const MailField *field = g_ptr_array_index(message->fields, j);

			if (g_ascii_strcasecmp(field->name, copied_fields[i]) == 0)
				encode_append_folded(out, copied_fields[i], field->value, "\r\n");
		}
	}
}

static void append_content_fields(GString *out, const MailMessage *message, const char *type)
{
	if (type)
		encode_append_folded(out, "Content-Type", type, "\r\n");
	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (is_content_field(field) &&
			!(type && g_ascii_strcasecmp(field->name, "Content-Type") == 0))
			encode_append_folded(out, field->name, field->value, "\r\n");
	}
}

static gboolean is_bare_lf(const guint8 *data, gsize i)
{
	return data[i] == '\n' && (i == 0 || data[i - 1] != '\r');
}

/* With CRLF at the end of each line: from the end on, since it only grows. */
static void make_crlf(GByteArray *body)
{
	gsize size = body->len, missing = 0;

	for (gsize i = 0; i < size; i++)
		missing += is_bare_lf(body->data, i);
	g_byte_array_set_size(body, (guint)(size + missing));
	for (gsize i = size; missing > 0; i--) {
		gboolean bare = is_bare_lf(body->data, i - 1);

		body->data[i - 1 + missing] = body->data[i - 1];
		if (bare)
			body->data[i - 1 + --missing] = '\r';
	}
}

/* Of the bytes but for CR: what make_crlf must not change. */
static Print print_of_lines(const guint8 *bytes, gsize size)
{
	Print print = {0};

	while (size > 0) {
		const guint8 *cr = memchr(bytes, '\r', size);
		gsize piece = cr ? (gsize)(cr - bytes) : size;

		if (piece > 0)
			codec_print(&print, bytes, piece);
		piece += cr ? 1 : 0;
		bytes += piece;
		size -= piece;
	}
	return print;
}

/* The check of an edit: that much of the bytes is the known text, between what was put around it.
 */
static gboolean holds(
	const GByteArray *bytes, const char *head, gsize tail_size, Print known, GError **error)
{
	gsize head_size = strlen(head);

	if (bytes->len >= head_size + tail_size && memcmp(bytes->data, head, head_size) == 0) {
		const Print print =
			print_of_lines(bytes->data + head_size, bytes->len - head_size - tail_size);

		if (print.size == known.size && print.hash == known.hash)
			return TRUE;
	}
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
		"what is signed is not the edited message");
	return FALSE;
}

/* The message's Content-Type with hp="clear", or NULL when it cannot be spliced for certain. */
static char *protected_type(const MailMessage *message)
{
	const char *raw = mail_message_field(message, "Content-Type");
	g_autoptr(MailMessage) probe = NULL;
	g_autoptr(MimePart) before = NULL, after = NULL;
	char *value;

	if (!raw)
		return g_strdup("text/plain; charset=us-ascii; hp=\"clear\"");
	value = header_set_parameter(raw, "hp", "\"clear\"");
	if (!value)
		return NULL;
	/* What our own reader makes of it has to be what it was. */
	probe = mail_message_new();
	mail_message_add_field(probe, "Content-Type", value);
	after = mime_part_scan_edited(probe, NULL);
	before = mime_part_scan_edited(message, NULL);
	if (!before || !after || before->malformed || strcmp(before->type, after->type) != 0 ||
		g_strcmp0(before->boundary, after->boundary) != 0 ||
		g_strcmp0(before->charset, after->charset) != 0)
		g_clear_pointer(&value, g_free);
	return value;
}

/* What stands before the body, with its own fields inside, and behind it. */
static void append_wrapper(GString *head, GString *tail, const MailMessage *message)
{
	g_autofree char *boundary = splice_boundary(message->body->data, message->body->len);

	g_string_append_printf(head,
		"Content-Type: multipart/mixed; hp=\"clear\";\r\n boundary=\"%s\"\r\n\r\n--%s\r\n",
		boundary, boundary);
	append_content_fields(head, message, NULL);
	g_string_append_printf(tail, "\r\n--%s--\r\n", boundary);
}

static gboolean is_sendable(const void *bytes, gsize size, GError **error)
{
	const guint8 *data = bytes;
	gsize line = 0;
	const char *trouble = NULL;

	for (gsize i = 0; i < size && !trouble; i++) {
		guint8 c = data[i];

		line = c == '\n' ? 0 : line + (c != '\r');
		if (c > 127)
			trouble = "8-bit bytes";
		else if (c == 0)
			trouble = "a NUL byte";
		else if (c == '\r' && (i + 1 == size || data[i + 1] != '\n'))
			trouble = "a bare CR";
		else if (line > MAX_LINE)
			trouble = "a line over 998 bytes";
	}
	if (trouble)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNSIGNABLE,
			"cannot be signed: it has %s", trouble);
	return trouble == NULL;
}

GBytes *smime_entity(MailMessage *message, GError **error)
{
	g_autoptr(GString) head = g_string_new(NULL), tail = g_string_new(NULL);
	g_autoptr(MimePart) root = mime_part_scan_edited(message, error);
	g_autofree char *type = NULL;
	GByteArray *body = message->body;
	Print known;

	if (!root)
		return NULL;
	type = protected_type(message);
	append_copies(head, message);
	if (type)
		append_content_fields(head, message, type);
	else
		append_wrapper(head, tail, message);
	g_string_append(head, "\r\n");
	if (!is_sendable(head->str, head->len, error) || !is_sendable(body->data, body->len, error))
		return NULL;
	known = print_of_lines(body->data, body->len);
	make_crlf(body);
	splice_insert(body, 0, head->str, head->len);
	g_byte_array_append(body, (const guint8 *)tail->str, (guint)tail->len);
	if (!holds(body, head->str, tail->len, known, error))
		return NULL;
	message->body = g_byte_array_new();
	return g_byte_array_free_to_bytes(body);
}

static void delete_mime_fields(MailMessage *message)
{
	for (guint i = message->fields->len; i > 0; i--) {
		const MailField *field = g_ptr_array_index(message->fields, i - 1);

		if (is_content_field(field) || g_ascii_strcasecmp(field->name, "MIME-Version") == 0)
			g_ptr_array_remove_index(message->fields, i - 1);
	}
}

void smime_give_back(MailMessage *message, GBytes **entity)
{
	const char *own = mail_message_field(message, "Content-Type");
	g_autoptr(MailMessage) inside =
		mail_message_parse(g_bytes_get_data(*entity, NULL), g_bytes_get_size(*entity));
	const char *type = mail_message_field(inside, "Content-Type");
	gsize size = g_bytes_get_size(*entity) - inside->body->len;
	GByteArray *body;

	/* append_wrapper: nobody else writes hp first. */
	if (own != NULL && strstr(own, "hp=") == NULL && type != NULL &&
		strstr(type, "multipart/mixed; hp=\"clear\";") != NULL) {
		delete_mime_fields(message);
		mail_message_add_field(message, "MIME-Version", " 1.0");
		mail_message_add_field(message, "Content-Type", type);
	}
	body = g_bytes_unref_to_array(g_steal_pointer(entity));
	g_byte_array_remove_range(body, 0, (guint)size);
	g_byte_array_unref(message->body);
	message->body = body;
}

/* NULL with ACUSE_ERROR_DAMAGED. */
static GByteArray *signed_body(
	GBytes *entity, GBytes *cms_der, const char *boundary, GError **error)
{
	gsize cms_size = 0;
	const guint8 *cms = g_bytes_get_data(cms_der, &cms_size);
	g_autofree char *base64 = codec_base64(cms, cms_size, "\r\n");
	g_autofree char *head = g_strdup_printf("--%s\r\n", boundary);
	g_autofree char *tail =
		g_strdup_printf("\r\n--%s\r\n"
				"Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
				"Content-Transfer-Encoding: base64\r\n"
				"Content-Disposition: attachment; filename=\"smime.p7s\"\r\n"
				"Content-Description: S/MIME Cryptographic Signature\r\n\r\n"
				"%s\r\n--%s--\r\n",
			boundary, base64, boundary);
	g_autoptr(GByteArray) body = g_bytes_unref_to_array(entity);
	const Print known = print_of_lines(body->data, body->len);

	splice_insert(body, 0, head, strlen(head));
	g_byte_array_append(body, (const guint8 *)tail, (guint)strlen(tail));
	return holds(body, head, strlen(tail), known, error) ? g_steal_pointer(&body) : NULL;
}

gboolean smime_wrap(MailMessage *message, GBytes **entity, GBytes *cms_der, const char *boundary,
	GError **error)
{
	gsize size = 0;
	const void *bytes = g_bytes_get_data(*entity, &size);
	g_autofree char *type = NULL;
	GByteArray *body;

	if (boundary[0] == '\0' || strlen(boundary) > 70 || strpbrk(boundary, "\"\\\r\n\t ") ||
		(size > 0 && memmem(bytes, size, boundary, strlen(boundary)))) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"the boundary is malformed or occurs in the entity");
		return FALSE;
	}
	delete_mime_fields(message);
	mail_message_add_field(message, "MIME-Version", " 1.0");
	type = g_strdup_printf(" multipart/signed; protocol=\"application/pkcs7-signature\";\n"
			       " micalg=\"sha-256\"; boundary=\"%s\"",
		boundary);
	mail_message_add_field(message, "Content-Type", type);
	body = signed_body(g_steal_pointer(entity), cms_der, boundary, error);
	if (!body)
		return FALSE;
	g_byte_array_unref(message->body);
	message->body = body;
	return TRUE;
}

static gboolean is_signature(const MimePart *part)
{
	return strcmp(part->type, "application/pkcs7-signature") == 0 ||
	       strcmp(part->type, "application/x-pkcs7-signature") == 0;
}

gboolean smime_split(const void *message, gsize size, GBytes **entity, GBytes **cms_der)
{
	g_autoptr(MailMessage) parsed = mail_message_parse(message, size);
	g_autoptr(MimePart) root = mime_part_scan_edited(parsed, NULL);
	g_autoptr(GByteArray) der = NULL;
	const MimePart *first, *second;

	if (!root || strcmp(root->type, "multipart/signed") != 0 || root->children->len != 2)
		return FALSE;
	first = g_ptr_array_index(root->children, 0);
	second = g_ptr_array_index(root->children, 1);
	if (!is_signature(second) || second->end <= second->content)
		return FALSE;
	der = codec_decode(second->encoding, parsed->body->data + second->content,
		second->end - second->content, NULL);
	if (!der || der->len == 0)
		return FALSE;
	*entity = g_bytes_new(parsed->body->data + first->start, first->end - first->start);
	*cms_der = g_byte_array_free_to_bytes(g_steal_pointer(&der));
	return TRUE;
}
