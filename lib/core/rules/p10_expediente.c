/*
 * P10: an official document carries the number of its expediente (Directiva 001-2020 7.4-7.7). What
 * stays inside the institution has a mode of its own. Whether the number is registered is for
 * provisiond to say.
 */
#include "base/text.h"
#include "core/rules/rules.h"

#define ARTICLE "Directiva 001-2020, art. 7.4 a 7.7"
#define ADVICE                                                                                     \
	N_("Escriba en el asunto el numero de expediente, por ejemplo Exp. 2026-001234, y "        \
	   "reenvie")
/* The citizen's authorisation (D9) is for one. */
#define ONE_ADVICE N_("Deje en el asunto un solo numero de expediente y reenvie")

static gboolean applies(const PolicyInput *input, const Plan *plan)
{
	(void)input;
	return plan->send_class == CLASS_NOTIFICATION || plan->document_type != NULL;
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	RuleMode inside = policy_mode(input, "p10_inside", NULL);

	(void)status;
	if (plan->send_class == CLASS_NOTIFICATION &&
		document_expedientes_differ(
			input->facts->subject, input->settings->expediente_pattern)) {
		*advice = g_strdup(ONE_ADVICE);
		return FALSE;
	}
	if (plan->expediente != NULL)
		return TRUE;
	if (plan->send_class != CLASS_INTERNAL) {
		*advice = g_strdup(ADVICE);
		return FALSE;
	}
	if (inside != MODE_OFF)
		plan_add_finding(plan, "P10", inside, ARTICLE, ADVICE, "550 5.7.1");
	return TRUE;
}

const Rule rule_p10_expediente = {"P10", ARTICLE, applies, decide};
