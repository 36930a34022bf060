/*
 * P3: the subject is mandatory (DI-002 art. 4.6). Prefixes of answers and forwards and what nobody
 * can see are no subject.
 */
#include "base/text.h"
#include "core/rules/rules.h"
#include "core/rules/subject.h"

static gboolean has_subject(const char *subject)
{
	g_autofree char *visible = subject_visible(subject);
	const char *at = visible, *after;

	while ((after = subject_skip_prefix(at)) != at)
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
