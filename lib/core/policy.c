/*
 * The outgoing policy (policy.h): what a message is, the edits that every accepted message gets,
 * then each rule in their order with its mode; a refusal says all that was found. Never fails: the
 * answer is a Plan. Pure; safe in every thread.
 *
 * A rule that edits (P4, P5, P6) edits only when it is enforced: in the modes log and warn nothing
 * changes.
 */
#include "core/policy.h"

#include <string.h>

#include "core/rules/rules.h"

#define DEFAULT_STATUS "550 5.7.1"

SendClass policy_class(const PolicyInput *input, const char *document_type)
{
	gboolean outside = FALSE;

	for (guint i = 0; !outside && i < input->envelope->recipients->len; i++)
		outside = rule_is_outside(input, input->envelope->recipients->pdata[i]);
	if (!outside)
		return CLASS_INTERNAL;
	if (document_type_notifies(input->settings->documents, document_type) ||
		input->facts->marked_notification)
		return CLASS_NOTIFICATION;
	return CLASS_EXTERNAL;
}

/* A prefix that anybody can type is believed when there is what it speaks of. */
const char *policy_document_type(const PolicySettings *settings, const MessageFacts *facts)
{
	gboolean original = facts->in_reply_to == NULL && !facts->has_original;

	return document_type_find(settings->documents, facts->subject, original);
}

static Plan *describe(const PolicyInput *input)
{
	Plan *plan = plan_new();

	plan->document_type = g_strdup(policy_document_type(input->settings, input->facts));
	plan->document_number =
		document_number_find(input->facts->subject, input->settings->expediente_pattern);
	plan->exception = document_urgent_reason(input->facts->subject);
	if (plan->exception == NULL)
		plan->exception = g_strdup(input->exception);
	plan->expediente = document_expediente_find(
		input->facts->subject, input->settings->expediente_pattern);
	plan->send_class = policy_class(input, plan->document_type);
	if (input->mailbox != NULL && input->mailbox->mail != NULL)
		plan->mailbox = g_strdup(input->mailbox->mail);
	else if (input->facts->from->len > 0)
		plan->mailbox = g_strdup(input->facts->from->pdata[0]);
	return plan;
}

/*
 * Fields that a sender may not say: what only servers on the way write (RFC 8601 5, RFC 6376, RFC
 * 8617, RFC 5321 4.4), and where receipts and reports go other than the policy's way (P5, P6).
 */
static const char *const not_for_senders[] = {"Authentication-Results", "Received-SPF",
	"DKIM-Signature", "DomainKey-Signature", "ARC-Seal", "ARC-Message-Signature",
	"ARC-Authentication-Results", "Return-Path", "Delivered-To", "Errors-To",
	"Return-Receipt-To", "Read-Receipt-To", "X-Confirm-Reading-To"};

/* What every send needs to be found again, whatever the modes of the rules. */
static void add_mandatory_edits(const PolicyInput *input, Plan *plan)
{
	plan_edit_header(plan, "Acuse-Id", input->send_id);
	plan_edit_header(plan, "Acuse-Class", NULL);
	plan_edit_header(plan, "X-Acuse-Class", NULL);
	for (guint i = 0; i < G_N_ELEMENTS(not_for_senders); i++)
		plan_edit_header(plan, not_for_senders[i], NULL);
	plan->envid = g_strdup(input->token);
	if (plan->send_class != CLASS_NOTIFICATION)
		return;
	if (input->token != NULL)
		plan->return_address =
			g_strdup_printf("acuse+%s@%s", input->token, input->settings->domain);
	plan->sign = input->facts->protection == PROTECTION_NONE;
	plan->request_text =
		signature_request_text(input->settings->signature, plan->return_address);
	plan->request_html = signature_request_html(
		input->settings->signature, plan->return_address, plan->expediente);
}

/* What the rule says goes into the plan's findings, none in a stronger mode than its own. */
static void run_rule(const Rule *rule, RuleMode mode, const PolicyInput *input, Plan *plan)
{
	guint before = plan->findings->len;
	const char *status = DEFAULT_STATUS;
	g_autofree char *advice = NULL;

	if (!rule->applies(input, plan))
		return;
	if (!rule->decide(input, plan, &advice, &status))
		plan_add_finding(plan, rule->id, mode, rule->article, advice, status);
	for (guint i = before; i < plan->findings->len; i++) {
		Finding *finding = plan->findings->pdata[i];

		finding->mode = MIN(finding->mode, mode);
	}
}

static void apply_rule(const Rule *rule, const PolicyInput *input, Plan *plan)
{
	RuleMode mode = policy_mode(input, rule->id, NULL);
	g_autoptr(Plan) trial = NULL;

	if (mode == MODE_OFF)
		return;
	if (mode == MODE_ENFORCE) {
		run_rule(rule, mode, input, plan);
		return;
	}
	trial = describe(input);
	g_ptr_array_unref(trial->findings);
	trial->findings = g_ptr_array_ref(plan->findings);
	run_rule(rule, mode, input, trial);
}

/* A reply that ends the connection (P2) before one for good, that before one for now. */
static int weight(const Finding *finding)
{
	if (g_str_has_prefix(finding->status, "521"))
		return 2;
	return finding->status[0] == '5' ? 1 : 0;
}

/* Of the enforced findings the first permanent one, else the first, or NULL. */
static const Finding *weightiest(const Plan *plan)
{
	const Finding *found = NULL;

	for (guint i = 0; i < plan->findings->len; i++) {
		const Finding *finding = plan->findings->pdata[i];

		if (finding->mode == MODE_ENFORCE &&
			(found == NULL || weight(finding) > weight(found)))
			found = finding;
	}
	return found;
}

/* All that has to be mended before the mail can go, so that nobody has to try again for each. */
static void refuse(Plan *plan)
{
	const Finding *first = weightiest(plan);
	g_autoptr(GString) reply = NULL;
	char separator = ' ';

	if (first == NULL)
		return;
	reply = g_string_new(first->status);
	for (guint i = 0; i < plan->findings->len; i++) {
		const Finding *finding = plan->findings->pdata[i];
		g_autofree char *line = NULL;

		if (finding->mode != MODE_ENFORCE)
			continue;
		line = finding_line(finding);
		g_string_append_c(reply, separator);
		g_string_append(reply, line);
		separator = '\n';
	}
	plan->refusal = g_strdup(reply->str);
	plan_drop_edits(plan);
}

Plan *policy_decide(const PolicyInput *input)
{
	Plan *plan = describe(input);

	add_mandatory_edits(input, plan);
	for (const Rule *const *rule = policy_rules; *rule != NULL; rule++)
		apply_rule(*rule, input, plan);
	refuse(plan);
	return plan;
}

Plan *policy_decide_inbound(const PolicySettings *settings, const MessageFacts *facts)
{
	const PolicyInput input = {.settings = settings, .facts = facts};
	RuleMode mode = settings->attachments->inbound;
	Plan *plan = plan_new();

	if (mode != MODE_OFF)
		run_rule(&rule_p9_blocked, mode, &input, plan);
	refuse(plan);
	return plan;
}
