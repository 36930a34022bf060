/*
 * The entity that is signed, the multipart/signed around it, and back. Bytes in, bytes out; fails
 * with ACUSE_ERROR_INVALID when the message cannot be signed as it is. No shared state.
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

/* With CRLF at the end of each line. */
static void append_crlf(GString *out, const GByteArray *body)
{
	for (guint i = 0; i < body->len; i++) {
		if (body->data[i] == '\n' && (i == 0 || body->data[i - 1] != '\r'))
			g_string_append_c(out, '\r');
		g_string_append_c(out, (char)body->data[i]);
	}
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
	after = mime_part_scan(probe, NULL);
	before = mime_part_scan(message, NULL);
	if (!before || !after || before->malformed || strcmp(before->type, after->type) != 0 ||
		g_strcmp0(before->boundary, after->boundary) != 0 ||
		g_strcmp0(before->charset, after->charset) != 0)
		g_clear_pointer(&value, g_free);
	return value;
}

static void append_wrapped(GString *out, const MailMessage *message)
{
	g_autofree char *boundary = splice_boundary(message->body->data, message->body->len);

	g_string_append_printf(out,
		"Content-Type: multipart/mixed; hp=\"clear\";\r\n boundary=\"%s\"\r\n\r\n--%s\r\n",
		boundary, boundary);
	append_content_fields(out, message, NULL);
	g_string_append(out, "\r\n");
	append_crlf(out, message->body);
	g_string_append_printf(out, "\r\n--%s--\r\n", boundary);
}

static gboolean entity_is_sendable(const GString *entity, GError **error)
{
	gsize line = 0;
	const char *trouble = NULL;

	for (gsize i = 0; i < entity->len && !trouble; i++) {
		guint8 c = (guint8)entity->str[i];

		line = c == '\n' ? 0 : line + (c != '\r');
		if (c > 127)
			trouble = "8-bit bytes";
		else if (c == 0)
			trouble = "a NUL byte";
		else if (c == '\r' && entity->str[i + 1] != '\n')
			trouble = "a bare CR";
		else if (line > MAX_LINE)
			trouble = "a line over 998 bytes";
	}
	if (trouble)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "cannot be signed: it has %s",
			trouble);
	return trouble == NULL;
}

GBytes *smime_entity(const MailMessage *message, GError **error)
{
	g_autoptr(GString) entity = g_string_sized_new(message->body->len + 4096);
	g_autoptr(MimePart) root = mime_part_scan(message, error);
	g_autofree char *type = NULL;

	if (!root)
		return NULL;
	type = protected_type(message);
	append_copies(entity, message);
	if (type) {
		append_content_fields(entity, message, type);
		g_string_append(entity, "\r\n");
		append_crlf(entity, message->body);
	} else {
		append_wrapped(entity, message);
	}
	if (!entity_is_sendable(entity, error))
		return NULL;
	return g_string_free_to_bytes(g_steal_pointer(&entity));
}

static void delete_mime_fields(MailMessage *message)
{
	for (guint i = message->fields->len; i > 0; i--) {
		const MailField *field = g_ptr_array_index(message->fields, i - 1);

		if (is_content_field(field) || g_ascii_strcasecmp(field->name, "MIME-Version") == 0)
			g_ptr_array_remove_index(message->fields, i - 1);
	}
}

static GByteArray *signed_body(GBytes *entity, GBytes *cms_der, const char *boundary)
{
	gsize size = 0, cms_size = 0;
	const guint8 *bytes = g_bytes_get_data(entity, &size);
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
	GByteArray *body = g_byte_array_sized_new((guint)(size + strlen(head) + strlen(tail)));

	g_byte_array_append(body, (const guint8 *)head, (guint)strlen(head));
	g_byte_array_append(body, bytes, (guint)size);
	g_byte_array_append(body, (const guint8 *)tail, (guint)strlen(tail));
	return body;
}

gboolean smime_wrap(
	MailMessage *message, GBytes *entity, GBytes *cms_der, const char *boundary, GError **error)
{
	gsize size = 0;
	const void *bytes = g_bytes_get_data(entity, &size);
	g_autofree char *type = NULL;

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
	g_byte_array_unref(g_steal_pointer(&message->body)); /* both at once would be too large */
	message->body = signed_body(entity, cms_der, boundary);
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
	g_autoptr(MimePart) root = mime_part_scan(parsed, NULL);
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
