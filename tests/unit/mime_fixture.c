/* mime_fixture.h: copies in memory; nothing fails but the test. */
#include "tests/unit/mime_fixture.h"

#include <string.h>

MailMessage *mime_load(const char *text)
{
	const char *split = strstr(text, "\n\n");
	g_autoptr(GString) whole = g_string_new_len(text, split - text + 2);

	for (const char *c = split + 2; *c; c++) {
		if (*c == '\n')
			g_string_append_c(whole, '\r');
		g_string_append_c(whole, *c);
	}
	return mail_message_parse(whole->str, whole->len);
}

char *mime_show(const MailMessage *message)
{
	g_autoptr(GBytes) bytes = mail_message_to_bytes(message);
	const char *data = g_bytes_get_data(bytes, NULL);
	GString *text = g_string_new(NULL);

	for (gsize i = 0; i < g_bytes_get_size(bytes); i++)
		if (data[i] != '\r')
			g_string_append_c(text, data[i]);
	return g_string_free(text, FALSE);
}
