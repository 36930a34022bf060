/*
 * outgoing.h: directory -> facts -> policy, then rewriting.c and recording.c carry the plan out. A
 * failure is answered by its row of the error table. No state of its own: every message has its
 * Work on the stack of its thread.
 */
#include "milter/outgoing.h"
#include "base/error.h"
#include "base/text.h"
#include "cms/digest.h"
#include "core/address.h"
#include "core/return_token.h"
#include "mime/facts.h"
#include "inspect/inspect.h"
#include "milter/intent.h"
#include "milter/local_mail.h"
#include "milter/second_stage.h"
#include "milter/work.h"

#include <string.h>

void work_clear(Work *work)
{
	g_free(work->send_id);
	g_free(work->token);
	g_clear_pointer(&work->facts, message_facts_free);
	g_clear_pointer(&work->login, account_free);
	g_clear_pointer(&work->mailbox, account_free);
	g_clear_pointer(&work->plan, plan_free);
	g_clear_pointer(&work->final, mail_message_free);
	g_clear_pointer(&work->entity, g_bytes_unref);
	g_clear_pointer(&work->final_bytes, g_bytes_unref);
	g_free(work->entity_sha256);
	g_free(work->certificate_sha256);
	g_free(work->cms_sha256);
	g_free(work->final_sha256);
	g_free(work->date_original);
	g_free(work->exception);
	g_free(work->exception_id);
}

static Account *find_login(const Services *services, const char *login)
{
	if (login == NULL)
		return NULL;
	if (strchr(login, '@') != NULL)
		return services->account_by_mail(services->data, login);
	return services->account_by_uid(services->data, login);
}

static Account *find_mailbox(const Services *services, const char *from)
{
	g_autofree char *address = address_without_detail(from);

	return services->account_by_mail(services->data, address);
}

Outcome *outgoing_at_mail(const Envelope *envelope, const Services *services)
{
	switch (envelope->stream) {
	case STREAM_SUBMISSION:
	case STREAM_RELEASE:
		return NULL;
	case STREAM_INTERNAL:
		return outcome_new(ACTION_ACCEPT, "internal");
	case STREAM_LOCAL:
		return local_mail_at_mail(envelope, services);
	case STREAM_INBOUND:
	case STREAM_UNKNOWN:
		break;
	}
	return outcome_reply(
		_("451 4.7.1 El servicio de correo no esta bien configurado. Avise a la OTIC"),
		"unknown-stream", "milter_macro_daemon_name is not set for this service");
}

/* Mail of sendmail(1) waits for its end: Postfix cannot refuse one of its recipients. */
Outcome *outgoing_at_rcpt(const Envelope *envelope, const char *recipient, const Services *services)
{
	return envelope->stream == STREAM_LOCAL
		       ? NULL
		       : local_mail_refuse_return_address(recipient, services);
}

static void make_ids(Work *work)
{
	guint8 random[RETURN_TOKEN_RANDOM_BYTES];

	random_bytes(random, sizeof random);
	work->send_id = g_uuid_string_random();
	work->token = return_token_make(work->services->options->token_key, random);
}

/* Again with what was found since, when there is a plan already. */
static void decide_plan(Work *work)
{
	const Envelope *envelope = work->session->envelope;
	const Services *services = work->services;
	PolicyInput input = {0};

	g_clear_pointer(&work->login, account_free);
	g_clear_pointer(&work->mailbox, account_free);
	work->login = find_login(services, envelope->login);
	if (work->facts->from->len == 1)
		work->mailbox = find_mailbox(services, g_ptr_array_index(work->facts->from, 0));
	input.settings = services->options->policy;
	input.envelope = envelope;
	input.facts = work->facts;
	input.login = work->login;
	input.mailbox = work->mailbox;
	input.now_s = services->now_s(services->data);
	input.send_id = work->send_id;
	input.token = work->token;
	input.exception = work->exception;
	plan_free(work->plan);
	work->plan = policy_decide(&input);
}

static gboolean has_finding(const Plan *plan, const char *rule)
{
	for (guint i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);

		if (strcmp(finding->rule, rule) == 0)
			return TRUE;
	}
	return FALSE;
}

/* The body as it arrived, before anything drops it: with OpenSSL, for it may be large. Once. */
static void digest_content(Work *work)
{
	const GByteArray *body = work->session->message->body;

	if (work->facts->content_sha256 == NULL)
		work->facts->content_sha256 = digest_sha256_hex(body->data, body->len);
}

/* An exception that was declared beforehand is asked for only when it is needed, and there is what
 * may be a scan. */
static gboolean consider_exception(Work *work, GError **error)
{
	guint left;

	if (!has_finding(work->plan, "P11") || work->plan->exception != NULL ||
		work->facts->attachments->len == 0)
		return TRUE;
	digest_content(work);
	left = deadline_left_ms(&work->deadline, error);
	if (left == 0 ||
		!intent_find_exception(work->services, left, work->plan, work->facts,
			work->session->envelope, &work->exception, &work->exception_id, error))
		return FALSE;
	if (work->exception != NULL)
		decide_plan(work);
	if (work->exception != NULL && has_finding(work->plan, "P11")) {
		/* One that does not help is not used up. */
		g_clear_pointer(&work->exception, g_free);
		g_clear_pointer(&work->exception_id, g_free);
		decide_plan(work);
	}
	return TRUE;
}

static gboolean inspect(const Work *work, GError **error)
{
	InspectOptions wanted = work->services->options->inspect;
	const PolicySettings *policy = work->services->options->policy;

	wanted.pdf = inspect_wants_pdf(&wanted, policy, work->facts);
	return inspect_attachments(
		work->session->message, work->facts->attachments, &wanted, error);
}

static Outcome *decide_submission(Work *work)
{
	g_autoptr(GError) error = NULL;

	if (work->services->directory_age_s(work->services->data) >
		work->services->options->max_age_s)
		return outcome_stale_directory();
	work->facts = mime_facts(work->session->message, &error);
	if (work->facts == NULL)
		return outcome_of_error(error, TRUE);
	if (!deadline_allows(&work->deadline, &error) || !inspect(work, &error) ||
		!deadline_allows(&work->deadline, &error))
		return outcome_of_error(error, TRUE);
	make_ids(work);
	decide_plan(work);
	if (!consider_exception(work, &error))
		return outcome_of_error(error, TRUE);
	if (work->plan->refusal != NULL)
		return outcome_reply(work->plan->refusal, "policy", NULL);
	digest_content(work);
	if (!work_rewrite(work, &error))
		return outcome_of_error(error, TRUE);
	return work_record(work);
}

/* What the log line says of the message, refused or not. */
static void describe(const Work *work, Outcome *outcome)
{
	outcome->send_id = g_strdup(work->send_id);
	if (work->plan == NULL)
		return;
	outcome->class_name = send_class_name(work->plan->send_class);
	for (guint i = 0; i < work->plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(work->plan->findings, i);

		if (finding->mode != MODE_ENFORCE)
			g_ptr_array_add(outcome->warnings, finding_line(finding));
	}
}

Outcome *outgoing_decide(const Session *session, const Services *services)
{
	g_autoptr(GError) error = NULL;
	g_auto(Work) work = {.session = session, .services = services};
	Outcome *outcome;

	if (session->too_large) {
		g_set_error_literal(
			&error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE, "over max_message_bytes");
		return outcome_of_error(error, TRUE);
	}
	if (session->envelope->stream == STREAM_LOCAL)
		return local_mail_decide(session, services);
	if (session->envelope->stream == STREAM_RELEASE)
		return second_stage_decide(session, services);
	work.deadline = deadline_start(services);
	outcome = decide_submission(&work);
	describe(&work, outcome);
	return outcome;
}
