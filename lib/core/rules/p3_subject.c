/*
 * P3: the subject is mandatory (DI-002 art. 4.6). Prefixes of answers and forwards, what nobody can
 * see and marks without a word ("...", "[]") are no subject.
 */
#include "base/text.h"
#include "core/rules/rules.h"
#include "core/rules/subject.h"

/* A symbol, as a pictogram is, says something. */
static gboolean is_punctuation(gunichar c)
{
	switch (g_unichar_type(c)) {
	case G_UNICODE_CONNECT_PUNCTUATION:
	case G_UNICODE_DASH_PUNCTUATION:
	case G_UNICODE_CLOSE_PUNCTUATION:
	case G_UNICODE_FINAL_PUNCTUATION:
	case G_UNICODE_INITIAL_PUNCTUATION:
	case G_UNICODE_OTHER_PUNCTUATION:
	case G_UNICODE_OPEN_PUNCTUATION:
		return TRUE;
	default:
		return FALSE;
	}
}

static gboolean has_subject(const char *subject)
{
	g_autofree char *visible = subject_visible(subject);
	const char *at = visible, *after;

	while ((after = subject_skip_prefix(at)) != at)
		at = after;
	for (; *at != '\0'; at = g_utf8_next_char(at))
		if (!is_punctuation(g_utf8_get_char(at)))
			return TRUE;
	return FALSE;
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
