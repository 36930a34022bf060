/* Plans as data (plan.h): allocation, names, findings, header edits. No shared state. */
#include "core/plan.h"
#include "core/fold.h"

#include <string.h>

static const char *const class_names[] = {
	[CLASS_INTERNAL] = "internal",
	[CLASS_EXTERNAL] = "external",
	[CLASS_NOTIFICATION] = "notification",
};

const char *send_class_name(SendClass send_class)
{
	g_return_val_if_fail((guint)send_class < G_N_ELEMENTS(class_names), NULL);
	return class_names[send_class];
}

gboolean send_class_parse(const char *word, SendClass *send_class)
{
	for (guint i = 0; word != NULL && i < G_N_ELEMENTS(class_names); i++) {
		if (strcmp(word, class_names[i]) == 0) {
			*send_class = (SendClass)i;
			return TRUE;
		}
	}
	return FALSE;
}

static const char *const mode_names[] = {"off", "log", "warn", "enforce"};

gboolean rule_mode_parse(const char *word, RuleMode *mode)
{
	for (guint i = 0; word != NULL && i < G_N_ELEMENTS(mode_names); i++) {
		if (strcmp(word, mode_names[i]) == 0) {
			*mode = (RuleMode)i;
			return TRUE;
		}
	}
	return FALSE;
}

const char *rule_mode_name(RuleMode mode)
{
	g_return_val_if_fail((guint)mode < G_N_ELEMENTS(mode_names), NULL);
	return mode_names[mode];
}

void finding_free(Finding *finding)
{
	if (finding == NULL)
		return;
	g_free(finding->rule);
	g_free(finding->article);
	g_free(finding->advice);
	g_free(finding->status);
	g_free(finding);
}

static void free_finding(gpointer finding)
{
	finding_free(finding);
}

/* Each character that is not printable ASCII as one '?'. */
static char *to_ascii(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autoptr(GString) ascii = g_string_new(NULL);

	for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at))
		g_string_append_c(ascii, g_ascii_isprint(*at) ? *at : '?');
	return g_strdup(ascii->str);
}

char *finding_line(const Finding *finding)
{
	g_autofree char *advice = to_ascii(finding->advice);
	gsize frame = strlen("[] ()") + 1 + strlen(finding->rule) + strlen(finding->article);
	gsize room = frame < FINDING_LINE_MAX_BYTES ? FINDING_LINE_MAX_BYTES - frame : 0;
	g_autofree char *short_advice = NULL;

	short_advice = text_shorten(advice, MAX(room, 4));
	return g_strdup_printf("[%s] %s (%s)", finding->rule, short_advice, finding->article);
}

HeaderEdit *header_edit_new(HeaderOp op, const char *name, const char *value)
{
	HeaderEdit *edit = g_new0(HeaderEdit, 1);

	edit->op = op;
	edit->name = g_strdup(name);
	edit->value = op == HEADER_SET ? g_strdup(value) : NULL;
	return edit;
}

void header_edit_free(HeaderEdit *edit)
{
	if (edit == NULL)
		return;
	g_free(edit->name);
	g_free(edit->value);
	g_free(edit);
}

static void free_header_edit(gpointer edit)
{
	header_edit_free(edit);
}

Plan *plan_new(void)
{
	Plan *plan = g_new0(Plan, 1);

	plan->findings = g_ptr_array_new_with_free_func(free_finding);
	plan->header_edits = g_ptr_array_new_with_free_func(free_header_edit);
	plan->compress = g_array_new(FALSE, FALSE, sizeof(guint));
	return plan;
}

void plan_free(Plan *plan)
{
	if (plan == NULL)
		return;
	plan_drop_edits(plan);
	g_free(plan->refusal);
	g_ptr_array_unref(plan->findings);
	g_free(plan->document_type);
	g_free(plan->document_number);
	g_free(plan->exception);
	g_free(plan->expediente);
	g_free(plan->mailbox);
	g_ptr_array_unref(plan->header_edits);
	g_array_unref(plan->compress);
	g_free(plan);
}

void plan_edit_header(Plan *plan, const char *name, const char *value)
{
	HeaderOp op = value != NULL ? HEADER_SET : HEADER_DELETE;

	g_ptr_array_add(plan->header_edits, header_edit_new(op, name, value));
}

void plan_add_finding(Plan *plan, const char *rule, RuleMode mode, const char *article,
	const char *advice, const char *status)
{
	Finding *finding = g_new0(Finding, 1);

	finding->rule = g_strdup(rule);
	finding->mode = mode;
	finding->article = g_strdup(article);
	finding->advice = g_strdup(advice);
	finding->status = g_strdup(status);
	g_ptr_array_add(plan->findings, finding);
}

void plan_add_line(Plan *plan, RuleMode mode, const char *line)
{
	g_autoptr(GMatchInfo) match = NULL;
	g_autoptr(GRegex) form =
		g_regex_new("^\\[([A-Z0-9]+)\\] (.+) \\(([^()]+)\\)\\z", 0, 0, NULL);
	g_autofree char *rule = NULL, *advice = NULL, *article = NULL;

	if (mode == MODE_OFF || !g_regex_match(form, line, 0, &match))
		return;
	rule = g_match_info_fetch(match, 1);
	advice = g_match_info_fetch(match, 2);
	article = g_match_info_fetch(match, 3);
	plan_add_finding(plan, rule, mode, article, advice, "550 5.7.1");
}

void plan_drop_edits(Plan *plan)
{
	g_ptr_array_set_size(plan->header_edits, 0);
	g_clear_pointer(&plan->block_text, g_free);
	g_clear_pointer(&plan->block_html, g_free);
	g_clear_pointer(&plan->request_text, g_free);
	g_clear_pointer(&plan->request_html, g_free);
	g_clear_pointer(&plan->block_items, g_strfreev);
	g_clear_pointer(&plan->return_address, g_free);
	g_clear_pointer(&plan->envid, g_free);
	g_array_set_size(plan->compress, 0);
	plan->sign = FALSE;
}
