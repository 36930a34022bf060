/*
 * The part tree by offsets: one forward pass over the body with a stack of open boundaries. Input:
 * a MailMessage; output: MimePart. Fails only over a limit. No shared state.
 */
#include "mime/part.h"

#include <string.h>

#include "base/error.h"
#include "mime/facts.h"
#include "mime/header.h"
#include "mime/label.h"

typedef struct {
	gsize header_bytes;
	guint fields, depth, parts, parameters;
} Limits;

static const Limits foreign = {MIME_MAX_HEADER_BYTES, MIME_MAX_FIELDS, MIME_MAX_DEPTH,
	MIME_MAX_PARTS, MIME_MAX_PARAMETERS};
/* What we add to a message that is at a limit: levels and parts for block, logo and signature,
 * fields, a parameter. */
static const Limits edited = {2 * MIME_MAX_HEADER_BYTES, 2 * MIME_MAX_FIELDS, MIME_MAX_DEPTH + 8,
	2 * MIME_MAX_PARTS, 2 * MIME_MAX_PARAMETERS};

typedef struct {
	const MailMessage *message;
	const Limits *limits;
	const char *data;
	gsize size, pos;
	GPtrArray *boundaries; /* const char *, the innermost last */
	guint parts;
	GError *error;
} Scan;

/* What ended a part: a boundary of that level, or the end of the body. */
typedef struct {
	gboolean found, closing;
	guint level;
	gsize content_end;
} Stop;

static void part_field_clear(gpointer data)
{
	PartField *field = data;

	g_free(field->name);
}

void mime_part_free(MimePart *part)
{
	if (!part)
		return;
	for (guint i = 0; i < part->children->len; i++)
		mime_part_free(g_ptr_array_index(part->children, i));
	g_ptr_array_unref(part->children);
	if (part->fields)
		g_array_unref(part->fields);
	g_free(part->type);
	g_free(part->charset);
	g_free(part->boundary);
	g_free(part->protocol);
	g_free(part->smime_type);
	g_free(part->report_type);
	g_free(part->name);
	g_free(part);
}

gboolean mime_part_is_leaf(const MimePart *part)
{
	return part->children->len == 0;
}

gboolean mime_part_is_multipart(const MimePart *part)
{
	return g_str_has_prefix(part->type, "multipart/");
}

const char *mime_body_eol(const GByteArray *body)
{
	if (body->len > 0 && memchr(body->data, '\n', body->len) &&
		!memmem(body->data, body->len, "\r\n", 2))
		return "\n";
	return "\r\n";
}

static gsize next_line(const Scan *scan, gsize pos)
{
	const char *lf = memchr(scan->data + pos, '\n', scan->size - pos);

	return lf ? (gsize)(lf - scan->data) + 1 : scan->size;
}

/* Whether [pos, end) is "--boundary", perhaps "--", perhaps blanks. */
static gboolean line_is_boundary(
	const Scan *scan, gsize pos, gsize end, const char *boundary, gboolean *closing)
{
	gsize length = strlen(boundary);

	pos += 2;
	if (end - pos < length || memcmp(scan->data + pos, boundary, length) != 0)
		return FALSE;
	pos += length;
	*closing = end - pos >= 2 && scan->data[pos] == '-' && scan->data[pos + 1] == '-';
	if (*closing)
		pos += 2;
	while (pos < end && strchr(" \t\r\n", scan->data[pos]) && scan->data[pos] != '\0')
		pos++;
	return pos == end;
}

static gboolean match_boundary(const Scan *scan, gsize pos, gsize end, Stop *stop)
{
	if (end - pos < 3 || scan->data[pos] != '-' || scan->data[pos + 1] != '-')
		return FALSE;
	for (guint i = scan->boundaries->len; i > 0; i--) {
		if (line_is_boundary(scan, pos, end, g_ptr_array_index(scan->boundaries, i - 1),
			    &stop->closing)) {
			stop->level = i - 1;
			return TRUE;
		}
	}
	return FALSE;
}

/* The end of what stands before a boundary line: its line end belongs to the boundary (RFC
 * 2046 5.1.1). */
static gsize before_boundary(const Scan *scan, gsize line)
{
	if (line > 0 && scan->data[line - 1] == '\n')
		line--;
	if (line > 0 && scan->data[line] == '\n' && scan->data[line - 1] == '\r')
		line--;
	return line;
}

/* Goes on to the next boundary line of any open level. */
static Stop find_boundary(Scan *scan)
{
	Stop stop = {FALSE, FALSE, 0, scan->size};

	while (scan->pos < scan->size) {
		gsize line = scan->pos;

		scan->pos = next_line(scan, line);
		if (!match_boundary(scan, line, scan->pos, &stop))
			continue;
		stop.found = TRUE;
		stop.content_end = before_boundary(scan, line);
		return stop;
	}
	return stop;
}

static guint part_count_fields(const MimePart *part, const MailMessage *message, const char *name)
{
	guint count = 0;

	for (guint i = 0; part->fields && i < part->fields->len; i++)
		count += !g_ascii_strcasecmp(g_array_index(part->fields, PartField, i).name, name);
	for (guint i = 0; !part->fields && i < message->fields->len; i++)
		count += !g_ascii_strcasecmp(
			((MailField *)g_ptr_array_index(message->fields, i))->name, name);
	return count;
}

char *mime_part_field(const MimePart *part, const MailMessage *message, const char *name)
{
	if (!part->fields)
		return g_strdup(mail_message_field(message, name));
	for (guint i = 0; i < part->fields->len; i++) {
		const PartField *field = &g_array_index(part->fields, PartField, i);

		if (g_ascii_strcasecmp(field->name, name) == 0)
			return g_strndup((const char *)message->body->data + field->value,
				field->value_end - field->value);
	}
	return NULL;
}

static gboolean too_complex(Scan *scan, const char *what)
{
	if (!scan->error)
		g_set_error(
			&scan->error, ACUSE_ERROR, ACUSE_ERROR_TOO_COMPLEX, "too many %s", what);
	return FALSE;
}

static void read_fields(Scan *scan, MimePart *part)
{
	g_autofree char *type = mime_part_field(part, scan->message, "Content-Type");
	g_autofree char *encoding =
		mime_part_field(part, scan->message, "Content-Transfer-Encoding");
	g_autofree char *disposition = mime_part_field(part, scan->message, "Content-Disposition");

	part->malformed |= part_count_fields(part, scan->message, "Content-Type") > 1 ||
			   part_count_fields(part, scan->message, "Content-Transfer-Encoding") > 1;
	if ((type && header_count_parameters(type) > scan->limits->parameters) ||
		(disposition && header_count_parameters(disposition) > scan->limits->parameters)) {
		too_complex(scan, "parameters");
		return;
	}
	if (type)
		label_read_type(part, type);
	if (encoding)
		part->encoding = label_read_encoding(encoding);
	if (disposition)
		label_read_disposition(part, disposition);
	if (part->name)
		part->attachment = TRUE;
}

/* One field at scan->pos, if there is one. */
static gboolean scan_field(Scan *scan, MimePart *part)
{
	gsize start = scan->pos, end = next_line(scan, start), name = start, colon;
	PartField field = {NULL, start, 0, 0, 0};

	while (name < end && scan->data[name] > ' ' && scan->data[name] < 127 &&
		scan->data[name] != ':')
		name++;
	colon = name;
	while (colon < end && (scan->data[colon] == ' ' || scan->data[colon] == '\t'))
		colon++;
	if (name == start || colon >= end || scan->data[colon] != ':')
		return FALSE;
	while (end < scan->size && (scan->data[end] == ' ' || scan->data[end] == '\t'))
		end = next_line(scan, end);
	field.name = g_strndup(scan->data + start, name - start);
	field.value = colon + 1;
	field.end = field.value_end = end;
	while (field.value_end > field.value && strchr("\r\n", scan->data[field.value_end - 1]) &&
		scan->data[field.value_end - 1] != '\0')
		field.value_end--;
	g_array_append_val(part->fields, field);
	scan->pos = end;
	return TRUE;
}

/* The header section at scan->pos. TRUE with *stop set when a boundary cut it short. */
static gboolean scan_header(Scan *scan, MimePart *part, Stop *stop)
{
	part->start = scan->pos;
	part->cut = TRUE;
	while (scan->pos < scan->size) {
		gsize line = scan->pos, end = next_line(scan, line);

		if (line - part->start > scan->limits->header_bytes)
			return too_complex(scan, "header bytes"), FALSE;
		if (part->fields->len > scan->limits->fields)
			return too_complex(scan, "header fields"), FALSE;
		if (scan->data[line] == '\n' || (scan->data[line] == '\r' && end - line == 2)) {
			scan->pos = end;
			part->cut = FALSE;
			break;
		}
		if (match_boundary(scan, line, end, stop)) {
			stop->found = TRUE;
			stop->content_end = before_boundary(scan, line);
			part->content = line;
			scan->pos = end;
			return TRUE;
		}
		if (!scan_field(scan, part)) {
			part->malformed = TRUE;
			part->cut = FALSE;
			break;
		}
	}
	part->content = scan->pos;
	return FALSE;
}

static MimePart *part_new(MimePart *parent, const char *default_type)
{
	MimePart *part = g_new0(MimePart, 1);

	part->parent = parent;
	part->children = g_ptr_array_new();
	part->type = g_strdup(default_type);
	if (parent) {
		part->fields = g_array_new(FALSE, FALSE, sizeof(PartField));
		g_array_set_clear_func(part->fields, part_field_clear);
		g_ptr_array_add(parent->children, part);
	}
	return part;
}

static Stop scan_content(Scan *scan, MimePart *part, guint depth);

static Stop scan_child(Scan *scan, MimePart *parent, const char *default_type, guint depth)
{
	MimePart *part = part_new(parent, default_type);
	Stop stop = {FALSE, FALSE, 0, scan->size};
	gboolean stopped;

	scan->parts++;
	if (scan->parts > scan->limits->parts || depth > scan->limits->depth)
		too_complex(scan, depth > scan->limits->depth ? "levels" : "parts");
	if (scan->error)
		return stop;
	stopped = scan_header(scan, part, &stop);
	read_fields(scan, part);
	if (!stopped && !scan->error)
		stop = scan_content(scan, part, depth);
	part->end = MAX(part->content, stop.content_end);
	return stop;
}

static Stop scan_multipart(Scan *scan, MimePart *part, guint depth)
{
	const char *child_type =
		strcmp(part->type, "multipart/digest") == 0 ? "message/rfc822" : "text/plain";
	guint level = scan->boundaries->len;
	Stop stop;

	g_ptr_array_add(scan->boundaries, part->boundary);
	stop = find_boundary(scan);
	while (!scan->error && stop.found && stop.level == level && !stop.closing)
		stop = scan_child(scan, part, child_type, depth + 1);
	g_ptr_array_set_size(scan->boundaries, (gint)level);
	if (stop.found && stop.level == level)
		stop = find_boundary(scan);
	return stop;
}

static Stop scan_content(Scan *scan, MimePart *part, guint depth)
{
	gboolean identity = part->encoding <= ENCODING_BINARY;

	if (mime_part_is_multipart(part) && part->boundary && !part->malformed)
		return scan_multipart(scan, part, depth);
	if (strcmp(part->type, "message/rfc822") == 0 && identity && !part->malformed)
		return scan_child(scan, part, "text/plain", depth + 1);
	return find_boundary(scan);
}

static gboolean header_within_limits(
	const MailMessage *message, const Limits *limits, GError **error)
{
	gsize bytes = 0;

	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		bytes += strlen(field->name) + strlen(field->value) + 3;
	}
	if (bytes > limits->header_bytes || message->fields->len > limits->fields) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_COMPLEX,
			"the header has %" G_GSIZE_FORMAT " bytes in %u fields", bytes,
			message->fields->len);
		return FALSE;
	}
	return TRUE;
}

static MimePart *scan_within(const MailMessage *message, const Limits *limits, GError **error)
{
	Scan scan = {message, limits, (const char *)message->body->data, message->body->len, 0,
		NULL, 1, NULL};
	g_autoptr(MimePart) root = NULL;

	if (!header_within_limits(message, limits, error))
		return NULL;
	if (!scan.data)
		scan.data = "";
	root = part_new(NULL, "text/plain");
	scan.boundaries = g_ptr_array_new();
	read_fields(&scan, root);
	scan_content(&scan, root, 1);
	root->end = scan.size;
	g_ptr_array_unref(scan.boundaries);
	if (scan.error) {
		g_propagate_error(error, scan.error);
		return NULL;
	}
	return g_steal_pointer(&root);
}

MimePart *mime_part_scan(const MailMessage *message, GError **error)
{
	return scan_within(message, &foreign, error);
}

MimePart *mime_part_scan_edited(const MailMessage *message, GError **error)
{
	return scan_within(message, &edited, error);
}

static void list_parts(MimePart *part, GPtrArray *list)
{
	g_ptr_array_add(list, part);
	for (guint i = 0; i < part->children->len; i++)
		list_parts(g_ptr_array_index(part->children, i), list);
}

GPtrArray *mime_part_list(MimePart *root)
{
	GPtrArray *list = g_ptr_array_new();

	list_parts(root, list);
	return list;
}
