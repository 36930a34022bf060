/* intent.h: facts and plan as JSON, answers checked. No state; safe in every thread. */
#include "milter/intent.h"
#include "api/client.h"
#include "api/record_json.h"
#include "base/error.h"

#include <string.h>

/* Of a thread's ids, what goes along: the parent and the latest before it. */
#define INTENT_THREAD_MAX 20
#define INTENT_THREAD_ID_BYTES 998

static void set_text(json_t *object, const char *name, const char *value)
{
	json_object_set_new(object, name, json_pack("s?", value));
}

/* What a stranger's client wrote may be no UTF-8, which JSON is. */
static void set_foreign_text(json_t *object, const char *name, const char *value)
{
	g_autofree char *valid = value != NULL ? g_utf8_make_valid(value, -1) : NULL;

	set_text(object, name, valid);
}

static json_t *prepared_to_json(const PreparedInput *input)
{
	json_t *body = json_object();

	set_text(body, "message_sha256", input->message_sha256);
	json_object_set_new(body, "size", json_integer((json_int_t)input->size_bytes));
	set_text(body, "queue_id", input->queue_id);
	set_text(body, "certificate_sha256", input->certificate_sha256);
	set_text(body, "cms_sha256", input->cms_sha256);
	if (input->unsigned_reason != NULL)
		set_text(body, "unsigned", input->unsigned_reason);
	return body;
}

/* Those in mode log or warn: an enforced one has no intent. */
static json_t *findings_to_json(const Plan *plan)
{
	json_t *findings = json_array();

	for (guint i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);
		json_t *row = json_object();

		set_text(row, "rule", finding->rule);
		set_text(row, "mode", rule_mode_name(finding->mode));
		set_text(row, "article", finding->article);
		set_foreign_text(row, "text", finding->advice);
		json_array_append_new(findings, row);
	}
	return findings;
}

/* What is on record of an official document's PDFs; NULL: they were not looked at. */
static const char *pdf_word(const IntentInput *input)
{
	const GPtrArray *attachments = input->facts->attachments;

	if (input->plan->document_type == NULL && input->plan->send_class != CLASS_NOTIFICATION)
		return NULL;
	for (guint i = 0; i < attachments->len; i++) {
		const AttachmentFacts *attachment = g_ptr_array_index(attachments, i);

		if (!attachment->inspected ||
			(attachment->is_pdf && attachment->pdf_signature == PDF_NOT_CHECKED))
			return NULL;
	}
	return attachments_pdf_word(attachments);
}

/* The date of the act, as the official's own signature in the PDF has it. */
static void add_signed(json_t *body, const IntentInput *input)
{
	gint64 time_s = attachments_signed_s(input->facts->attachments);
	g_autofree char *time = time_s > 0 ? time_to_rfc3339(time_s) : NULL;

	if (time != NULL && input->plan->send_class == CLASS_NOTIFICATION)
		set_text(body, "document_signed", time);
}

static json_t *recipients_to_json(const Envelope *envelope)
{
	json_t *recipients = json_array();

	for (guint i = 0; i < envelope->recipients->len; i++) {
		g_autofree char *address =
			g_utf8_make_valid(g_ptr_array_index(envelope->recipients, i), -1);

		json_array_append_new(recipients, json_string(address));
	}
	return recipients;
}

/* What it answers: of a long thread the last ids, the parent's first of all. */
static void add_thread(json_t *body, const MessageFacts *facts)
{
	guint n = facts->thread != NULL ? g_strv_length(facts->thread) : 0;
	json_t *ids = json_array();

	for (guint i = 0; i < n; i++) {
		g_autofree char *id = g_utf8_make_valid(facts->thread[i], -1);

		if ((i == 0 || i + INTENT_THREAD_MAX > n) && strlen(id) <= INTENT_THREAD_ID_BYTES)
			json_array_append_new(ids, json_string(id));
	}
	if (json_array_size(ids) > 0)
		json_object_set(body, "in_reply_to", ids);
	json_decref(ids);
}

static json_t *intent_to_json(const IntentInput *input)
{
	json_t *body = json_object();

	set_text(body, "id", input->send_id);
	set_text(body, "token", input->token);
	set_text(body, "class", send_class_name(input->plan->send_class));
	set_text(body, "login", input->login != NULL ? input->login->uid : input->envelope->login);
	set_text(body, "mailbox", input->plan->mailbox);
	set_foreign_text(body, "message_id", input->facts->message_id);
	set_foreign_text(body, "date", input->facts->date);
	set_foreign_text(
		body, "subject", input->facts->subject != NULL ? input->facts->subject : "");
	set_text(body, "document_type", input->plan->document_type);
	set_foreign_text(body, "document_number", input->plan->document_number);
	set_foreign_text(body, "exception", input->plan->exception);
	if (input->exception_id != NULL)
		set_text(body, "exception_id", input->exception_id);
	set_text(body, "pdf_signature", pdf_word(input));
	add_signed(body, input);
	set_text(body, "expediente", input->plan->expediente);
	json_object_set_new(body, "recipients", recipients_to_json(input->envelope));
	add_thread(body, input->facts);
	set_text(body, "queue_id", input->envelope->queue_id);
	set_text(body, "client_address", input->envelope->client_address);
	set_text(body, "content_sha256", input->facts->content_sha256);
	set_text(body, "entity_sha256", input->entity_sha256);
	set_text(body, "block", input->block);
	set_foreign_text(body, "date_original", input->date_original);
	json_object_set_new(body, "sign", json_boolean(input->plan->sign));
	if (input->plan->findings->len > 0)
		json_object_set_new(body, "findings", findings_to_json(input->plan));
	if (input->prepared != NULL)
		json_object_set_new(body, "prepared", prepared_to_json(input->prepared));
	return body;
}

static void take_findings(const json_t *answer, Plan *plan)
{
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(answer, "findings"), i, finding) {
		const char *line = json_string_value(json_object_get(finding, "line"));
		RuleMode mode;

		if (line != NULL &&
			rule_mode_parse(json_string_value(json_object_get(finding, "mode")), &mode))
			plan_add_line(plan, mode, line);
	}
}

static gboolean take_answer(const json_t *answer, const IntentInput *input, char **permit,
	char **cannot_sign, GError **error)
{
	const char *why = json_string_value(json_object_get(answer, "cannot_sign"));
	const char *id = json_string_value(json_object_get(answer, "id"));
	const char *text = json_string_value(json_object_get(answer, "permit"));

	if (g_strcmp0(id, input->send_id) != 0) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INTERNAL,
			"provisiond answered for another send");
		return FALSE;
	}
	if (input->plan->sign && text == NULL && why == NULL) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_PERMIT, "provisiond gave no permit");
		return FALSE;
	}
	*permit = g_strdup(text);
	*cannot_sign = g_strdup(why);
	return TRUE;
}

gboolean intent_find_exception(const Services *services, guint timeout_ms, const Plan *plan,
	const MessageFacts *facts, const Envelope *envelope, char **reason, char **id,
	GError **error)
{
	json_auto_t *body = json_object(), *answer = NULL;
	const json_t *found;

	set_text(body, "mailbox", plan->mailbox);
	set_text(body, "expediente", plan->expediente);
	set_foreign_text(body, "message_id", facts->message_id);
	set_text(body, "content_sha256", facts->content_sha256);
	json_object_set_new(body, "recipients", recipients_to_json(envelope));
	answer = services->call(
		services->data, timeout_ms, "POST", "/v1/exceptions/find", body, NULL, error);
	if (answer == NULL)
		return FALSE;
	found = json_object_get(answer, "exception");
	*id = g_strdup(json_string_value(json_object_get(found, "id")));
	*reason =
		*id != NULL ? g_strdup(json_string_value(json_object_get(found, "reason"))) : NULL;
	return TRUE;
}

gboolean intent_declare(const Services *services, guint timeout_ms, const IntentInput *input,
	char **permit, char **cannot_sign, Plan *plan, GError **error)
{
	json_t *body = intent_to_json(input);
	GBytes *message = input->prepared != NULL ? input->prepared->message : NULL;
	json_t *answer = services->call(
		services->data, timeout_ms, "POST", "/v1/sends", body, message, error);
	gboolean taken = answer != NULL && take_answer(answer, input, permit, cannot_sign, error);

	if (taken)
		take_findings(answer, plan);
	json_decref(answer);
	json_decref(body);
	return taken;
}

gboolean intent_refusal_is_final(const GError *error)
{
	return g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_ACCOUNT_INACTIVE) ||
	       g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_NOT_AUTHORISED) ||
	       g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_EXPEDIENTE_UNKNOWN) ||
	       g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_NOT_NOTIFIABLE) ||
	       g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_ACT_LATE) ||
	       g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE);
}

gboolean intent_prepared(
	const Services *services, guint timeout_ms, const PreparedInput *input, GError **error)
{
	g_autofree char *path = api_path("/v1/sends/%s/prepared", input->send_id);
	json_t *body = prepared_to_json(input);
	json_t *answer = services->call(
		services->data, timeout_ms, "POST", path, body, input->message, error);

	json_decref(body);
	if (answer == NULL)
		return FALSE;
	json_decref(answer);
	return TRUE;
}

gboolean intent_hold(
	const Services *services, guint timeout_ms, const HoldInput *input, GError **error)
{
	g_autofree char *path = api_path("/v1/sends/%s/hold", input->send_id);
	json_t *body = json_object(), *answer;

	set_text(body, "reason", input->reason);
	set_text(body, "entity_sha256", input->entity_sha256);
	set_text(body, "sender", input->sender);
	set_text(body, "envid", input->envid);
	answer = services->call(services->data, timeout_ms, "POST", path, body, NULL, error);
	json_decref(body);
	json_decref(answer);
	return answer != NULL;
}

gboolean intent_resume(const Services *services, guint timeout_ms, const ResumeInput *input,
	char **permit, char **sender, char **envid, GError **error)
{
	g_autofree char *path = api_path("/v1/sends/%s/resume", input->send_id);
	json_t *body = json_object(), *recipients = json_array(), *answer;

	set_text(body, "queue_id", input->queue_id);
	set_text(body, "held_sha256", input->held_sha256);
	set_text(body, "entity_sha256", input->entity_sha256);
	for (guint i = 0; i < input->recipients->len; i++) {
		g_autofree char *address =
			g_utf8_make_valid(g_ptr_array_index(input->recipients, i), -1);

		json_array_append_new(recipients, json_string(address));
	}
	json_object_set_new(body, "recipients", recipients);
	answer = services->call(services->data, timeout_ms, "POST", path, body, NULL, error);
	json_decref(body);
	if (answer == NULL)
		return FALSE;
	*permit = g_strdup(json_string_value(json_object_get(answer, "permit")));
	*sender = g_strdup(json_string_value(json_object_get(answer, "sender")));
	*envid = g_strdup(json_string_value(json_object_get(answer, "envid")));
	json_decref(answer);
	if (*permit == NULL)
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_PERMIT, "provisiond gave no permit");
	return *permit != NULL;
}
