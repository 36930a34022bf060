/* notice.h: writes only, never parses. Never fails: what cannot stand in a field is left out. No
 * shared state. */
#include "mime/notice.h"

#include <string.h>

#include "mime/codec.h"
#include "mime/encode.h"
#include "mime/header.h"

/* Every part is base64, which has no "=_". */
#define BOUNDARY "=_acuse_aviso"
#define NOTICE_ID_BYTES 900

/* One line, without the marks that would end a quoted string. */
static char *one_line(const char *text, gboolean quoted)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *line = g_string_new(NULL);

	for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (quoted && (c == '"' || c == '\\'))
			continue;
		g_string_append_unichar(line, g_unichar_iscntrl(c) ? ' ' : c);
	}
	return g_string_free(line, FALSE);
}

/*
 * What needs no encoding stays as it is: "auto-generated" is a word of RFC 3834, not a text.
 * encode_field refuses only what is no text: then nothing is said.
 */
static void append_field(GString *out, const char *name, const char *value)
{
	gboolean plain = g_str_is_ascii(value) && strstr(value, "=?") == NULL;
	g_autofree char *encoded = plain ? g_strdup(value) : encode_field(name, value, "utf-8");

	encode_append_folded(out, name, encoded != NULL ? encoded : "", "\r\n");
}

static void append_part(GString *out, const char *type, const void *bytes, gsize size)
{
	g_autofree char *body = codec_base64(bytes, size, "\r\n");

	append_field(out, "Content-Type", type);
	append_field(out, "Content-Transfer-Encoding", "base64");
	g_string_append_printf(out, "\r\n%s", body);
}

static void append_text(GString *out, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_auto(GStrv) lines = g_strsplit(valid, "\n", -1);
	g_autofree char *crlf = g_strjoinv("\r\n", lines);

	append_part(out, "text/plain; charset=utf-8", crlf, strlen(crlf));
}

static void append_attachment(GString *out, const NoticeAttachment *attachment)
{
	g_autofree char *type =
		g_strdup_printf("%s; name=\"%s\"", attachment->type, attachment->name);
	g_autofree char *disposition =
		g_strdup_printf("attachment; filename=\"%s\"", attachment->name);
	gsize size;
	const void *bytes = g_bytes_get_data(attachment->bytes, &size);

	g_string_append(out, "\r\n--" BOUNDARY "\r\n");
	append_field(out, "Content-Disposition", disposition);
	append_part(out, type, bytes, size);
}

/* A stranger's id: only what one looks like (RFC 5322 3.6.4) is said again. */
static void append_thread(GString *out, const char *answered)
{
	g_autofree char *id = g_strdup_printf("<%s>", answered);

	for (const char *at = answered; *at != '\0'; at++)
		if (!g_ascii_isgraph(*at) || *at == '<' || *at == '>')
			return;
	if (*answered == '\0' || strlen(answered) > NOTICE_ID_BYTES)
		return;
	append_field(out, "In-Reply-To", id);
	append_field(out, "References", id);
}

GBytes *mime_notice(const NoticeMail *mail)
{
	GString *out = g_string_new(NULL);
	g_autofree char *name = one_line(mail->from_name, TRUE);
	g_autofree char *from = g_strdup_printf("\"%s\" <%s>", name, mail->from);
	g_autofree char *subject = one_line(mail->subject, FALSE);
	g_autofree char *message_id = g_strdup_printf("<%s>", mail->message_id);
	g_autofree char *date = header_date_text(mail->date_s);

	append_field(out, "From", from);
	append_field(out, "To", mail->to);
	append_field(out, "Subject", subject);
	append_field(out, "Date", date);
	append_field(out, "Message-ID", message_id);
	if (mail->answered != NULL)
		append_thread(out, mail->answered);
	if (mail->reply_to != NULL)
		append_field(out, "Reply-To", mail->reply_to);
	append_field(
		out, "Auto-Submitted", mail->answered != NULL ? "auto-replied" : "auto-generated");
	append_field(out, "MIME-Version", "1.0");
	if (mail->n_attachments > 0) {
		append_field(out, "Content-Type", "multipart/mixed; boundary=\"" BOUNDARY "\"");
		g_string_append(out, "\r\n--" BOUNDARY "\r\n");
	}
	append_text(out, mail->text);
	for (guint i = 0; i < mail->n_attachments; i++)
		append_attachment(out, &mail->attachments[i]);
	if (mail->n_attachments > 0)
		g_string_append(out, "\r\n--" BOUNDARY "--\r\n");
	return g_string_free_to_bytes(out);
}
