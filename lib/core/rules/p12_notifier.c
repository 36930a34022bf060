/*
 * P12: only the mailboxes on the authorised list send notifications (Directiva 001-2020 10.5 and
 * Anexo 3). The list is in the directory, on the mailbox's entry: who sends as an office needs no
 * row of his own.
 */
#include "base/text.h"
#include "core/rules/rules.h"

static gboolean applies(const PolicyInput *input, const Plan *plan)
{
	(void)input;
	return plan->send_class == CLASS_NOTIFICATION;
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	(void)plan;
	(void)status;
	if (input->mailbox != NULL && input->mailbox->notifier_area != NULL)
		return TRUE;
	*advice = g_strdup(N_("Solo los buzones autorizados notifican. Envie desde el buzon "
			      "autorizado de su area, o pida a la OTIC que autorice este"));
	return FALSE;
}

const Rule rule_p12_notifier = {"P12", "Directiva 001-2020, art. 10.5 y Anexo 3", applies, decide};
