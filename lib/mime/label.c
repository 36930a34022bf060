/* label.h: GMime reads, what it cannot read or leaves in is put right. No shared state. */
#include "mime/label.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mime/header.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeContentType, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeContentDisposition, g_object_unref)

static char *lower_parameter(GMimeContentType *type, const char *name)
{
	const char *value = g_mime_content_type_get_parameter(type, name);

	return value ? g_ascii_strdown(value, -1) : NULL;
}

void label_read_type(MimePart *part, const char *raw)
{
	g_autofree char *value = header_unfold(raw), *format = NULL;
	g_autoptr(GMimeContentType) type = NULL;

	part->has_type = TRUE;
	if (strlen(value) > MIME_MAX_VALUE_BYTES) {
		part->malformed = TRUE;
		return;
	}
	type = g_mime_content_type_parse(NULL, value);
	g_free(part->type);
	part->type = g_strdup_printf("%s/%s", g_mime_content_type_get_media_type(type),
		g_mime_content_type_get_media_subtype(type));
	for (char *c = part->type; *c; c++)
		*c = g_ascii_tolower(*c);
	/* RFC 1049 had no subtypes. */
	if (!strchr(value, '/') && g_ascii_strncasecmp(value, "text", 4) == 0) {
		g_free(part->type);
		part->type = g_strdup("text/plain");
	}
	part->charset = lower_parameter(type, "charset");
	/* GMime leaves a comment behind the value in it. */
	if (part->charset)
		part->charset[strcspn(part->charset, " \t(;\"")] = '\0';
	part->boundary = g_strdup(g_mime_content_type_get_parameter(type, "boundary"));
	part->protocol = lower_parameter(type, "protocol");
	part->smime_type = lower_parameter(type, "smime-type");
	part->report_type = lower_parameter(type, "report-type");
	part->name = g_strdup(g_mime_content_type_get_parameter(type, "name"));
	format = lower_parameter(type, "format");
	part->flowed = g_strcmp0(format, "flowed") == 0;
	if (part->boundary && part->boundary[0] == '\0')
		g_clear_pointer(&part->boundary, g_free);
}

void label_read_disposition(MimePart *part, const char *raw)
{
	g_autofree char *value = header_unfold(raw);
	g_autoptr(GMimeContentDisposition) disposition = NULL;
	const char *name;

	if (strlen(value) > MIME_MAX_VALUE_BYTES || value[0] == '\0') {
		part->attachment = TRUE;
		return;
	}
	disposition = g_mime_content_disposition_parse(NULL, value);
	if (!disposition) {
		part->attachment = TRUE;
		return;
	}
	name = g_mime_content_disposition_get_parameter(disposition, "filename");
	if (name) {
		g_free(part->name);
		part->name = g_strdup(name);
	}
	/* No token at all, as broken encoders leave it: as if it were not there. */
	if (strcspn(value, "()<>@,:\\\"/[]?=") < strcspn(value, ";"))
		return;
	part->attachment =
		g_ascii_strcasecmp(
			g_mime_content_disposition_get_disposition(disposition), "inline") != 0;
}

MimeEncoding label_read_encoding(const char *raw)
{
	static const struct {
		const char *word;
		MimeEncoding encoding;
	} words[] = {{"8bit", ENCODING_8BIT}, {"8-bit", ENCODING_8BIT}, {"binary", ENCODING_BINARY},
		{"quoted-printable", ENCODING_QP}, {"quotedprintable", ENCODING_QP},
		{"base64", ENCODING_BASE64}, {"base-64", ENCODING_BASE64},
		{"uuencode", ENCODING_UNKNOWN}, {"x-uuencode", ENCODING_UNKNOWN},
		{"uue", ENCODING_UNKNOWN}, {"x-uue", ENCODING_UNKNOWN},
		{"x-yencode", ENCODING_UNKNOWN}, {"yenc", ENCODING_UNKNOWN},
		{"mac-binhex40", ENCODING_UNKNOWN}, {"x-gzip", ENCODING_UNKNOWN},
		{"x-gzip64", ENCODING_UNKNOWN}};
	g_autofree char *value = header_unfold(raw);
	g_autoptr(GString) word = g_string_new(NULL);

	for (const char *c = value; *c && !strchr(";(", *c); c++)
		if (!strchr(" \t\"'", *c))
			g_string_append_c(word, *c);
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (g_ascii_strcasecmp(word->str, words[i].word) == 0)
			return words[i].encoding;
	return ENCODING_7BIT;
}
