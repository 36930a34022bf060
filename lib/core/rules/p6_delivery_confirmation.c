/* P6: a delivery confirmation is requested for each recipient (DI-002 art. 4.8). */
#include "core/rules/rules.h"

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	(void)input;
	(void)advice;
	(void)status;
	plan->ask_delivery_confirmation = TRUE;
	return TRUE;
}

const Rule rule_p6_delivery_confirmation = {"P6", "DI-002, art. 4.8", rule_always, decide};
