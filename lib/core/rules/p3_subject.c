/*
 * P3: the subject is mandatory (DI-002 art. 4.6). Prefixes of answers and forwards and what nobody
 * can see are no subject.
 */
#include "base/text.h"
#include "core/rules/rules.h"

#include <string.h>

static const char *const prefixes[] = {"re", "rv", "fwd", "fw", "reenv", "enc"};

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

/* What can be seen, in lower case; a character that stands for undecodable bytes is left out. */
static char *keep_visible(const char *subject)
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

/* The text after one prefix ("re:", "re[2]:"), or the text itself. */
static const char *skip_prefix(const char *text)
{
	for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		const char *at = text + strlen(prefixes[i]);

		if (!g_str_has_prefix(text, prefixes[i]))
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

static gboolean has_subject(const char *subject)
{
	g_autofree char *visible = keep_visible(subject);
	const char *at = visible, *after;

	while ((after = skip_prefix(at)) != at)
		at = after;
	return *at != '\0';
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	const MessageFacts *facts = input->facts;
	const char *fault = NULL;

	(void)plan;
	(void)status;
	if (facts->subject_headers > 1)
		fault = N_("El mensaje tiene mas de un asunto. Deje uno y reenvie");
	else if (facts->subject_undecodable ||
		 (facts->subject != NULL && !g_utf8_validate(facts->subject, -1, NULL)))
		fault = N_("El asunto no se puede leer. Escribalo de nuevo y reenvie");
	else if (facts->subject == NULL || !has_subject(facts->subject))
		fault = N_("Falta el asunto. Escribalo y reenvie");
	*advice = g_strdup(fault);
	return fault == NULL;
}

const Rule rule_p3_subject = {"P3", "DI-002, art. 4.6", rule_always, decide};
