/*
 * inbound.h: attachments -> findings -> accept or 550. A mail with too many parts to be read is
 * judged as an attachment with too much in it. No state; safe in every thread.
 */
#include "milter/inbound.h"

#include "inspect/inspect.h"
#include "mime/attachments.h"

static MessageFacts *facts_of(
	const MailMessage *message, const InspectOptions *options, GError **error)
{
	g_autoptr(MessageFacts) facts = message_facts_new();
	AttachmentFacts *whole;

	if (mime_attachments(message, facts->attachments, NULL))
		return inspect_attachments(message, facts->attachments, options, error)
			       ? g_steal_pointer(&facts)
			       : NULL;
	whole = attachment_facts_new();
	attachment_block(whole, BLOCKED_TOO_MUCH, "mensaje");
	g_ptr_array_add(facts->attachments, whole);
	return g_steal_pointer(&facts);
}

Outcome *inbound_judge(Outcome *accepted, const MailMessage *message, const MilterOptions *options)
{
	g_autoptr(MessageFacts) facts = NULL;
	g_autoptr(Plan) plan = NULL;
	g_autoptr(GError) error = NULL;
	Outcome *outcome = accepted;

	if (!options->inspect.blocked)
		return accepted;
	facts = facts_of(message, &options->inspect, &error);
	if (facts == NULL) {
		outcome_free(accepted);
		return outcome_of_error(error, TRUE);
	}
	plan = policy_decide_inbound(options->policy, facts);
	if (plan->refusal != NULL) {
		outcome = outcome_reply(plan->refusal, "policy", NULL);
		outcome_free(accepted);
	}
	for (guint i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);

		g_ptr_array_add(outcome->warnings, finding_line(finding));
	}
	return outcome;
}
