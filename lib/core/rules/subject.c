/* subject.h: over GLib's Unicode tables. Pure; never fails. */
#include "core/rules/subject.h"
#include "core/fold.h"

#include <string.h>

/* Of answers, then of what is passed on. */
static const char *const answers[] = {"re", "aw", "respuesta", NULL};
static const char *const forwards[] = {"rv", "fwd", "fw", "reenv", "reenv.", "reenvío", "reenvio",
	"reenviado", "forward", "wg", "enc", "tr", NULL};

/* Of haste, put in front of either. */
static const char *const hastes[] = {"urgente", "muyurgente", "importante", "urgent", NULL};

/* What no reader sees, or sees as a box. */
static gboolean shows_nothing(gunichar c)
{
	GUnicodeType type = g_unichar_type(c);

	return text_is_invisible(c) || g_unichar_isspace(c) || c == 0xfffd ||
	       type == G_UNICODE_PRIVATE_USE || type == G_UNICODE_LINE_SEPARATOR ||
	       type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

char *subject_visible(const char *subject)
{
	g_autoptr(GString) visible = g_string_new(NULL);

	for (const char *at = subject; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (c == 0xff1a) /* full-width colon */
			c = ':';
		if (!shows_nothing(c))
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

/* "[RV] ...", "(Fwd: ...)". */
static gboolean has_forward_in_brackets(const char *text)
{
	gsize length = *text == '[' || *text == '(' ? strcspn(++text, ":])") : 0;
	g_autofree char *word = g_strndup(text, length);

	return text[length] != '\0' && g_strv_contains(forwards, word);
}

/* Behind the "[OTIC]" of a list or "URGENTE -", or the text itself. */
static const char *skip_tag(const char *text)
{
	const char *end = *text == '[' ? strchr(text, ']') : NULL;

	if (end != NULL)
		return end + 1;
	for (const char *const *haste = hastes; *haste != NULL; haste++)
		if (g_str_has_prefix(text, *haste))
			return text + strlen(*haste) + strspn(text + strlen(*haste), ":-.,;!*");
	return text + strspn(text, "!*");
}

gboolean subject_is_forward(const char *subject, gboolean answers_another)
{
	g_autofree char *folded = subject != NULL ? text_fold(subject) : g_strdup("");
	g_autofree char *visible = subject_visible(folded);
	const char *at = visible, *after;

	while (skip_one(at, forwards) == at && !has_forward_in_brackets(at)) {
		after = answers_another ? at : skip_one(at, answers);
		if (after == at)
			after = skip_tag(at);
		if (after == at)
			return FALSE;
		at = after;
	}
	return TRUE;
}

gboolean subject_is_answer(const char *subject)
{
	g_autofree char *visible = subject_visible(subject != NULL ? subject : "");

	return skip_one(visible, answers) != visible;
}
