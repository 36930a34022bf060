/*
 * Automatic answers by their fields, the null sender, or the subjects of programs that set no field
 * (core/autoreply.h has the tables). Never fails. Pure functions.
 */
#include "mime/autoreply.h"

#include "core/autoreply.h"
#include "mime/header.h"

static gboolean any_field_says_so(const MailMessage *message, const char *ignored)
{
	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);
		g_autofree char *value = header_unfold(field->value);

		if ((ignored == NULL || g_ascii_strcasecmp(field->name, ignored) != 0) &&
			autoreply_field_says_so(field->name, value))
			return TRUE;
	}
	return FALSE;
}

static gboolean subject_says_so(const MailMessage *message)
{
	const char *raw = mail_message_field(message, "Subject");
	g_autofree char *subject = NULL;
	gboolean sure;

	if (!raw)
		return FALSE;
	subject = header_decode(raw, &sure);
	return autoreply_subject_says_so(subject);
}

gboolean autoreply_detect_beside(
	const MailMessage *message, const char *sender, const char *ignored)
{
	return sender[0] == '\0' || any_field_says_so(message, ignored) || subject_says_so(message);
}

gboolean autoreply_detect(const MailMessage *message, const char *sender)
{
	return autoreply_detect_beside(message, sender, NULL);
}
