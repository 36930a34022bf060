/* Plans as data (plan.h): allocation, class names, header edits. No shared state. */
#include "core/plan.h"

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

	plan->warnings = g_ptr_array_new_with_free_func(g_free);
	plan->header_edits = g_ptr_array_new_with_free_func(free_header_edit);
	return plan;
}

void plan_free(Plan *plan)
{
	if (plan == NULL)
		return;
	g_free(plan->refusal);
	g_ptr_array_unref(plan->warnings);
	g_free(plan->document_type);
	g_free(plan->expediente);
	g_free(plan->mailbox);
	g_ptr_array_unref(plan->header_edits);
	g_free(plan->block_text);
	g_free(plan->block_html);
	g_strfreev(plan->block_items);
	g_free(plan->return_address);
	g_free(plan->envid);
	g_free(plan);
}

void plan_edit_header(Plan *plan, const char *name, const char *value)
{
	HeaderOp op = value != NULL ? HEADER_SET : HEADER_DELETE;

	g_ptr_array_add(plan->header_edits, header_edit_new(op, name, value));
}
