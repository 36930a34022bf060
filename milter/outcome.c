/* outcome.h: memory only; each outcome belongs to the thread of its message. */
#include "milter/outcome.h"
#include "base/error.h"
#include "base/text.h"

Outcome *outcome_new(Action action, const char *decision)
{
	Outcome *outcome = g_new0(Outcome, 1);

	outcome->action = action;
	outcome->decision = decision;
	outcome->delete_recipients = g_ptr_array_new_with_free_func(g_free);
	outcome->add_recipients = g_ptr_array_new_with_free_func(g_free);
	outcome->warnings = g_ptr_array_new_with_free_func(g_free);
	return outcome;
}

Outcome *outcome_reply(const char *reply, const char *decision, const char *detail)
{
	Outcome *outcome = outcome_new(ACTION_REPLY, decision);

	outcome->reply = g_strdup(reply);
	outcome->detail = g_strdup(detail);
	return outcome;
}

Outcome *outcome_of_error(const GError *error, gboolean may_be_permanent)
{
	const AcuseErrorRow *row = acuse_error_row_of(error);
	const AcuseErrorRow *said = row;
	Outcome *outcome;

	if (said->smtp_status[0] != '4' && !(said->smtp_status[0] == '5' && may_be_permanent))
		said = acuse_error_row(ACUSE_ERROR_INTERNAL);
	outcome = outcome_new(ACTION_REPLY, row->name);
	outcome->reply = g_strdup_printf("%s %s", said->smtp_status, _(said->text));
	outcome->detail = g_strdup(error != NULL ? error->message : NULL);
	return outcome;
}

void outcome_free(Outcome *outcome)
{
	if (outcome == NULL)
		return;
	g_free(outcome->reply);
	g_clear_pointer(&outcome->final, mail_message_free);
	g_free(outcome->sender);
	g_free(outcome->sender_parameters);
	g_ptr_array_unref(outcome->delete_recipients);
	g_ptr_array_unref(outcome->add_recipients);
	g_free(outcome->send_id);
	g_free(outcome->detail);
	g_ptr_array_unref(outcome->warnings);
	g_free(outcome);
}

/* The next field of that name at or after *index, which moves behind it; NULL: no more. */
static const MailField *next_field(const MailMessage *message, const char *name, guint *index)
{
	while (*index < message->fields->len) {
		const MailField *field = g_ptr_array_index(message->fields, (*index)++);

		if (g_ascii_strcasecmp(field->name, name) == 0)
			return field;
	}
	return NULL;
}

gboolean outcome_fields_equal(const MailMessage *one, const MailMessage *other, const char *name)
{
	guint i = 0, j = 0;

	for (;;) {
		const MailField *left = next_field(one, name, &i);
		const MailField *right = next_field(other, name, &j);

		if (left == NULL || right == NULL)
			return left == right;
		if (g_strcmp0(left->value, right->value) != 0)
			return FALSE;
	}
}

void outcome_arrange(const MailMessage *original, MailMessage *final)
{
	g_autoptr(MailMessage) arranged = mail_message_new();
	GPtrArray *fields;

	for (guint i = 0; i < original->fields->len; i++) {
		const MailField *field = g_ptr_array_index(original->fields, i);

		if (outcome_fields_equal(original, final, field->name))
			mail_message_add_field(arranged, field->name, field->value);
	}
	for (guint i = 0; i < final->fields->len; i++) {
		const MailField *field = g_ptr_array_index(final->fields, i);

		if (!outcome_fields_equal(original, final, field->name))
			mail_message_add_field(arranged, field->name, field->value);
	}
	fields = final->fields;
	final->fields = arranged->fields;
	arranged->fields = fields;
}

Outcome *outcome_stale_directory(void)
{
	g_autoptr(GError) error = g_error_new_literal(
		ACUSE_ERROR, ACUSE_ERROR_STALE_DIRECTORY, "the directory's copy is too old");

	return outcome_of_error(error, TRUE);
}
