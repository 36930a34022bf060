/*
 * An outgoing message reduced to what the policy reads. Input: a MailMessage; output: MessageFacts.
 * Fails only over a limit; what cannot be read is said in the facts. No shared state after
 * mime_init.
 */
#include "mime/facts.h"

#include <gmime/gmime.h>
#include <string.h>

#include "base/error.h"
#include "mime/addresses.h"
#include "mime/codec.h"
#include "core/rules/subject.h"
#include "mime/forward.h"
#include "mime/header.h"
#include "mime/protection.h"

void mime_init(void)
{
	g_mime_init();
}

static void read_from(const MailMessage *message, MessageFacts *facts)
{
	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strcasecmp(field->name, "From") != 0)
			continue;
		facts->from_headers++;
		if (!header_addresses_strict(field->value, facts->from) ||
			!header_ends_plainly(field->value))
			facts->from_unreadable = TRUE;
	}
	if (facts->from_headers > 1)
		facts->from_unreadable = TRUE;
	if (facts->from_headers == 1 && facts->from->len == 1)
		facts->from_name = header_display_name(
			mail_message_field(message, "From"), g_ptr_array_index(facts->from, 0));
}

/* "" stands for what is there and names nobody for sure. */
static void read_resent(const MailMessage *message, MessageFacts *facts)
{
	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strcasecmp(field->name, "Resent-From") != 0 &&
			g_ascii_strcasecmp(field->name, "Resent-Sender") != 0)
			continue;
		if (!header_addresses_strict(field->value, facts->resent))
			g_ptr_array_add(facts->resent, g_strdup(""));
	}
}

static void read_recipients(const MailMessage *message, MessageFacts *facts)
{
	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strcasecmp(field->name, "To") == 0)
			header_addresses(field->value, facts->to);
		else if (g_ascii_strcasecmp(field->name, "Cc") == 0)
			header_addresses(field->value, facts->cc);
	}
}

/* "" is nobody's address: a Sender that is there but does not name one person for sure. */
static void read_sender(const MailMessage *message, MessageFacts *facts)
{
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
	gboolean sure = TRUE;
	guint headers = 0;

	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strcasecmp(field->name, "Sender") != 0)
			continue;
		headers++;
		sure &= header_addresses_strict(field->value, addresses);
	}
	if (headers == 0)
		return;
	sure &= headers == 1 && addresses->len == 1;
	facts->sender = g_strdup(sure ? g_ptr_array_index(addresses, 0) : "");
}

static void read_subject(const MailMessage *message, MessageFacts *facts)
{
	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);
		gboolean sure = TRUE;

		if (g_ascii_strcasecmp(field->name, "Subject") != 0)
			continue;
		if (facts->subject_headers++ == 0) {
			facts->subject = header_decode(field->value, &sure);
			facts->subject_undecodable = !sure;
		}
	}
}

/* What no client should write, bytes of some charset, becomes U+FFFD: facts are UTF-8. NULL stays
 * NULL; consumed. */
static char *take_valid(char *text)
{
	g_autofree char *taken = text;

	return taken ? g_utf8_make_valid(taken, -1) : NULL;
}

/* RFC 5322 3.6, RFC 2045, RFC 2183, RFC 8098. */
static const char *const single_fields[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc",
	"Message-ID", "In-Reply-To", "References", "Subject", "Date", "MIME-Version",
	"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID",
	"Content-Description", "Disposition-Notification-To"};

static guint count_fields(const MailMessage *message, const char *name)
{
	guint count = 0;

	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		count += g_ascii_strcasecmp(field->name, name) == 0;
	}
	return count;
}

/* Printing ASCII (RFC 5322 2.2); a blank before the colon hides a field from some readers. */
static gboolean name_is_plain(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!g_ascii_isgraph(*c))
			return FALSE;
	return name[0] != '\0';
}

static void read_field_faults(const MailMessage *message, MessageFacts *facts)
{
	for (guint i = 0; i < message->fields->len && !facts->odd_field; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (!name_is_plain(field->name))
			facts->odd_field = g_utf8_make_valid(field->name, -1);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(single_fields); i++)
		if (count_fields(message, single_fields[i]) > 1)
			g_ptr_array_add(facts->repeated, g_strdup(single_fields[i]));
}

static char *first_id(const char *value)
{
	g_auto(GStrv) ids = header_ids(value);

	return take_valid(g_strdup(ids[0]));
}

static void read_body(const MailMessage *message, MessageFacts *facts)
{
	const guint8 *data = message->body->data;
	gsize size = message->body->len, pos = 0;

	facts->has_8bit = !codec_is_ascii(data, size);
	while (pos < size) {
		const guint8 *lf = memchr(data + pos, '\n', size - pos);
		gsize end = lf ? (gsize)(lf - data) : size, next = lf ? end + 1 : size;

		if (lf && end > pos && data[end - 1] == '\r')
			end--;
		facts->longest_line_bytes = MAX(facts->longest_line_bytes, (guint)(end - pos));
		pos = next;
	}
}

static gboolean addresses_within_limits(const MailMessage *message, GError **error)
{
	static const char *const names[] = {
		"From", "Sender", "Resent-From", "Resent-Sender", "To", "Cc"};

	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		for (size_t j = 0; j < G_N_ELEMENTS(names); j++) {
			if (g_ascii_strcasecmp(field->name, names[j]) != 0 ||
				header_addresses_within_limits(field->value))
				continue;
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_COMPLEX,
				"the field %s is too long or has too many groups", names[j]);
			return FALSE;
		}
	}
	return TRUE;
}

/* By its subject or a field; what belongs to another mail and does not answer it passes it on. */
static gboolean is_forward(const MailMessage *message, const MessageFacts *facts)
{
	gboolean refers = mail_message_field(message, "References") != NULL;
	gboolean answers = facts->in_reply_to != NULL;

	if (mail_message_field(message, "X-Forwarded-Message-Id") != NULL ||
		subject_is_forward(facts->subject, answers || refers))
		return TRUE;
	return refers && !answers && !subject_is_answer(facts->subject) &&
	       mail_message_field(message, "Auto-Submitted") == NULL;
}

MessageFacts *mime_facts(const MailMessage *message, GError **error)
{
	g_autoptr(MimePart) root = mime_part_scan(message, error);
	const char *date = mail_message_field(message, "Date");
	const char *mark = mail_message_field(message, "X-Acuse-Class");
	g_autofree char *mark_word = mark ? header_unfold(mark) : NULL;
	MessageFacts *facts;

	if (!root || !addresses_within_limits(message, error))
		return NULL;
	facts = message_facts_new();
	read_from(message, facts);
	read_recipients(message, facts);
	read_sender(message, facts);
	read_resent(message, facts);
	read_field_faults(message, facts);
	read_subject(message, facts);
	facts->message_id = first_id(mail_message_field(message, "Message-ID"));
	facts->in_reply_to = first_id(mail_message_field(message, "In-Reply-To"));
	facts->thread = header_thread_ids(mail_message_field(message, "In-Reply-To"),
		mail_message_field(message, "References"));
	facts->date = take_valid(date ? header_unfold(date) : NULL);
	facts->date_headers = count_fields(message, "Date");
	facts->date_readable = facts->date_headers == 1 && header_date(facts->date, &facts->date_s);
	facts->marked_notification =
		mark_word && g_ascii_strcasecmp(mark_word, "notification") == 0;
	facts->asks_read_receipt =
		mail_message_field(message, "Disposition-Notification-To") != NULL;
	facts->protection = protection_of(message, root);
	read_body(message, facts);
	attachments_list(message, root, facts->attachments);
	facts->forwards = is_forward(message, facts);
	facts->has_original = facts->forwards && forward_has_original(message, root);
	return facts;
}
