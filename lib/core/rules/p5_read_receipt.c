/*
 * P5: a read receipt is requested (DI-002 art. 4.8, 11.5). Thunderbird answers by itself only when
 * the request names the Return-Path (FACTS 14), so both are always the same address.
 */
#include "base/text.h"
#include "core/rules/rules.h"

static gboolean applies(const PolicyInput *input, const Plan *plan)
{
	(void)input;
	return plan->mailbox != NULL;
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	(void)status;
	if (policy_mode(input, "P5", NULL) != MODE_ENFORCE) {
		if (input->facts->asks_read_receipt)
			return TRUE;
		*advice = g_strdup(N_("Pida la confirmacion de lectura en su programa de correo"));
		return FALSE;
	}
	/* From an office, but with the login's own address in the envelope. */
	if (plan->return_address == NULL &&
		!rule_same_address(input->envelope->sender, plan->mailbox))
		plan->return_address = g_strdup(plan->mailbox);
	plan_edit_header(plan, "Disposition-Notification-To",
		plan->return_address != NULL ? plan->return_address : plan->mailbox);
	/* With "required" a client would send no receipt at all (RFC 8098 2.2). */
	plan_edit_header(plan, "Disposition-Notification-Options", NULL);
	return TRUE;
}

const Rule rule_p5_read_receipt = {"P5", "DI-002, art. 4.8 y 11.5", applies, decide};
