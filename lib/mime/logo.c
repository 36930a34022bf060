/*
 * The logo beside the HTML part that shows it (RFC 2387): a part more in the multipart/related the
 * HTML is the root of, else a new one around it. Nothing is changed but by insertion; the check
 * afterwards allows exactly that. Fails with ACUSE_ERROR_DAMAGED. No shared state.
 */
#include "mime/block.h"

#include <string.h>

#include "base/error.h"
#include "mime/codec.h"

static gboolean damaged(GError **error)
{
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
		"the logo cannot be put beside the HTML text");
	return FALSE;
}

/* The logo's part, from its header on, without the line end that belongs to the boundary. */
static char *logo_part(const MimeBlock *block, const char *eol)
{
	gsize size = 0;
	const guint8 *bytes = g_bytes_get_data(block->logo, &size);
	g_autofree char *base64 = codec_base64(bytes, size, eol);
	g_autofree char *content = g_strndup(base64, strlen(base64) - strlen(eol));

	return g_strdup_printf("Content-Type: %s%sContent-Transfer-Encoding: base64%s"
			       "Content-ID: <%s>%sContent-Disposition: inline%s%s%s",
		block->logo_type, eol, eol, block->logo_id, eol, eol, eol, content);
}

/* What goes before and behind a range of the body. */
typedef struct {
	gsize start, end;
	char *before, *behind;
} Frame;

static gboolean shows_logo(const MailMessage *message, const MimePart *part, const char *id)
{
	g_autoptr(GByteArray) text = codec_decode(part->encoding,
		message->body->data + part->content, part->end - part->content, NULL);

	return text && text->len > 0 && memmem(text->data, text->len, id, strlen(id));
}

static const MimePart *related_of(const MimePart *part)
{
	const MimePart *parent = part->parent;

	if (parent && strcmp(parent->type, "multipart/related") == 0 && parent->boundary &&
		g_ptr_array_index(parent->children, 0) == part)
		return parent;
	return NULL;
}

static char *boundary_line(const char *boundary, const char *eol)
{
	return g_strdup_printf("%s--%s%s", eol, boundary, eol);
}

static void insert_frame(GByteArray *body, const Frame *frame)
{
	splice_insert(body, frame->end, frame->behind, strlen(frame->behind));
	splice_insert(body, frame->start, frame->before, strlen(frame->before));
}

/* Another child at the end of the related. */
static void join_related(
	MailMessage *message, const MimePart *related, const char *logo, const char *eol)
{
	const MimePart *last = g_ptr_array_index(related->children, related->children->len - 1);
	g_autofree char *line = boundary_line(related->boundary, eol);
	g_autofree char *behind = g_strconcat(line, logo, NULL);
	const Frame frame = {
		.start = last->end, .end = last->end, .before = (char *)"", .behind = behind};

	insert_frame(message->body, &frame);
}

static void move_fields(MailMessage *message, GString *head, const char *eol)
{
	for (guint i = 0; i < message->fields->len;) {
		const MailField *field = g_ptr_array_index(message->fields, i);
		g_auto(GStrv) lines = NULL;
		g_autofree char *value = NULL;

		if (g_ascii_strncasecmp(field->name, "Content-", 8) != 0) {
			i++;
			continue;
		}
		lines = g_strsplit(field->value, "\n", -1);
		value = g_strjoinv(eol, lines);
		g_string_append_printf(head, "%s:%s%s", field->name, value, eol);
		g_ptr_array_remove_index(message->fields, i);
	}
	g_string_append(head, eol);
}

static void wrap_related(
	MailMessage *message, const MimePart *part, const char *logo, const char *eol)
{
	g_autofree char *boundary = splice_boundary(message->body->data, message->body->len);
	g_autofree char *type =
		g_strdup_printf("multipart/related; type=\"text/html\"; boundary=\"%s\"", boundary);
	g_autofree char *behind = g_strdup_printf("%s--%s%s%s%s--%s--%s", eol, boundary, eol, logo,
		eol, boundary, part->parent ? "" : eol);
	g_autoptr(GString) before = g_string_new(NULL);
	Frame frame = {.start = part->start, .end = part->end, .behind = behind};

	if (part->parent)
		g_string_append_printf(before, "Content-Type: %s%s%s", type, eol, eol);
	g_string_append_printf(before, "--%s%s", boundary, eol);
	if (!part->parent) {
		g_autofree char *padded = g_strconcat(" ", type, NULL);

		move_fields(message, before, eol);
		mail_message_add_field(message, "Content-Type", padded);
	}
	frame.before = before->str;
	insert_frame(message->body, &frame);
}

static gboolean is_logo(const MailMessage *message, const MimePart *part, const MimeBlock *block)
{
	g_autoptr(GByteArray) bytes = codec_decode(part->encoding,
		message->body->data + part->content, part->end - part->content, NULL);
	gsize size = 0;
	const void *logo = g_bytes_get_data(block->logo, &size);

	return bytes && bytes->len == size && memcmp(bytes->data, logo, size) == 0 &&
	       strcmp(part->type, block->logo_type) == 0;
}

/* Of a part's header section and, of a leaf, its content. */
typedef struct {
	Print header, content;
} Prints;

static Prints prints_of(const MailMessage *message, const MimePart *part)
{
	Prints prints = {0};
	const guint8 *data = message->body->data;

	codec_print(&prints.header, data + part->start, part->content - part->start);
	if (mime_part_is_leaf(part))
		codec_print(&prints.content, data + part->content, part->end - part->content);
	return prints;
}

/* MimePart * -> Prints * */
static GHashTable *take_prints(const MailMessage *message, MimePart *root)
{
	GHashTable *table = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	g_autoptr(GPtrArray) parts = mime_part_list(root);

	for (guint i = 0; i < parts->len; i++) {
		const MimePart *part = g_ptr_array_index(parts, i);
		Prints prints = prints_of(message, part);

		g_hash_table_insert(table, (gpointer)part, g_memdup2(&prints, sizeof prints));
	}
	return table;
}

static gboolean same_print(Print a, Print b)
{
	return a.size == b.size && a.hash == b.hash;
}

/* The trees are the same but for the logo, last in the related around html, or with it in a new
 * one. */
typedef struct {
	const MailMessage *after;
	GHashTable *before;		/* the old tree's prints */
	const MimePart *html, *related; /* of the old tree; related NULL: a new one */
	const MimeBlock *block;
} Comparison;

static gboolean same_but_logo(
	const Comparison *c, const MimePart *a, const MimePart *b, gboolean wrapped)
{
	const Prints *old = g_hash_table_lookup(c->before, a), now = prints_of(c->after, b);
	guint more = a == c->related ? 1 : 0;

	if (a == c->html && !c->related && !wrapped)
		return strcmp(b->type, "multipart/related") == 0 && b->children->len == 2 &&
		       same_but_logo(c, a, g_ptr_array_index(b->children, 0), TRUE) &&
		       is_logo(c->after, g_ptr_array_index(b->children, 1), c->block);
	if (strcmp(a->type, b->type) != 0 || a->children->len + more != b->children->len)
		return FALSE;
	/* The header of a message's only part has moved into the body. */
	if (a->fields && !same_print(old->header, now.header))
		return FALSE;
	if (mime_part_is_leaf(a) &&
		(g_strcmp0(a->charset, b->charset) != 0 || a->encoding != b->encoding ||
			!same_print(old->content, now.content)))
		return FALSE;
	for (guint i = 0; i < a->children->len; i++)
		if (!same_but_logo(c, g_ptr_array_index(a->children, i),
			    g_ptr_array_index(b->children, i), FALSE))
			return FALSE;
	return more == 0 ||
	       is_logo(c->after, g_ptr_array_index(b->children, b->children->len - 1), c->block);
}

/* Puts the logo beside one part of the tree. */
static gboolean add_beside(MailMessage *message, MimePart *root, const MimePart *part,
	const MimeBlock *block, GError **error)
{
	const char *eol = mime_body_eol(message->body);
	g_autofree char *logo = logo_part(block, eol);
	g_autoptr(GHashTable) before = take_prints(message, root);
	const Comparison comparison = {message, before, part, related_of(part), block};
	g_autoptr(MimePart) new_root = NULL;

	if (comparison.related)
		join_related(message, comparison.related, logo, eol);
	else
		wrap_related(message, part, logo, eol);
	new_root = mime_part_scan_edited(message, NULL);
	return (new_root && same_but_logo(&comparison, root, new_root, FALSE)) || damaged(error);
}

gboolean block_add_logo(MailMessage *message, const MimeBlock *block, GError **error)
{
	for (guint i = 0;; i++) {
		g_autoptr(MimePart) root = mime_part_scan_edited(message, error);
		g_autoptr(GPtrArray) targets = g_ptr_array_new();
		const MimePart *part;

		if (!root)
			return FALSE;
		block_targets(root, targets);
		if (i >= targets->len)
			return TRUE;
		part = g_ptr_array_index(targets, i);
		if (block_part_is_html(part) && shows_logo(message, part, block->logo_id) &&
			!add_beside(message, root, part, block, error))
			return FALSE;
	}
}
