/*
 * milter/incoming.h: fields -> POST /v1/incoming. Bounded by INCOMING_WAIT_MS, for mail that makes
 * no evidence never waits for provisiond (DESIGN 3). No state; safe in every thread.
 */
#include "milter/incoming.h"
#include "cms/digest.h"
#include "core/address.h"
#include "mime/incoming.h"

#define INCOMING_WAIT_MS 5000

/* Those of `addresses` that are official mailboxes, as the settings write them, each once. */
static json_t *official(const GPtrArray *addresses, const MilterOptions *options)
{
	json_t *found = json_array();

	for (char **mailbox = options->incoming; *mailbox != NULL; mailbox++)
		for (guint i = 0; i < addresses->len; i++)
			if (address_same_mailbox(addresses->pdata[i], *mailbox)) {
				json_array_append_new(found, json_string(*mailbox));
				break;
			}
	return found;
}

static void set(json_t *body, const char *name, const char *value)
{
	g_autofree char *valid = value != NULL ? g_utf8_make_valid(value, -1) : NULL;

	json_object_set_new(body, name, valid != NULL ? json_string(valid) : json_null());
}

/* Consumes mailboxes. */
static json_t *to_json(const Session *session, const ReportFacts *report, json_t *mailboxes,
	const MilterOptions *options, const Outcome *outcome)
{
	g_autoptr(IncomingMail) mail = mime_incoming(session->message, report->envelope_sender);
	g_autoptr(GBytes) bytes = mail_message_to_bytes(session->message);
	g_autofree char *digest =
		digest_sha256_hex(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	json_auto_t *addressed = official(mail->addressed, options);
	gboolean is_report = report->kind == REPORT_DSN || report->kind == REPORT_MDN;
	json_t *body = json_object();

	json_object_set_new(body, "mailboxes", mailboxes);
	set(body, "message_id", report->message_id);
	set(body, "message_sha256", digest);
	set(body, "from", report->from);
	set(body, "envelope_sender", report->envelope_sender);
	set(body, "subject", mail->subject);
	set(body, "date", report->date);
	set(body, "queue_id", report->queue_id);
	set(body, "client_address", report->client_address);
	set(body, "authentication_results", report->authentication_results);
	set(body, "send", outcome->send_id);
	json_object_set_new(body, "automatic", json_boolean(is_report || mail->automatic));
	json_object_set_new(body, "suppressed", json_boolean(mail->suppressed));
	json_object_set_new(body, "spam", json_boolean(mail->spam));
	json_object_set_new(body, "addressed", json_boolean(json_array_size(addressed) > 0));
	return body;
}

void incoming_record(const Session *session, const ReportFacts *report, const Services *services,
	Outcome *outcome)
{
	json_t *mailboxes;
	json_auto_t *body = NULL, *answer = NULL;
	g_autoptr(GError) error = NULL;

	if (session->envelope->stream != STREAM_INBOUND || outcome->action != ACTION_ACCEPT ||
		session->too_large)
		return;
	mailboxes = official(session->envelope->recipients, services->options);
	if (json_array_size(mailboxes) == 0) {
		json_decref(mailboxes);
		return;
	}
	body = to_json(session, report, mailboxes, services->options, outcome);
	answer = services->call(
		services->data, INCOMING_WAIT_MS, "POST", "/v1/incoming", body, NULL, &error);
	if (answer == NULL)
		g_ptr_array_add(outcome->warnings,
			g_strdup_printf("mail to an official mailbox is not on record: %s",
				error->message));
}
