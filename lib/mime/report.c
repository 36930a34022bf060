/*
 * Inbound mail reduced to ReportFacts: what it is and what its fields say, without judging. Input
 * is what strangers send; whatever cannot be read is absent in the facts. Never fails. No shared
 * state.
 */
#include "mime/report.h"

#include <gmime/gmime.h>
#include <string.h>

#include "core/return_token.h"
#include "mime/autoreply.h"
#include "mime/addresses.h"
#include "mime/codec.h"
#include "mime/header.h"
#include "mime/part.h"

#define REPORT_MAX_RECIPIENTS 1000
#define REPORT_MAX_IDS HEADER_THREAD_IDS_MAX

/* The part's decoded content; "" when it has none that can be read. */
static GByteArray *part_content(const MailMessage *message, const MimePart *part)
{
	const guint8 *raw = message->body->data + part->content;
	GByteArray *out = NULL;

	if (part->end > part->content)
		out = codec_decode(part->encoding, raw, part->end - part->content, NULL);
	return out ? out : g_byte_array_new();
}

/* Takes "rfc822; a@b" or "smtp; 250 ok" apart: what follows the type, trimmed. */
static char *after_type(const char *raw)
{
	g_autofree char *value = header_unfold(raw);
	const char *semicolon = strchr(value, ';');
	const char *blank = strpbrk(value, " \t\"<@");

	/* Without a type the whole field is the value. */
	if (!semicolon || (blank && blank < semicolon && *blank != ' ' && *blank != '\t'))
		semicolon = value - 1;
	return g_strstrip(g_strdup(semicolon + 1));
}

static char *address_after_type(const char *raw)
{
	char *address = after_type(raw);
	gsize length = strlen(address);

	if (length > 1 && address[0] == '<' && address[length - 1] == '>') {
		address[length - 1] = '\0';
		memmove(address, address + 1, length - 1);
	}
	return address;
}

/* Original-Envelope-Id stands in a report without xtext (RFC 3464 2.2.1). */
static char *plain_value(const char *raw)
{
	return raw ? header_unfold(raw) : NULL;
}

static char *first_word_lower(const char *raw)
{
	g_autofree char *value = header_unfold(raw);
	gsize length = strcspn(value, " \t;(");

	return g_ascii_strdown(value, (gssize)length);
}

static void read_recipient(const MailMessage *group, ReportFacts *report)
{
	const char *final = mail_message_field(group, "Final-Recipient");
	const char *original = mail_message_field(group, "Original-Recipient");
	const char *action = mail_message_field(group, "Action");
	const char *status = mail_message_field(group, "Status");
	const char *diagnostic = mail_message_field(group, "Diagnostic-Code");
	const char *remote = mail_message_field(group, "Remote-MTA");
	ReportRecipient *recipient;

	if ((!final && !original && !action) || report->recipients->len >= REPORT_MAX_RECIPIENTS)
		return;
	recipient = report_recipient_new();
	recipient->final_recipient = final ? address_after_type(final) : NULL;
	recipient->original_recipient = original ? address_after_type(original) : NULL;
	recipient->action = action ? first_word_lower(action) : NULL;
	recipient->status = status ? first_word_lower(status) : NULL;
	recipient->diagnostic = diagnostic ? after_type(diagnostic) : NULL;
	recipient->remote_mta = remote ? after_type(remote) : NULL;
	g_ptr_array_add(report->recipients, recipient);
}

static void set_once(char **slot, char *value)
{
	if (!*slot)
		*slot = value;
	else
		g_free(value);
}

/* RFC 3464 2.1: groups of fields between empty lines, the first about the message. */
static void read_delivery_status(
	const MailMessage *message, const MimePart *part, ReportFacts *report)
{
	g_autoptr(GByteArray) content = part_content(message, part);
	const guint8 *data = content->data;
	gsize left = content->len;

	while (left > 0) {
		g_autoptr(MailMessage) group = NULL;
		const char *mta;

		if (*data == '\r' || *data == '\n') {
			data++, left--;
			continue;
		}
		group = mail_message_parse(data, left);
		if (group->fields->len == 0) {
			const guint8 *lf = memchr(data, '\n', left);
			gsize line = lf ? (gsize)(lf - data) + 1 : left;

			data += line, left -= line;
			continue;
		}
		data += left - group->body->len;
		left = group->body->len;
		mta = mail_message_field(group, "Reporting-MTA");
		if (mta)
			set_once(&report->reporting_mta, after_type(mta));
		set_once(&report->envid,
			plain_value(mail_message_field(group, "Original-Envelope-Id")));
		set_once(&report->postfix_queue_id,
			plain_value(mail_message_field(group, "X-Postfix-Queue-ID")));
		read_recipient(group, report);
	}
}

/* RFC 8098 3.2.6: "automatic-action/MDN-sent-automatically; displayed/error". */
static char *disposition_type(const char *raw)
{
	g_autofree char *value = header_unfold(raw);
	const char *semicolon = strchr(value, ';');
	const char *type = semicolon ? semicolon + 1 : value;

	type += strspn(type, " \t");
	return g_ascii_strdown(type, (gssize)strcspn(type, " \t/;,("));
}

/* The first id, without brackets; some programs write none. */
static char *first_id(const char *value)
{
	g_auto(GStrv) ids = header_ids(value);
	g_autofree char *text = value ? header_unfold(value) : NULL;

	if (ids[0] || !text || text[0] == '\0')
		return g_strdup(ids[0]);
	return g_strndup(text, strcspn(text, " \t"));
}

static void read_disposition_notification(
	const MailMessage *message, const MimePart *part, ReportFacts *report)
{
	g_autoptr(GByteArray) content = part_content(message, part);
	g_autoptr(MailMessage) group = NULL;
	const char *disposition;
	gsize skip = 0;

	while (skip < content->len && (content->data[skip] == '\r' || content->data[skip] == '\n'))
		skip++;
	group = mail_message_parse(content->data + skip, content->len - skip);
	disposition = mail_message_field(group, "Disposition");
	if (disposition)
		set_once(&report->disposition, disposition_type(disposition));
	set_once(&report->original_message_id,
		first_id(mail_message_field(group, "Original-Message-ID")));
	read_recipient(group, report);
}

/* The returned message, or its header: as a leaf of text/rfc822-headers, or an embedded message. */
static void read_returned(const MailMessage *message, const MimePart *part, ReportFacts *report)
{
	const MimePart *embedded =
		part->children->len > 0 ? g_ptr_array_index(part->children, 0) : NULL;
	g_autofree char *id = NULL;

	if (embedded) {
		id = mime_part_field(embedded, message, "Message-ID");
		set_once(&report->original_message_id, first_id(id));
		return;
	}
	g_autoptr(GByteArray) content = part_content(message, part);
	g_autoptr(MailMessage) header = mail_message_parse(content->data, content->len);

	set_once(&report->original_message_id, first_id(mail_message_field(header, "Message-ID")));
}

static gboolean type_is(const MimePart *part, const char *a, const char *b)
{
	return strcmp(part->type, a) == 0 || strcmp(part->type, b) == 0;
}

static void read_report_parts(const MailMessage *message, MimePart *root, ReportFacts *report)
{
	gboolean dsn = FALSE, mdn = FALSE;

	for (guint i = 0; i < root->children->len; i++) {
		const MimePart *part = g_ptr_array_index(root->children, i);

		if (type_is(part, "message/delivery-status", "message/global-delivery-status")) {
			dsn = TRUE;
			read_delivery_status(message, part, report);
		} else if (type_is(part, "message/disposition-notification",
				   "message/global-disposition-notification")) {
			mdn = TRUE;
			read_disposition_notification(message, part, report);
		} else if (type_is(part, "message/rfc822", "text/rfc822-headers") ||
			   type_is(part, "message/global", "message/global-headers")) {
			read_returned(message, part, report);
		}
	}
	/* A report that has both kinds contradicts itself; it counts as neither. */
	if (dsn != mdn)
		report->kind = dsn ? REPORT_DSN : REPORT_MDN;
}

static void read_references(const MailMessage *message, ReportFacts *report)
{
	g_auto(GStrv) ids = header_thread_ids(mail_message_field(message, "In-Reply-To"),
		mail_message_field(message, "References"));

	if (ids[0])
		report->references = g_steal_pointer(&ids);
}

static void read_from(const MailMessage *message, ReportFacts *report)
{
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
	guint headers = 0;
	gboolean sure = TRUE;

	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strcasecmp(field->name, "From") != 0)
			continue;
		headers++;
		sure &= header_addresses_strict(field->value, addresses);
	}
	if (headers == 1 && sure && addresses->len == 1)
		report->from = g_strdup(g_ptr_array_index(addresses, 0));
}

/* Date in UTC, for a comparison; NULL when it is none. */
static char *written_at(const char *date)
{
	g_autoptr(GDateTime) local = date ? g_mime_utils_header_decode_date(date) : NULL;
	g_autoptr(GDateTime) utc = local ? g_date_time_to_utc(local) : NULL;

	return utc ? g_date_time_format(utc, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

/* Return addresses that the mail itself names, whatever their domain: the token tells. */
static void read_addressed(const MailMessage *message, ReportFacts *report)
{
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) tokens = g_string_new(NULL);

	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strcasecmp(field->name, "To") == 0 ||
			g_ascii_strcasecmp(field->name, "Cc") == 0)
			header_addresses(field->value, addresses);
	}
	for (guint i = 0; i < addresses->len && i < REPORT_MAX_IDS; i++) {
		const char *address = g_ptr_array_index(addresses, i);
		const char *domain = strrchr(address, '@');
		g_autofree char *token =
			domain ? return_token_of_address(address, domain + 1) : NULL;

		if (token)
			g_string_append_printf(tokens, "%s%s", tokens->len > 0 ? " " : "", token);
	}
	if (tokens->len > 0)
		report->addressed = g_strdup(tokens->str);
}

/* RFC 8601 2.2: comments and white space may stand before the authserv-id, a version after it. */
static gboolean is_of_server(const char *value, const char *authserv_id)
{
	const char *p = value;
	gsize length;

	while (*p == ' ' || *p == '\t' || *p == '(') {
		if (*p != '(') {
			p++;
			continue;
		}
		for (int depth = 0; *p; p++) {
			depth += (*p == '(') - (*p == ')');
			if (*p == '\\' && p[1])
				p++;
			else if (depth == 0)
				break;
		}
		if (*p)
			p++;
	}
	length = strcspn(p, " \t;(");
	return length == strlen(authserv_id) && g_ascii_strncasecmp(p, authserv_id, length) == 0;
}

static void read_authentication(
	const MailMessage *message, const char *authserv_id, ReportFacts *report)
{
	g_autoptr(GString) joined = g_string_new(NULL);

	for (guint i = 0; authserv_id && authserv_id[0] && i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);
		g_autofree char *value = NULL;

		if (g_ascii_strcasecmp(field->name, "Authentication-Results") != 0)
			continue;
		value = header_unfold(field->value);
		if (!is_of_server(value, authserv_id))
			continue;
		g_string_append_printf(joined, "%s%s", joined->len > 0 ? "\n" : "", value);
	}
	if (joined->len > 0)
		report->authentication_results = g_strdup(joined->str);
}

static char *bare_address(const char *address)
{
	gsize length = address ? strlen(address) : 0;

	if (length >= 2 && address[0] == '<' && address[length - 1] == '>')
		return g_strndup(address + 1, length - 2);
	return g_strdup(address ? address : "");
}

/* A program's report that cannot be read is still a program's, whatever it refers to. */
static ReportKind kind_without_report(
	const MailMessage *message, const MimePart *root, const ReportFacts *report)
{
	if (strcmp(root->type, "multipart/report") == 0 ||
		autoreply_detect(message, report->envelope_sender))
		return REPORT_AUTOMATIC;
	return report->references ? REPORT_ANSWER : REPORT_NONE;
}

ReportFacts *mime_report(
	const MailMessage *message, const Envelope *envelope, const char *authserv_id)
{
	ReportFacts *report = report_facts_new();
	g_autoptr(MimePart) root = mime_part_scan(message, NULL);
	const char *date = mail_message_field(message, "Date");

	report->kind = REPORT_NONE;
	report->stream = envelope->stream;
	report->client_address = g_strdup(envelope->client_address);
	report->queue_id = g_strdup(envelope->queue_id);
	report->envelope_sender = bare_address(envelope->sender);
	if (!root)
		return report;
	report->message_id = first_id(mail_message_field(message, "Message-ID"));
	report->date = date ? header_unfold(date) : NULL;
	report->written = written_at(report->date);
	read_addressed(message, report);
	read_from(message, report);
	read_authentication(message, authserv_id, report);
	read_references(message, report);
	/* Some servers send their reports as multipart/mixed; a person's mail with one attached is
	 * none. */
	if (strcmp(root->type, "multipart/report") == 0 ||
		(strcmp(root->type, "multipart/mixed") == 0 && report->envelope_sender[0] == '\0'))
		read_report_parts(message, root, report);
	if (report->kind == REPORT_NONE)
		report->kind = kind_without_report(message, root, report);
	return report;
}

gboolean mime_report_is_candidate(const ReportFacts *report)
{
	switch (report->kind) {
	case REPORT_NONE:
		return report->token != NULL;
	case REPORT_DSN:
	case REPORT_MDN:
		return report->token || report->postfix_queue_id || report->envid ||
		       report->original_message_id || report->references;
	default:
		return report->token || report->references;
	}
}
