/* policy_plan_text of policy-case.h: a plan for people who read a difference; what is not there has
 * no line. */
#include "policy-case.h"

static void line(GString *text, const char *name, const char *value)
{
	if (value != NULL)
		g_string_append_printf(text, "%s: %s\n", name, value);
}

static void lines(GString *text, const char *name, const char *value)
{
	g_auto(GStrv) parts = g_strsplit(value != NULL ? value : "", "\n", -1);

	for (char **part = parts; *part != NULL; part++)
		line(text, name, *part);
}

char *policy_plan_text(const Plan *plan)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GString) deleted = g_string_new(NULL);
	g_autofree char *block = NULL;

	line(text, "class", send_class_name(plan->send_class));
	line(text, "document", plan->document_type);
	line(text, "exception", plan->exception);
	line(text, "expediente", plan->expediente);
	line(text, "mailbox", plan->mailbox);
	for (guint i = 0; i < plan->findings->len; i++) {
		const Finding *finding = plan->findings->pdata[i];

		g_string_append_printf(text, "finding: %s %s; %s; %s; %s\n", finding->rule,
			rule_mode_name(finding->mode), finding->article, finding->status,
			finding->advice);
	}
	lines(text, "reply", plan->refusal);
	for (guint i = 0; i < plan->header_edits->len; i++) {
		const HeaderEdit *edit = plan->header_edits->pdata[i];

		if (edit->op == HEADER_SET)
			line(text, edit->name, edit->value);
		else
			g_string_append_printf(
				deleted, "%s%s", deleted->len > 0 ? ", " : "", edit->name);
	}
	line(text, "deleted", deleted->len > 0 ? deleted->str : NULL);
	if (plan->block_text != NULL)
		block = g_strdelimit(g_strdup(plan->block_text), "\n", '|');
	line(text, "block", block);
	line(text, "return", plan->return_address);
	for (guint i = 0; i < plan->compress->len; i++)
		g_string_append_printf(
			text, "compress: part %u\n", g_array_index(plan->compress, guint, i));
	line(text, "envid", plan->envid);
	line(text, "sign", plan->sign ? "yes" : NULL);
	return g_strdup(text->str);
}
