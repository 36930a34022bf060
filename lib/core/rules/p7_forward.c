/*
 * P7: a forwarded message contains the original (DI-002 art. 4.7): attached as a message, or quoted
 * in the text. A field Resent-From excuses none: anybody can write it, and what is resent whole has
 * its original inside. What is encrypted cannot be looked into.
 */
#include "base/text.h"
#include "core/rules/rules.h"

static gboolean applies(const PolicyInput *input, const Plan *plan)
{
	const MessageFacts *facts = input->facts;

	(void)plan;
	return facts->forwards && facts->protection != PROTECTION_SMIME_ENCRYPTED &&
	       facts->protection != PROTECTION_PGP_ENCRYPTED;
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	(void)plan;
	(void)status;
	if (input->facts->has_original)
		return TRUE;
	*advice = g_strdup(
		N_("El reenvio no contiene el mensaje original. Adjuntelo o citelo y reenvie"));
	return FALSE;
}

const Rule rule_p7_forward = {"P7", "DI-002, art. 4.7", applies, decide};
