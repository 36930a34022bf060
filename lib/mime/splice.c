/*
 * The splicing engine: patches of the body by offset, changes of one header value, and the check
 * that follows each edit. Fails with ACUSE_ERROR_DAMAGED, the message then being as it was. No
 * shared state.
 */
#include "mime/splice.h"

#include <string.h>

#include "base/error.h"
#include "mime/codec.h"
#include "mime/header.h"

typedef struct {
	gsize start, end; /* of the old body */
	char *bytes;
	gsize size;
} Patch;

LeafEdit *leaf_edit_new(const MimePart *part)
{
	LeafEdit *edit = g_new0(LeafEdit, 1);

	edit->part = part;
	return edit;
}

static void field_value_free(gpointer data)
{
	FieldValue *value = data;

	g_free(value->value);
	g_free(value);
}

void leaf_edit_set_value(LeafEdit *edit, const PartField *field, char *value)
{
	FieldValue *entry = g_new0(FieldValue, 1);

	if (!edit->values)
		edit->values = g_ptr_array_new_with_free_func(field_value_free);
	entry->field = field;
	entry->value = value;
	g_ptr_array_add(edit->values, entry);
}

void leaf_edit_free(LeafEdit *edit)
{
	if (!edit)
		return;
	if (edit->values)
		g_ptr_array_unref(edit->values);
	if (edit->content)
		g_byte_array_unref(edit->content);
	if (edit->insert)
		g_byte_array_unref(edit->insert);
	if (edit->decoded)
		g_byte_array_unref(edit->decoded);
	g_free(edit);
}

void splice_take(MailMessage *message, MailMessage *other)
{
	MailMessage old = *message;

	*message = *other;
	*other = old;
	mail_message_free(other);
}

char *splice_boundary(const guint8 *bytes, gsize size)
{
	g_autofree char *digest = g_compute_checksum_for_data(
		G_CHECKSUM_SHA256, bytes ? bytes : (const guint8 *)"", size);
	char *boundary = g_strdup_printf("=_acuse_%.40s", digest);

	for (guint i = 0; size > 0 && memmem(bytes, size, boundary, strlen(boundary)); i++) {
		g_free(boundary);
		boundary = g_strdup_printf("=_acuse_%.30s_%u", digest, i);
	}
	return boundary;
}

static gboolean damaged(GError **error, const char *what)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "%s", what);
	return FALSE;
}

static void patch_clear(gpointer data)
{
	g_free(((Patch *)data)->bytes);
}

static void add_patch(GArray *patches, gsize start, gsize end, const char *bytes, gsize size)
{
	Patch patch = {start, end, g_memdup2(bytes, size), size};

	g_array_append_val(patches, patch);
}

static gint compare_patches(gconstpointer a, gconstpointer b)
{
	const Patch *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static gboolean overlap(const GArray *patches)
{
	for (guint i = 1; i < patches->len; i++)
		if (g_array_index(patches, Patch, i).start <
			g_array_index(patches, Patch, i - 1).end)
			return TRUE;
	return FALSE;
}

static gboolean patch_body(MailMessage *message, GArray *patches)
{
	GByteArray *old = message->body;
	gsize done = 0;

	g_array_sort(patches, compare_patches);
	if (overlap(patches))
		return FALSE;
	message->body = g_byte_array_sized_new(old->len + 4096);
	for (guint i = 0; i < patches->len; i++) {
		const Patch *patch = &g_array_index(patches, Patch, i);

		g_byte_array_append(message->body, old->data + done, (guint)(patch->start - done));
		g_byte_array_append(
			message->body, (const guint8 *)patch->bytes, (guint)patch->size);
		done = patch->end;
	}
	g_byte_array_append(message->body, old->data + done, (guint)(old->len - done));
	g_byte_array_unref(old);
	return TRUE;
}

/* Whether set_field() writes that field anew, whatever value was planned for it. */
static gboolean is_set_anyway(const LeafEdit *edit, const PartField *field)
{
	return (edit->charset && g_ascii_strcasecmp(field->name, "Content-Type") == 0) ||
	       (edit->encoding &&
		       g_ascii_strcasecmp(field->name, "Content-Transfer-Encoding") == 0);
}

/* Sets a field of the part: its value if it has one, else a new field at the top of its header
 * section. */
static void set_field(MailMessage *message, const MimePart *part, GArray *patches, const char *name,
	const char *value)
{
	g_autofree char *padded = g_strconcat(" ", value, NULL), *line = NULL;

	if (!part->fields) {
		for (guint i = 0; i < message->fields->len; i++) {
			MailField *field = g_ptr_array_index(message->fields, i);

			if (g_ascii_strcasecmp(field->name, name) != 0)
				continue;
			g_free(field->value);
			field->value = g_steal_pointer(&padded);
			return;
		}
		if (!mail_message_field(message, "MIME-Version"))
			mail_message_add_field(message, "MIME-Version", " 1.0");
		mail_message_add_field(message, name, padded);
		return;
	}
	for (guint i = 0; i < part->fields->len; i++) {
		const PartField *field = &g_array_index(part->fields, PartField, i);

		if (g_ascii_strcasecmp(field->name, name) != 0)
			continue;
		add_patch(patches, field->value, field->value_end, padded, strlen(padded));
		return;
	}
	line = g_strconcat(name, ":", padded, mime_body_eol(message->body), NULL);
	add_patch(patches, part->start, part->start, line, strlen(line));
}

/* In place; a Content-Type that does not follow the grammar is written anew. */
static void set_charset(MailMessage *message, const LeafEdit *edit, GArray *patches)
{
	g_autofree char *raw = mime_part_field(edit->part, message, "Content-Type"), *value = NULL;

	if (raw)
		value = header_set_parameter(raw, "charset", edit->charset);
	if (!value)
		value = g_strdup_printf("%s; charset=%s%s", edit->part->type, edit->charset,
			edit->part->flowed ? "; format=flowed" : "");
	set_field(message, edit->part, patches, "Content-Type", g_strchug(value));
}

static gboolean same_bytes(const MailMessage *a, gsize a_start, gsize a_end, const MailMessage *b,
	gsize b_start, gsize b_end)
{
	gsize size = a_end - a_start;

	return size == b_end - b_start &&
	       (size == 0 || memcmp(a->body->data + a_start, b->body->data + b_start, size) == 0);
}

static gboolean same_or_null(const char *a, const char *b)
{
	return g_strcmp0(a, b) == 0;
}

/* The new content is the old one with the insertion in its place. */
static gboolean insertion_is_right(const MailMessage *before, const LeafEdit *edit,
	const MailMessage *after, const MimePart *part)
{
	const MimePart *old = edit->part;
	gsize place = old->content + edit->insert_at, piece = part->content + edit->insert_at;

	return part->end - part->content == old->end - old->content + edit->insert->len &&
	       same_bytes(before, old->content, place, after, part->content, piece) &&
	       memcmp(after->body->data + piece, edit->insert->data, edit->insert->len) == 0 &&
	       same_bytes(before, place, old->end, after, piece + edit->insert->len, part->end);
}

static gboolean edited_part_is_right(const MailMessage *before, const LeafEdit *edit,
	const MailMessage *after, const MimePart *part)
{
	g_autoptr(GByteArray) decoded = NULL;

	if (!same_or_null(edit->charset ? edit->charset : edit->part->charset, part->charset) ||
		part->flowed != edit->part->flowed ||
		(!edit->values && !same_or_null(part->name, edit->part->name)) ||
		part->attachment != edit->part->attachment || part->malformed)
		return FALSE;
	if (edit->insert && !insertion_is_right(before, edit, after, part))
		return FALSE;
	if (!edit->decoded)
		return TRUE;
	decoded = codec_decode(
		part->encoding, after->body->data + part->content, part->end - part->content, NULL);
	return decoded && decoded->len == edit->decoded->len &&
	       (decoded->len == 0 || memcmp(decoded->data, edit->decoded->data, decoded->len) == 0);
}

/* The tree is the same, untouched leaves and their headers are identical, edited ones decode as
 * planned. */
static gboolean outcome_is_right(
	const MailMessage *before, MimePart *old_root, MailMessage *after, GHashTable *edited)
{
	g_autoptr(MimePart) new_root = mime_part_scan(after, NULL);
	g_autoptr(GPtrArray) old_parts = NULL, new_parts = NULL;

	if (!new_root)
		return FALSE;
	old_parts = mime_part_list(old_root);
	new_parts = mime_part_list(new_root);
	if (old_parts->len != new_parts->len)
		return FALSE;
	for (guint i = 0; i < old_parts->len; i++) {
		const MimePart *a = g_ptr_array_index(old_parts, i);
		const MimePart *b = g_ptr_array_index(new_parts, i);
		const LeafEdit *edit = g_hash_table_lookup(edited, a);

		if (strcmp(a->type, b->type) != 0 || a->children->len != b->children->len)
			return FALSE;
		if (edit && !edited_part_is_right(before, edit, after, b))
			return FALSE;
		if (!edit && !same_bytes(before, a->start, a->content, after, b->start, b->content))
			return FALSE;
		if ((!edit || !(edit->content || edit->insert)) && mime_part_is_leaf(a) &&
			!same_bytes(before, a->content, a->end, after, b->content, b->end))
			return FALSE;
	}
	return TRUE;
}

/* An empty content may have no line end of its own before the boundary. */
static void patch_content(const MailMessage *after, const LeafEdit *edit, GArray *patches)
{
	const GByteArray *body = after->body;
	gsize end = edit->part->end;
	const char *eol = mime_body_eol(body);

	if (edit->part->fields && end < body->len && !strchr("\r\n", body->data[end]))
		g_byte_array_append(edit->content, (const guint8 *)eol, (guint)strlen(eol));
	add_patch(patches, edit->part->content, end, (const char *)edit->content->data,
		edit->content->len);
}

static void patch_insertion(const MailMessage *after, const LeafEdit *edit, GArray *patches)
{
	const GByteArray *body = after->body;
	gsize end = edit->part->end, at = edit->part->content + edit->insert_at;
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	g_byte_array_append(bytes, edit->insert->data, edit->insert->len);
	if (at == end && edit->part->fields && end < body->len &&
		!strchr("\r\n", body->data[end])) {
		const char *eol = mime_body_eol(body);

		g_byte_array_append(bytes, (const guint8 *)eol, (guint)strlen(eol));
	}
	add_patch(patches, at, at, (const char *)bytes->data, bytes->len);
}

static gboolean stage_edit(
	MailMessage *after, const LeafEdit *edit, GArray *patches, GError **error)
{
	if (edit->part->malformed)
		return damaged(error, "a text part's header is malformed");
	if (edit->charset)
		set_charset(after, edit, patches);
	for (guint i = 0; edit->values && i < edit->values->len; i++) {
		const FieldValue *entry = g_ptr_array_index(edit->values, i);
		g_autofree char *padded = g_strconcat(" ", entry->value, NULL);

		if (is_set_anyway(edit, entry->field))
			continue;
		add_patch(patches, entry->field->value, entry->field->value_end, padded,
			strlen(padded));
	}
	if (edit->encoding)
		set_field(after, edit->part, patches, "Content-Transfer-Encoding", edit->encoding);
	if (edit->content)
		patch_content(after, edit, patches);
	else if (edit->insert)
		patch_insertion(after, edit, patches);
	return TRUE;
}

gboolean splice_apply(MailMessage *message, MimePart *root, const GPtrArray *edits, GError **error)
{
	g_autoptr(MailMessage) after = mail_message_copy(message);
	g_autoptr(GArray) patches = g_array_new(FALSE, FALSE, sizeof(Patch));
	g_autoptr(GHashTable) edited = g_hash_table_new(NULL, NULL);

	g_array_set_clear_func(patches, patch_clear);
	for (guint i = 0; i < edits->len; i++) {
		LeafEdit *edit = g_ptr_array_index(edits, i);

		g_hash_table_insert(edited, (gpointer)edit->part, edit);
		if (!stage_edit(after, edit, patches, error))
			return FALSE;
	}
	if (!patch_body(after, patches))
		return damaged(error, "two changes of the message overlap");
	if (!outcome_is_right(message, root, after, edited))
		return damaged(error, "the edited message is not the old one plus the change");
	splice_take(message, g_steal_pointer(&after));
	return TRUE;
}
