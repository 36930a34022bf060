/*
 * New files in the place of attachments (attachments.h): fields by hand, for GMime must not set
 * parameters (FACTS 17c), content and check by splice.h. No shared state.
 */
#include <string.h>

#include "mime/attachments.h"
#include "mime/splice.h"

#define NAME_LINE_BYTES 60 /* of a name in one line of a field */
#define EXTENDED_BYTES 54  /* of an escaped one */
#define WORD_BYTES 42	   /* of text in one encoded word: 56 digits of base64 */

void mime_replacement_free(MimeReplacement *replacement)
{
	if (replacement == NULL)
		return;
	if (replacement->bytes != NULL)
		g_byte_array_unref(replacement->bytes);
	g_free(replacement->name);
	g_free(replacement);
}

static gboolean is_plain(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if (!g_ascii_isprint(*c) || strchr("\"\\%", *c) != NULL)
			return FALSE;
	return strlen(name) <= NAME_LINE_BYTES && strstr(name, "=?") == NULL;
}

/* RFC 2231 4: filename*0*=UTF-8''...; filename*1*=... */
static void append_extended(GString *out, const char *name, const char *fold)
{
	g_autofree char *escaped = g_uri_escape_string(name, NULL, FALSE);
	gsize size = strlen(escaped), at = 0;

	if (size <= EXTENDED_BYTES) {
		g_string_append_printf(out, ";%s filename*=UTF-8''%s", fold, escaped);
		return;
	}
	for (guint i = 0; at < size; i++) {
		gsize piece = MIN(size - at, EXTENDED_BYTES);

		/* Not within a %XX. */
		if (at + piece < size)
			for (gsize back = 1; back <= 2; back++)
				if (escaped[at + piece - back] == '%') {
					piece -= back;
					break;
				}
		g_string_append_printf(out, ";%s filename*%u*=%s%.*s", fold, i,
			i == 0 ? "UTF-8''" : "", (int)piece, escaped + at);
		at += piece;
	}
}

/* For readers that know no RFC 2231: encoded words in the type's name, each of whole letters. */
static void append_words(GString *out, const char *name, const char *fold)
{
	const char *at = name;

	g_string_append_printf(out, ";%s name=\"", fold);
	while (*at != '\0') {
		const char *end = at;
		g_autofree char *digits = NULL;

		while (*end != '\0' && g_utf8_next_char(end) - at <= WORD_BYTES)
			end = g_utf8_next_char(end);
		digits = g_base64_encode((const guchar *)at, (gsize)(end - at));
		g_string_append_printf(out, "%s=?UTF-8?B?%s?=", at == name ? "" : " ", digits);
		if (*end != '\0')
			g_string_append(out, fold);
		at = end;
	}
	g_string_append_c(out, '"');
}

static char *type_value(const MimeReplacement *replacement, const char *fold)
{
	g_autoptr(GString) out = g_string_new(replacement->type);

	if (is_plain(replacement->name))
		g_string_append_printf(out, ";%s name=\"%s\"", fold, replacement->name);
	else
		append_words(out, replacement->name, fold);
	return g_strdup(out->str);
}

static char *disposition_value(const MimeReplacement *replacement, const char *fold)
{
	g_autoptr(GString) out = g_string_new("attachment");

	if (is_plain(replacement->name))
		g_string_append_printf(out, ";%s filename=\"%s\"", fold, replacement->name);
	else
		append_extended(out, replacement->name, fold);
	return g_strdup(out->str);
}

static guint count_fields(const MimePart *part, const MailMessage *message, const char *name)
{
	guint count = 0;

	for (guint i = 0; part->fields != NULL && i < part->fields->len; i++)
		count += g_ascii_strcasecmp(g_array_index(part->fields, PartField, i).name, name) ==
			 0;
	for (guint i = 0; part->fields == NULL && i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		count += g_ascii_strcasecmp(field->name, name) == 0;
	}
	return count;
}

/* A digest of the content would no longer be right. */
static gboolean can_change(const MimePart *part, const MailMessage *message)
{
	return mime_part_is_leaf(part) && part->attachment && !part->malformed && !part->cut &&
	       count_fields(part, message, "Content-Disposition") <= 1 &&
	       count_fields(part, message, "Content-MD5") == 0;
}

typedef struct {
	LeafLabel label;
	char *content_type, *disposition;
} OwnLabel;

static void own_label_free(gpointer data)
{
	OwnLabel *own = data;

	g_free(own->content_type);
	g_free(own->disposition);
	g_free(own);
}

static OwnLabel *label_of(const MimeReplacement *replacement, const char *fold)
{
	OwnLabel *own = g_new0(OwnLabel, 1);

	own->content_type = type_value(replacement, fold);
	own->disposition = disposition_value(replacement, fold);
	own->label = (LeafLabel){
		replacement->type, replacement->name, own->content_type, own->disposition};
	return own;
}

gboolean mime_replace_attachments(
	MailMessage *message, const GPtrArray *replacements, guint *done, GError **error)
{
	g_autoptr(MimePart) root = mime_part_scan_edited(message, error);
	g_autoptr(GPtrArray) parts = root != NULL ? mime_part_list(root) : NULL;
	g_autoptr(GPtrArray) edits = g_ptr_array_new_with_free_func((GDestroyNotify)leaf_edit_free);
	g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(own_label_free);

	*done = 0;
	for (guint i = 0; parts != NULL && i < replacements->len; i++) {
		MimeReplacement *replacement = g_ptr_array_index(replacements, i);
		const MimePart *part = replacement->part < parts->len
					       ? g_ptr_array_index(parts, replacement->part)
					       : NULL;
		OwnLabel *own;
		LeafEdit *edit;

		if (part == NULL || !can_change(part, message))
			continue;
		/* Folds of the message's own fields are LF (message.h). */
		own = label_of(
			replacement, part->fields == NULL ? "\n" : mime_body_eol(message->body));
		g_ptr_array_add(labels, own);
		edit = leaf_edit_new(part);
		edit->label = &own->label;
		edit->encode = ENCODING_BASE64;
		edit->encoding = "base64";
		edit->decoded = g_steal_pointer(&replacement->bytes);
		g_ptr_array_add(edits, edit);
	}
	*done = edits->len;
	return parts != NULL && (edits->len == 0 || splice_apply(message, root, edits, error));
}
