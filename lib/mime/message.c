/*
 * The byte-exact container of a message: fields in order, body bytes. Nothing here fails; no state
 * is shared, so each thread may use its own messages.
 */
#include "mime/message.h"

#include <string.h>

static void field_free(gpointer data)
{
	MailField *field = data;

	g_free(field->name);
	g_free(field->value);
	g_free(field);
}

MailMessage *mail_message_new(void)
{
	MailMessage *message = g_new0(MailMessage, 1);

	message->fields = g_ptr_array_new_with_free_func(field_free);
	message->body = g_byte_array_new();
	return message;
}

static MailMessage *copy_fields(const MailMessage *message)
{
	MailMessage *copy = mail_message_new();

	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		mail_message_add_field(copy, field->name, field->value);
	}
	return copy;
}

MailMessage *mail_message_copy(const MailMessage *message)
{
	MailMessage *copy = copy_fields(message);

	g_byte_array_append(copy->body, message->body->data, message->body->len);
	return copy;
}

MailMessage *mail_message_take_body(MailMessage *message)
{
	MailMessage *taken = copy_fields(message);
	GByteArray *empty = taken->body;

	taken->body = message->body;
	message->body = empty;
	return taken;
}

void mail_message_free(MailMessage *message)
{
	if (!message)
		return;
	g_ptr_array_unref(message->fields);
	g_byte_array_unref(message->body);
	g_free(message);
}

void mail_message_add_field(MailMessage *message, const char *name, const char *value)
{
	MailField *field = g_new0(MailField, 1);

	field->name = g_strdup(name);
	field->value = g_strdup(value);
	g_ptr_array_add(message->fields, field);
}

const char *mail_message_field(const MailMessage *message, const char *name)
{
	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strcasecmp(field->name, name) == 0)
			return field->value;
	}
	return NULL;
}

void mail_message_delete_fields(MailMessage *message, const char *name)
{
	for (guint i = message->fields->len; i > 0; i--) {
		const MailField *field = g_ptr_array_index(message->fields, i - 1);

		if (g_ascii_strcasecmp(field->name, name) == 0)
			g_ptr_array_remove_index(message->fields, i - 1);
	}
}

/* Length of the field name at p when "name:" stands there (RFC 5322 3.6.8, blanks before ':'
 * allowed). */
static gsize field_name_length(const char *p, gsize n)
{
	gsize length = 0, colon;

	while (length < n && p[length] > ' ' && p[length] < 127 && p[length] != ':')
		length++;
	colon = length;
	while (colon < n && (p[colon] == ' ' || p[colon] == '\t'))
		colon++;
	return length > 0 && colon < n && p[colon] == ':' ? length : 0;
}

static gsize line_end(const char *p, gsize n)
{
	const char *lf = memchr(p, '\n', n);

	return lf ? (gsize)(lf - p) + 1 : n;
}

/* The value of the n bytes at p, without the last line end, CR before LF and NUL, which no C string
 * holds. */
static char *field_value(const char *p, gsize n)
{
	GString *value = g_string_sized_new(n);

	while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r'))
		n--;
	for (gsize i = 0; i < n; i++)
		if (p[i] != '\0' && !(p[i] == '\r' && i + 1 < n && p[i + 1] == '\n'))
			g_string_append_c(value, p[i]);
	return g_string_free(value, FALSE);
}

MailMessage *mail_message_parse(const void *bytes, gsize size)
{
	MailMessage *message = mail_message_new();
	const char *data = bytes;
	gsize pos = 0;

	while (pos < size) {
		gsize length = field_name_length(data + pos, size - pos);
		gsize end = pos + line_end(data + pos, size - pos);
		g_autofree char *name = NULL, *value = NULL;
		const char *colon;

		if (length == 0)
			break;
		while (end < size && (data[end] == ' ' || data[end] == '\t'))
			end += line_end(data + end, size - end);
		colon = memchr(data + pos, ':', end - pos);
		name = g_strndup(data + pos, length);
		value = field_value(colon + 1, (gsize)(data + end - colon) - 1);
		mail_message_add_field(message, name, value);
		pos = end;
	}
	if (pos < size && data[pos] == '\n')
		pos++;
	else if (pos + 1 < size && data[pos] == '\r' && data[pos + 1] == '\n')
		pos += 2;
	g_byte_array_append(message->body, (const guint8 *)data + pos, (guint)(size - pos));
	return message;
}

static GString *fields_to_string(const MailMessage *message, gsize room)
{
	GString *out = g_string_sized_new(room);

	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		g_string_append_printf(out, "%s:", field->name);
		for (const char *c = field->value; *c; c++) {
			if (*c == '\n' && (c == field->value || c[-1] != '\r'))
				g_string_append_c(out, '\r');
			g_string_append_c(out, *c);
		}
		g_string_append(out, "\r\n");
	}
	return g_string_append(out, "\r\n");
}

gsize mail_message_size(const MailMessage *message)
{
	GString *fields = fields_to_string(message, 4096);
	gsize size = fields->len + message->body->len;

	g_string_free(fields, TRUE);
	return size;
}

GBytes *mail_message_to_bytes(const MailMessage *message)
{
	g_autoptr(GString) fields = fields_to_string(message, 4096);
	gsize size = fields->len + message->body->len;
	char *bytes = g_malloc(size);

	memcpy(bytes, fields->str, fields->len);
	if (message->body->len > 0)
		memcpy(bytes + fields->len, message->body->data, message->body->len);
	return g_bytes_new_take(bytes, size);
}

GBytes *mail_message_lend_bytes(MailMessage *message)
{
	g_autoptr(GString) fields = fields_to_string(message, 4096);
	GByteArray *whole = g_steal_pointer(&message->body);

	message->body = g_byte_array_new();
	g_byte_array_prepend(whole, (const guint8 *)fields->str, (guint)fields->len);
	return g_byte_array_free_to_bytes(whole);
}

void mail_message_restore(MailMessage *message, GBytes *bytes)
{
	g_autoptr(GString) fields = fields_to_string(message, 4096);

	g_byte_array_unref(message->body);
	message->body = g_bytes_unref_to_array(bytes);
	g_byte_array_remove_range(message->body, 0, (guint)fields->len);
}
