/* subject.h: over GLib's Unicode tables. Pure; never fails. */
#include "core/rules/subject.h"

#include <string.h>

/* Of answers, then of what is passed on. */
static const char *const answers[] = {"re", NULL};
static const char *const forwards[] = {"rv", "fwd", "fw", "reenv", "enc", NULL};

/* Letters that show nothing: fillers and blanks that Unicode does not class as such. */
static gboolean is_invisible(gunichar c)
{
	static const gunichar blanks[] = {
		0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0};
	GUnicodeType type = g_unichar_type(c);

	for (guint i = 0; i < G_N_ELEMENTS(blanks); i++) {
		if (blanks[i] == c)
			return TRUE;
	}
	return g_unichar_isspace(c) || g_unichar_iszerowidth(c) || type == G_UNICODE_FORMAT ||
	       type == G_UNICODE_CONTROL || type == G_UNICODE_UNASSIGNED ||
	       type == G_UNICODE_SURROGATE || type == G_UNICODE_LINE_SEPARATOR ||
	       type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

char *subject_visible(const char *subject)
{
	g_autoptr(GString) visible = g_string_new(NULL);

	for (const char *at = subject; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (c == 0xff1a) /* full-width colon */
			c = ':';
		if (!is_invisible(c) && c != 0xfffd)
			g_string_append_unichar(visible, g_unichar_tolower(c));
	}
	return g_strdup(visible->str);
}

/* The text after one of these prefixes, or the text itself. */
static const char *skip_one(const char *text, const char *const *prefixes)
{
	for (; *prefixes != NULL; prefixes++) {
		const char *at = text + strlen(*prefixes);

		if (!g_str_has_prefix(text, *prefixes))
			continue;
		if (*at == '[' || *at == '(') {
			at++;
			while (g_ascii_isdigit(*at))
				at++;
			if (*at == ']' || *at == ')')
				at++;
		}
		if (*at == ':')
			return at + 1;
	}
	return text;
}

const char *subject_skip_prefix(const char *visible)
{
	const char *after = skip_one(visible, answers);

	return after != visible ? after : skip_one(visible, forwards);
}

gboolean subject_is_forward(const char *subject)
{
	g_autofree char *visible = subject != NULL && g_utf8_validate(subject, -1, NULL)
					   ? subject_visible(subject)
					   : NULL;

	return visible != NULL && skip_one(visible, forwards) != visible;
}
