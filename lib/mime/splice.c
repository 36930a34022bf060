/*
 * The splicing engine: patches of the body by offset, carried out within it, changes of one header
 * value, and the check that follows each edit against prints taken before. Fails with
 * ACUSE_ERROR_DAMAGED, the message then being lost. No shared state.
 */
#include "mime/splice.h"

#include <string.h>

#include "base/error.h"
#include "mime/header.h"

typedef struct {
	gsize start, end; /* of the old body */
	char *bytes;	  /* what stands there then, or is encoded; NULL: what stood there */
	gsize size;
	MimeEncoding encode; /* QP or BASE64; else as it is */
	gsize new_size;
} Patch;

/* What is known of a part before the edits. */
typedef struct {
	const LeafEdit *edit; /* NULL: nothing of it changes */
	Print header, content;
	Print decoded; /* of an edited content; {0}: not checked */
} Before;

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
	if (edit->dropped)
		g_array_unref(edit->dropped);
	if (edit->insert)
		g_byte_array_unref(edit->insert);
	if (edit->decoded)
		g_byte_array_unref(edit->decoded);
	g_free(edit);
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

static void add_patch(GArray *patches, gsize start, gsize end, const void *bytes, gsize size)
{
	Patch patch = {start, end, g_memdup2(bytes, size), size, ENCODING_7BIT, size};

	g_array_append_val(patches, patch);
}

static gsize write_patch(guint8 *out, const Patch *patch, const guint8 *source, const char *eol)
{
	const guint8 *bytes = patch->bytes ? (const guint8 *)patch->bytes : source;

	if (patch->encode == ENCODING_BASE64)
		return codec_write_base64(out, bytes, patch->size, eol);
	if (patch->encode == ENCODING_QP)
		return codec_write_qp(out, bytes, patch->size, eol);
	if (out && patch->size > 0)
		memcpy(out, bytes, patch->size);
	return patch->size;
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

/* The most that the body is ever longer than its old self up to the same place. */
static gsize widest_growth(const GArray *patches)
{
	gssize growth = 0, widest = 0;

	for (guint i = 0; i < patches->len; i++) {
		const Patch *patch = &g_array_index(patches, Patch, i);

		growth += (gssize)patch->new_size - (gssize)(patch->end - patch->start);
		widest = MAX(widest, growth);
	}
	return (gsize)widest;
}

/* Moves the old body to the end of the room and copies it from there, so that what is written never
 * overtakes what is read. FALSE, nothing done, when two changes overlap. */
static gboolean patch_body(GByteArray *body, GArray *patches, const char *eol)
{
	gsize old_size = body->len, gap, done = 0, out = 0;

	g_array_sort(patches, compare_patches);
	if (overlap(patches))
		return FALSE;
	gap = widest_growth(patches);
	g_byte_array_set_size(body, (guint)(old_size + gap));
	if (gap > 0 && old_size > 0)
		memmove(body->data + gap, body->data, old_size);
	for (guint i = 0; i < patches->len; i++) {
		const Patch *patch = &g_array_index(patches, Patch, i);

		memmove(body->data + out, body->data + gap + done, patch->start - done);
		out += patch->start - done;
		out += write_patch(body->data + out, patch, body->data + gap + patch->start, eol);
		done = patch->end;
	}
	if (done < old_size)
		memmove(body->data + out, body->data + gap + done, old_size - done);
	g_byte_array_set_size(body, (guint)(out + old_size - done));
	return TRUE;
}

void splice_insert(GByteArray *body, gsize at, const void *bytes, gsize size)
{
	gsize behind = body->len - at;

	if (size == 0)
		return;
	g_byte_array_set_size(body, body->len + (guint)size);
	memmove(body->data + at + size, body->data + at, behind);
	memcpy(body->data + at, bytes, size);
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

static Print print_of(const MailMessage *message, gsize start, gsize end)
{
	Print print = {0};

	if (end > start)
		codec_print(&print, message->body->data + start, end - start);
	return print;
}

static gboolean same_print(Print a, Print b)
{
	return a.size == b.size && a.hash == b.hash;
}

static gboolean same_or_null(const char *a, const char *b)
{
	return g_strcmp0(a, b) == 0;
}

/* The prints of a part as it is, or shall be. */
static Before know_part(const MailMessage *message, const MimePart *part, const LeafEdit *edit)
{
	Before before = {.edit = edit, .header = print_of(message, part->start, part->content)};
	gsize place = part->content;

	if (!mime_part_is_leaf(part))
		return before;
	if (edit && edit->decoded) {
		if (edit->decoded->len > 0)
			codec_print(&before.decoded, edit->decoded->data, edit->decoded->len);
		return before;
	}
	if (edit && edit->insert) {
		place += edit->insert_at;
		before.content = print_of(message, part->content, place);
		codec_print(&before.content, edit->insert->data, edit->insert->len);
		before.decoded = edit->expected;
	}
	if (part->end > place)
		codec_print(&before.content, message->body->data + place, part->end - place);
	if (edit && edit->encode)
		before.decoded = before.content;
	return before;
}

static gboolean label_is_right(const LeafLabel *label, const MimePart *part)
{
	return strcmp(part->type, label->type) == 0 && same_or_null(part->name, label->name) &&
	       part->attachment && !part->malformed && mime_part_is_leaf(part);
}

static gboolean header_is_right(
	const MailMessage *after, const MimePart *old, const Before *before, const MimePart *part)
{
	const LeafEdit *edit = before->edit;

	if (edit && edit->label)
		return label_is_right(edit->label, part);
	if (strcmp(old->type, part->type) != 0 || old->children->len != part->children->len)
		return FALSE;
	if (!edit)
		return same_print(before->header, print_of(after, part->start, part->content));
	return same_or_null(edit->charset ? edit->charset : old->charset, part->charset) &&
	       part->flowed == old->flowed && part->attachment == old->attachment &&
	       (edit->values || same_or_null(part->name, old->name)) && !part->malformed;
}

static gboolean content_is_right(
	const MailMessage *after, const Before *before, const MimePart *part)
{
	const LeafEdit *edit = before->edit;
	gsize size = part->end - part->content;
	Print decoded = {0};

	if (!(edit && edit->encode) &&
		!same_print(before->content, print_of(after, part->content, part->end)))
		return FALSE;
	if (!edit || !(edit->encode || before->decoded.size > 0))
		return TRUE;
	return (size == 0 || codec_print_decoded(part->encoding, after->body->data + part->content,
				     size, &decoded)) &&
	       same_print(before->decoded, decoded);
}

/* The tree is the same, untouched leaves and their headers are identical, edited ones decode as
 * planned. */
static gboolean outcome_is_right(
	const GPtrArray *old_parts, const GArray *known, const MailMessage *after)
{
	g_autoptr(MimePart) root = mime_part_scan_edited(after, NULL);
	g_autoptr(GPtrArray) parts = root ? mime_part_list(root) : NULL;

	if (!parts || parts->len != old_parts->len)
		return FALSE;
	for (guint i = 0; i < parts->len; i++) {
		const Before *before = &g_array_index(known, Before, i);
		const MimePart *part = g_ptr_array_index(parts, i);

		if (!header_is_right(after, g_ptr_array_index(old_parts, i), before, part) ||
			(mime_part_is_leaf(part) && !content_is_right(after, before, part)))
			return FALSE;
	}
	return TRUE;
}

/* An empty content may have no line end of its own before the boundary. */
static gboolean lacks_line_end(const GByteArray *body, const MimePart *part)
{
	return part->fields && part->end < body->len &&
	       !(body->data[part->end] == '\r' || body->data[part->end] == '\n');
}

/* bytes: written from there, taken over with their array; NULL: those that stand there. */
static void encode_range(const MailMessage *after, GArray *patches, gsize start, gsize end,
	MimeEncoding encode, GByteArray **bytes)
{
	Patch patch = {.start = start, .end = end, .size = end - start, .encode = encode};

	if (bytes) {
		patch.size = (*bytes)->len;
		patch.bytes = (char *)g_byte_array_free(g_steal_pointer(bytes), FALSE);
		if (!patch.bytes)
			patch.bytes = g_strdup("");
	}
	patch.new_size = write_patch(NULL, &patch,
		after->body->data ? after->body->data + start : NULL, mime_body_eol(after->body));
	g_array_append_val(patches, patch);
}

/* What is taken over has its print by now. */
static void patch_content(const MailMessage *after, LeafEdit *edit, GArray *patches)
{
	const MimePart *part = edit->part;
	const char *eol = mime_body_eol(after->body);
	gsize at = part->content + edit->insert_at;

	if (edit->decoded) {
		encode_range(
			after, patches, part->content, part->end, edit->encode, &edit->decoded);
	} else if (edit->insert) {
		encode_range(after, patches, part->content, at, edit->encode, NULL);
		encode_range(after, patches, at, at, edit->encode, &edit->insert);
		encode_range(after, patches, at, part->end, edit->encode, NULL);
	} else {
		encode_range(after, patches, part->content, part->end, edit->encode, NULL);
	}
	if (lacks_line_end(after->body, part))
		add_patch(patches, part->end, part->end, eol, strlen(eol));
}

static void patch_insertion(const MailMessage *after, const LeafEdit *edit, GArray *patches)
{
	const MimePart *part = edit->part;
	gsize at = part->content + edit->insert_at;
	const char *eol = mime_body_eol(after->body);

	add_patch(patches, at, at, edit->insert->data, edit->insert->len);
	if (at == part->end && lacks_line_end(after->body, part))
		add_patch(patches, at, at, eol, strlen(eol));
}

static gboolean stage_edit(MailMessage *after, LeafEdit *edit, GArray *patches, GError **error)
{
	if (edit->part->malformed)
		return damaged(error, "a text part's header is malformed");
	if (edit->charset)
		set_charset(after, edit, patches);
	if (edit->label) {
		set_field(after, edit->part, patches, "Content-Type", edit->label->content_type);
		set_field(after, edit->part, patches, "Content-Disposition",
			edit->label->disposition);
	}
	for (guint i = 0; edit->values && i < edit->values->len; i++) {
		const FieldValue *entry = g_ptr_array_index(edit->values, i);
		g_autofree char *padded = g_strconcat(" ", entry->value, NULL);

		if (is_set_anyway(edit, entry->field))
			continue;
		add_patch(patches, entry->field->value, entry->field->value_end, padded,
			strlen(padded));
	}
	for (guint i = 0; edit->dropped && i < edit->dropped->len; i++) {
		const ByteRange *range = &g_array_index(edit->dropped, ByteRange, i);

		add_patch(patches, range->start, range->end, NULL, 0);
	}
	if (edit->encoding)
		set_field(after, edit->part, patches, "Content-Transfer-Encoding", edit->encoding);
	if (edit->encode)
		patch_content(after, edit, patches);
	else if (edit->insert)
		patch_insertion(after, edit, patches);
	return TRUE;
}

/* Before, for each of the parts. */
static GArray *know_parts(
	const MailMessage *message, const GPtrArray *parts, const GPtrArray *edits)
{
	GArray *known = g_array_new(FALSE, FALSE, sizeof(Before));
	g_autoptr(GHashTable) edited = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < edits->len; i++) {
		LeafEdit *edit = g_ptr_array_index(edits, i);

		g_hash_table_insert(edited, (gpointer)edit->part, edit);
	}
	for (guint i = 0; i < parts->len; i++) {
		const MimePart *part = g_ptr_array_index(parts, i);
		Before before = know_part(message, part, g_hash_table_lookup(edited, part));

		g_array_append_val(known, before);
	}
	return known;
}

gboolean splice_apply(MailMessage *message, MimePart *root, const GPtrArray *edits, GError **error)
{
	g_autoptr(GPtrArray) parts = mime_part_list(root);
	g_autoptr(GArray) known = know_parts(message, parts, edits);
	g_autoptr(GArray) patches = g_array_new(FALSE, FALSE, sizeof(Patch));
	const char *eol = mime_body_eol(message->body);

	g_array_set_clear_func(patches, patch_clear);
	for (guint i = 0; i < edits->len; i++)
		if (!stage_edit(message, g_ptr_array_index(edits, i), patches, error))
			return FALSE;
	if (!patch_body(message->body, patches, eol))
		return damaged(error, "two changes of the message overlap");
	if (!outcome_is_right(parts, known, message))
		return damaged(error, "the edited message is not the old one plus the change");
	return TRUE;
}
