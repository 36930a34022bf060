/*
 * evidence.h: report facts -> bytes stored -> event posted -> pass, hand to the notifier, or
 * consume. Only mail to tokens and reports waits (4xx) when provisiond cannot take it; everything
 * else flows. No state; safe in every thread.
 */
#include "milter/evidence.h"
#include "api/client.h"
#include "api/record_json.h"
#include "base/error.h"
#include "base/text.h"
#include "cms/digest.h"
#include "core/evidence.h"
#include "core/return_token.h"
#include "milter/inbound.h"
#include "milter/incoming.h"
#include "mime/report.h"

#include <string.h>

/* What provisiond said of the report. */
typedef struct {
	char *matched;	       /* send id; NULL: of no send on record */
	GPtrArray *deliver_to; /* char *: who wrote the send */
	gboolean told;	       /* he is told of it in another way */
} Posted;

static void posted_clear(Posted *posted)
{
	g_free(posted->matched);
	g_clear_pointer(&posted->deliver_to, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Posted, posted_clear)

Outcome *evidence_at_mail(const Envelope *envelope, const Services *services)
{
	switch (envelope->stream) {
	case STREAM_INTERNAL:
		return NULL;
	case STREAM_INBOUND:
		if (!address_in_domain(envelope->sender, services->options->domain))
			return NULL;
		return outcome_reply(
			_("550 5.7.1 El correo de esta institucion se envia con usuario y clave"),
			"own-domain-sender", NULL);
	case STREAM_LOCAL:
	case STREAM_RELEASE:
		return outcome_new(ACTION_ACCEPT, "local");
	case STREAM_SUBMISSION:
	case STREAM_UNKNOWN:
		break;
	}
	return outcome_reply(
		_("451 4.7.1 El servicio de correo no esta bien configurado. Avise a la OTIC"),
		"unknown-stream", "milter_macro_daemon_name is not set for this service");
}

/* The token of a recipient when its MAC is right; a new string or NULL. */
static char *valid_token(const char *recipient, const Services *services)
{
	g_autofree char *token = return_token_of_address(recipient, services->options->domain);

	if (token == NULL || !return_token_check(services->options->token_key, token))
		return NULL;
	return g_steal_pointer(&token);
}

Outcome *evidence_at_rcpt(const Envelope *envelope, const char *recipient, const Services *services)
{
	g_autofree char *address = address_as_delivered(recipient, services->options->domain);
	g_autofree char *token = return_token_of_address(address, services->options->domain);

	if (envelope->stream != STREAM_INBOUND || token == NULL)
		return NULL;
	/* Postfix does not find a recipient with a final dot again when it is to be deleted. */
	if (!g_str_has_suffix(recipient, ".") &&
		return_token_check(services->options->token_key, token))
		return NULL;
	return outcome_reply(_("550 5.1.1 Esa direccion no existe"), "invented-token", NULL);
}

/* Valid tokens among the recipients, each once; *others: how many recipients are no such address.
 */
static GPtrArray *find_tokens(const Envelope *envelope, const Services *services, guint *others)
{
	GPtrArray *tokens = g_ptr_array_new_with_free_func(g_free);

	*others = 0;
	for (guint i = 0; i < envelope->recipients->len; i++) {
		g_autofree char *token =
			valid_token(g_ptr_array_index(envelope->recipients, i), services);

		if (token == NULL)
			(*others)++;
		else if (!g_ptr_array_find_with_equal_func(tokens, token, g_str_equal, NULL))
			g_ptr_array_add(tokens, g_steal_pointer(&token));
	}
	return tokens;
}

static void take_posted(const json_t *answer, Posted *posted)
{
	const json_t *addresses = json_object_get(answer, "deliver_to");
	const char *matched = json_string_value(json_object_get(answer, "matched"));

	posted->told |= json_is_true(json_object_get(answer, "told"));
	if (matched != NULL && posted->matched == NULL)
		posted->matched = g_strdup(matched);
	for (size_t i = 0; i < json_array_size(addresses); i++) {
		const char *address = json_string_value(json_array_get(addresses, i));

		if (address != NULL && !g_ptr_array_find_with_equal_func(
					       posted->deliver_to, address, g_str_equal, NULL))
			g_ptr_array_add(posted->deliver_to, g_strdup(address));
	}
}

static gboolean post_event(const ReportFacts *report, const Services *services,
	const Deadline *deadline, Posted *posted, GError **error)
{
	guint left = deadline_left_ms(deadline, error);
	json_t *body, *answer;

	if (left == 0)
		return FALSE;
	body = report_facts_to_json(report);
	answer = services->call(services->data, left, "POST", "/v1/events", body, NULL, error);
	json_decref(body);
	if (answer == NULL)
		return FALSE;
	take_posted(answer, posted);
	json_decref(answer);
	return TRUE;
}

/* Stores the exact bytes, then posts one event a token, or one without. */
static gboolean store_and_post(const MailMessage *message, ReportFacts *report,
	const GPtrArray *tokens, const Services *services, Posted *posted, GError **error)
{
	g_autoptr(GBytes) bytes = mail_message_to_bytes(message);
	Deadline deadline = deadline_start(services);
	guint left;

	report->original_sha256 =
		digest_sha256_hex(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	left = deadline_left_ms(&deadline, error);
	if (left == 0 ||
		!services->put_blob(services->data, left, report->original_sha256, bytes, error))
		return FALSE;
	if (tokens->len == 0)
		return post_event(report, services, &deadline, posted, error);
	for (guint i = 0; i < tokens->len; i++) {
		g_free(report->token);
		report->token = g_strdup(g_ptr_array_index(tokens, i));
		if (!post_event(report, services, &deadline, posted, error))
			return FALSE;
	}
	return TRUE;
}

/* A report that says nothing but that the mail went its way. */
static gboolean is_success(const ReportFacts *report)
{
	if (report->kind != REPORT_DSN || report->recipients->len == 0)
		return FALSE;
	for (guint i = 0; i < report->recipients->len; i++) {
		const ReportRecipient *recipient = g_ptr_array_index(report->recipients, i);

		if (g_strcmp0(recipient->action, "relayed") != 0 &&
			g_strcmp0(recipient->action, "delivered") != 0 &&
			g_strcmp0(recipient->action, "expanded") != 0)
			return FALSE;
	}
	return TRUE;
}

static void remove_tokens(Outcome *outcome, const Envelope *envelope, const Services *services)
{
	for (guint i = 0; i < envelope->recipients->len; i++) {
		const char *recipient = g_ptr_array_index(envelope->recipients, i);
		g_autofree char *token = valid_token(recipient, services);

		if (token != NULL)
			g_ptr_array_add(outcome->delete_recipients, g_strdup(recipient));
	}
}

static gboolean has_recipient(const Envelope *envelope, const char *address)
{
	for (guint i = 0; i < envelope->recipients->len; i++)
		if (g_ascii_strcasecmp(g_ptr_array_index(envelope->recipients, i), address) == 0)
			return TRUE;
	return FALSE;
}

/* Recorded mail to a token: what somebody should read goes on to who wrote the send. */
static Outcome *hand_on(const Envelope *envelope, const ReportFacts *report, const Posted *posted,
	guint others, const Services *services)
{
	gboolean consumed = is_success(report) || posted->told ||
			    (report->kind == REPORT_MDN && envelope->stream == STREAM_INBOUND);
	Outcome *outcome;

	if (consumed && others == 0)
		return outcome_new(ACTION_DISCARD, "recorded");
	if (!consumed && posted->deliver_to->len == 0)
		return outcome_reply(
			_("451 4.3.0 No se pudo atender ahora. Intente de nuevo en unos minutos"),
			"nobody-to-deliver-to",
			"the event is recorded; its mail waits in the queue");
	outcome = outcome_new(ACTION_ACCEPT, consumed ? "recorded" : "handed-on");
	remove_tokens(outcome, envelope, services);
	for (guint i = 0; !consumed && i < posted->deliver_to->len; i++) {
		const char *address = g_ptr_array_index(posted->deliver_to, i);

		if (!has_recipient(envelope, address))
			g_ptr_array_add(outcome->add_recipients, g_strdup(address));
	}
	return outcome;
}

static Outcome *outcome_of_posted(const Envelope *envelope, const ReportFacts *report,
	const Posted *posted, guint n_tokens, guint others, const Services *services)
{
	Outcome *outcome;

	if (n_tokens > 0)
		outcome = hand_on(envelope, report, posted, others, services);
	else if (envelope->stream == STREAM_INTERNAL && posted->matched != NULL &&
		 (is_success(report) || posted->told))
		outcome = outcome_new(ACTION_DISCARD, "recorded");
	else
		outcome = outcome_new(
			ACTION_ACCEPT, posted->matched != NULL ? "recorded" : "unmatched");
	outcome->send_id = g_strdup(posted->matched);
	return outcome;
}

/* Own reports are never bounced: cleanup would lose both (FACTS 4). */
static Outcome *outcome_of_failure(const GError *error, gboolean must_wait)
{
	Outcome *outcome;

	if (must_wait)
		return outcome_of_error(error, FALSE);
	outcome = outcome_new(ACTION_ACCEPT, "not-recorded");
	g_ptr_array_add(outcome->warnings, g_strdup("an answer flowed without becoming evidence"));
	outcome->detail = g_strdup(error->message);
	return outcome;
}

static Outcome *outcome_too_large(const Session *session, guint n_tokens)
{
	g_autoptr(GError) error = NULL;

	if (n_tokens == 0 || session->envelope->stream == STREAM_INTERNAL)
		return outcome_new(ACTION_ACCEPT, "too-large-to-record");
	g_set_error_literal(&error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE, "over max_message_bytes");
	return outcome_of_error(error, TRUE);
}

/* *read: the report's facts, unless the mail is too large. */
static Outcome *decide(const Session *session, const Services *services, ReportFacts **read)
{
	ReportFacts *report;
	g_autoptr(GPtrArray) tokens = NULL;
	g_autoptr(GError) error = NULL;
	g_auto(Posted) posted = {NULL, g_ptr_array_new_with_free_func(g_free), FALSE};
	guint others;

	tokens = find_tokens(session->envelope, services, &others);
	if (session->too_large)
		return outcome_too_large(session, tokens->len);
	report = *read =
		mime_report(session->message, session->envelope, services->options->authserv_id);
	/* Whatever a person writes to the token of a send is an answer to it. */
	if (report->kind == REPORT_NONE && tokens->len > 0)
		report->kind = REPORT_ANSWER;
	if (report->kind == REPORT_NONE || (tokens->len == 0 && !mime_report_is_candidate(report)))
		return outcome_new(ACTION_ACCEPT, "ordinary");
	if (!store_and_post(session->message, report, tokens, services, &posted, &error))
		return outcome_of_failure(error, tokens->len > 0 || report->kind == REPORT_DSN ||
							 report->kind == REPORT_MDN);
	return outcome_of_posted(session->envelope, report, &posted, tokens->len, others, services);
}

Outcome *evidence_decide(const Session *session, const Services *services)
{
	g_autoptr(ReportFacts) report = NULL;
	Outcome *outcome = decide(session, services, &report);

	/* What belongs to a send of ours reaches its author (D4); everything else is looked into.
	 */
	if (session->envelope->stream == STREAM_INBOUND && outcome->action == ACTION_ACCEPT &&
		outcome->send_id == NULL && outcome->delete_recipients->len == 0 &&
		!session->too_large)
		outcome = inbound_judge(outcome, session->message, services->options);
	if (report != NULL) {
		outcome->class_name = report_kind_name(report->kind);
		incoming_record(session, report, services, outcome);
	}
	return outcome;
}
