/* mime/incoming.h: reads fields, limited as header_addresses limits them. Never fails: what cannot
 * be read is not there. No shared state. */
#include "mime/incoming.h"

#include "core/autoreply.h"
#include "mime/addresses.h"
#include "mime/autoreply.h"
#include "mime/header.h"

/* Asks programs to be quiet; people's servers set it too, so that it does not make a program of its
 * writer. */
#define SUPPRESS "X-Auto-Response-Suppress"

static gboolean asks_for_silence(const MailMessage *message)
{
	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);
		g_autofree char *value = header_unfold(field->value);

		if (g_ascii_strcasecmp(field->name, SUPPRESS) == 0 &&
			autoreply_field_says_so(field->name, value))
			return TRUE;
	}
	return FALSE;
}

/* SpamAssassin, amavis, rspamd. */
static gboolean says_spam(const MailMessage *message)
{
	static const char *const names[] = {"X-Spam-Flag", "X-Spam-Status", "X-Spam"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *raw = mail_message_field(message, names[i]);
		g_autofree char *value = raw != NULL ? header_unfold(raw) : NULL;

		if (value != NULL && g_ascii_strncasecmp(g_strchug(value), "yes", 3) == 0)
			return TRUE;
	}
	return FALSE;
}

static void read_addressed(const MailMessage *message, GPtrArray *addressed)
{
	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strcasecmp(field->name, "To") == 0 ||
			g_ascii_strcasecmp(field->name, "Cc") == 0)
			header_addresses(field->value, addressed);
	}
}

IncomingMail *mime_incoming(const MailMessage *message, const char *envelope_sender)
{
	IncomingMail *mail = g_new0(IncomingMail, 1);
	const char *subject = mail_message_field(message, "Subject");
	gboolean sure;

	mail->addressed = g_ptr_array_new_with_free_func(g_free);
	mail->subject = subject != NULL ? header_decode(subject, &sure) : NULL;
	mail->automatic = autoreply_detect_beside(message, envelope_sender, SUPPRESS);
	mail->suppressed = asks_for_silence(message);
	mail->spam = says_spam(message);
	read_addressed(message, mail->addressed);
	return mail;
}

void incoming_mail_free(IncomingMail *mail)
{
	if (mail == NULL)
		return;
	g_free(mail->subject);
	g_ptr_array_unref(mail->addressed);
	g_free(mail);
}
