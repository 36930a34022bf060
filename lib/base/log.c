/*
 * log.h: formats a line in memory and writes it with one write(2), so that lines of several threads
 * do not mix. A line that cannot be written is lost: the log is not evidence, the ledger is.
 */
#include "base/log.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static const char *program_name = "acuse";

static void append_value(GString *line, const char *value)
{
	gboolean plain = *value != '\0' && strpbrk(value, " \"=\\") == NULL;

	for (const char *p = value; plain && *p != '\0'; p++)
		plain = (unsigned char)*p > 0x20 && *p != 0x7f;
	if (plain) {
		g_string_append(line, value);
		return;
	}
	g_string_append_c(line, '"');
	for (const char *p = value; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			g_string_append_printf(line, "\\x%02x", (unsigned char)*p);
		else if (*p == '"' || *p == '\\')
			g_string_append_printf(line, "\\%c", *p);
		else
			g_string_append_c(line, *p);
	}
	g_string_append_c(line, '"');
}

static void write_line(const char *level, const char *what, va_list *pairs)
{
	g_autoptr(GString) line = g_string_new(NULL);
	const char *key;

	g_string_printf(line, "%s: level=%s what=", program_name, level);
	append_value(line, what);
	while (pairs != NULL && (key = va_arg(*pairs, const char *)) != NULL) {
		const char *value = va_arg(*pairs, const char *);

		if (value == NULL)
			continue;
		g_string_append_printf(line, " %s=", key);
		append_value(line, value);
	}
	g_string_append_c(line, '\n');
	if (write(STDERR_FILENO, line->str, line->len) < 0)
		return;
}

static GLogWriterOutput glib_message(
	GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
	(void)user_data;
	if (level & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO))
		return G_LOG_WRITER_HANDLED;
	for (gsize i = 0; i < n_fields; i++)
		if (strcmp(fields[i].key, "MESSAGE") == 0)
			write_line("error", fields[i].value, NULL);
	return G_LOG_WRITER_HANDLED;
}

void log_init(const char *program)
{
	program_name = program;
	g_log_set_writer_func(glib_message, NULL, NULL);
}

#define DEFINE_LEVEL(function, level)                                                              \
	void function(const char *what, ...)                                                       \
	{                                                                                          \
		va_list pairs;                                                                     \
		va_start(pairs, what);                                                             \
		write_line(level, what, &pairs);                                                   \
		va_end(pairs);                                                                     \
	}

DEFINE_LEVEL(log_info, "info")
DEFINE_LEVEL(log_warning, "warning")
DEFINE_LEVEL(log_error, "error")
