/*
 * The outgoing policy with facts from random bytes: each line changes one member of a good mail
 * (policy_case_change: group, member, value), where byte 1 stands for a line end. Facts are UTF-8
 * and one line, as lib/mime makes them; what the directory and the envelope have is anything.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "policy-case.h"

#define MAX_LINES 500
#define REPLY_LINE_MAX_BYTES 512 /* with code, status and line end (RFC 5321 4.5.3.1.5) */

static GRegex *reply_form;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
	reply_form = g_regex_new(
		"^\\[[A-Z][0-9]+\\] [ -~]+ \\([A-Za-z0-9 .,;:/-]+\\)\\z", G_REGEX_RAW, 0, NULL);
	return 0;
}

/* Whatever an attachment is found to be counts. */
static void look_at_attachments(AttachmentPolicy *policy)
{
	policy->heavy_bytes = 1000;
	for (guint reason = 0; reason < BLOCKED_N; reason++)
		policy->modes[reason] = reason % 2 == 0 ? MODE_ENFORCE : MODE_WARN;
}

static void change(PolicyCase *policy_case, const char *line)
{
	gboolean one_line = line[0] == 'f' || line[0] == 'a';
	g_autofree char *value = NULL;

	if (strlen(line) < 2)
		return;
	value = one_line ? g_utf8_make_valid(line + 2, -1) : g_strdup(line + 2);
	g_strdelimit(value, "\1", one_line ? ' ' : '\n');
	g_strdelimit(value, "\r", one_line ? ' ' : '\r');
	policy_case_change(policy_case, line[0], line[1], value);
}

/* Each line as the server writes it: "550-5.7.1 [P3] ...". */
static void check_refusal(const char *refusal)
{
	static const char status[] = "550 5.7.1 ";
	g_auto(GStrv) lines = NULL;

	FUZZ_PROMISE(strlen(refusal) > strlen(status), "refusal: %s", refusal);
	FUZZ_PROMISE(strchr("45", refusal[0]) != NULL && refusal[0] == refusal[4] &&
			     refusal[3] == ' ' && refusal[9] == ' ',
		"status: %s", refusal);
	lines = g_strsplit(refusal + strlen(status), "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		FUZZ_PROMISE(g_regex_match(reply_form, *line, 0, NULL), "reply: %s", *line);
		FUZZ_PROMISE(strlen(status) + strlen(*line) + 2 <= REPLY_LINE_MAX_BYTES,
			"a reply of %zu bytes", strlen(*line));
	}
}

static void check_edits(const Plan *plan)
{
	for (guint i = 0; i < plan->header_edits->len; i++) {
		const HeaderEdit *edit = plan->header_edits->pdata[i];

		FUZZ_PROMISE(*edit->name != '\0' && strpbrk(edit->name, ": \r\n") == NULL,
			"a field of name %s", edit->name);
		FUZZ_PROMISE((edit->op == HEADER_SET) == (edit->value != NULL), "%s: no value",
			edit->name);
		fuzz_check_utf8(edit->value, edit->name);
		FUZZ_PROMISE(edit->value == NULL || strpbrk(edit->value, "\r\n") == NULL,
			"%s is more than a line: %s", edit->name, edit->value);
	}
	FUZZ_PROMISE(
		plan->return_address == NULL || strpbrk(plan->return_address, "\r\n<> ") == NULL,
		"MAIL FROM %s", plan->return_address);
}

static gboolean has_finding(const Plan *plan, const char *rule, RuleMode mode)
{
	for (guint i = 0; i < plan->findings->len; i++) {
		const Finding *finding = plan->findings->pdata[i];

		if (finding->mode == mode && (rule == NULL || strcmp(finding->rule, rule) == 0))
			return TRUE;
	}
	return FALSE;
}

static void check_refused(const Plan *plan)
{
	FUZZ_PROMISE(plan->header_edits->len == 0 && plan->block_text == NULL &&
			     plan->block_html == NULL && plan->block_items == NULL &&
			     plan->return_address == NULL && plan->envid == NULL &&
			     plan->compress->len == 0 && !plan->sign,
		"a refused mail is changed");
	check_refusal(plan->refusal);
}

/* S10: an expediente, or the exception on record; whether it is registered is provisiond's. */
static void check_sign(const PolicyInput *input, const Plan *plan)
{
	FUZZ_PROMISE(plan->send_class == CLASS_NOTIFICATION, "%s is signed",
		send_class_name(plan->send_class));
	FUZZ_PROMISE(input->facts->protection == PROTECTION_NONE, "its author's protection");
	FUZZ_PROMISE(plan->expediente != NULL || policy_mode(input, "P10", NULL) != MODE_ENFORCE,
		"signed without an expediente");
}

static void check_plan(const PolicyInput *input, const Plan *plan)
{
	FUZZ_PROMISE(plan != NULL, "no plan");
	FUZZ_PROMISE((plan->refusal != NULL) == has_finding(plan, NULL, MODE_ENFORCE),
		"a refusal without a finding, or the other way round");
	FUZZ_PROMISE(!has_finding(plan, NULL, MODE_OFF), "a finding of a rule that is off");
	for (const Rule *const *rule = policy_rules; *rule != NULL; rule++)
		FUZZ_PROMISE(!has_finding(plan, (*rule)->id, MODE_ENFORCE) ||
				     policy_mode(input, (*rule)->id, NULL) == MODE_ENFORCE,
			"%s refuses in another mode", (*rule)->id);
	check_edits(plan);
	if (plan->refusal != NULL)
		check_refused(plan);
	if (plan->sign)
		check_sign(input, plan);
}

static void check_inbound(const PolicyInput *input)
{
	g_autoptr(Plan) plan = policy_decide_inbound(input->settings, input->facts);

	if (plan->refusal != NULL)
		check_refused(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(PolicyCase) policy_case = policy_case_new();
	g_autoptr(Plan) plan = NULL, again = NULL;
	g_autofree char *text = NULL, *text_again = NULL;

	look_at_attachments(policy_case->fixture->settings->attachments);
	for (guint i = 0; size > 0 && i < MAX_LINES; i++) {
		g_autofree char *line = fuzz_take_line(&data, &size);

		change(policy_case, line);
	}
	plan = policy_decide(&policy_case->fixture->input);
	check_plan(&policy_case->fixture->input, plan);
	again = policy_decide(&policy_case->fixture->input);
	text = policy_plan_text(plan);
	text_again = policy_plan_text(again);
	FUZZ_PROMISE(strcmp(text, text_again) == 0, "another plan of the same facts");
	check_inbound(&policy_case->fixture->input);
	return 0;
}
