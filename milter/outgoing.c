/*
 * outgoing.h: directory -> facts -> policy -> edits -> intent -> signature -> prepared. Before the
 * intent a failure is answered by its row of the error table; after it always with 451, and nothing
 * is released. No state of its own: every message has its Work on the stack of its thread.
 */
#include "milter/outgoing.h"
#include "base/error.h"
#include "base/text.h"
#include "cms/cms.h"
#include "cms/digest.h"
#include "core/policy.h"
#include "core/return_token.h"
#include "mime/facts.h"
#include "mime/rewrite.h"
#include "mime/smime.h"
#include "milter/date.h"
#include "milter/intent.h"
#include "milter/local_mail.h"

#include <string.h>

/* What a signature may add to the signed entity: base64 of the CMS with its chain, boundaries,
 * fields. */
#define SIGNATURE_BOUND_BYTES (64 * 1024)

typedef struct {
	const Session *session;
	const Services *services;
	Deadline deadline;
	char *send_id, *token;
	MessageFacts *facts;
	Account *login, *mailbox;
	Plan *plan;
	MailMessage *final;
	GBytes *entity; /* NULL: not to be signed */
	char *entity_sha256, *certificate_sha256, *cms_sha256, *final_sha256;
	char *date_original; /* NULL: the Date is the author's */
	const char *block;   /* what became of the signature block */
	gboolean body_changed;
} Work;

static void work_clear(Work *work)
{
	g_free(work->send_id);
	g_free(work->token);
	g_clear_pointer(&work->facts, message_facts_free);
	g_clear_pointer(&work->login, account_free);
	g_clear_pointer(&work->mailbox, account_free);
	g_clear_pointer(&work->plan, plan_free);
	g_clear_pointer(&work->final, mail_message_free);
	g_clear_pointer(&work->entity, g_bytes_unref);
	g_free(work->entity_sha256);
	g_free(work->certificate_sha256);
	g_free(work->cms_sha256);
	g_free(work->final_sha256);
	g_free(work->date_original);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Work, work_clear)

static Account *find_login(const Services *services, const char *login)
{
	if (login == NULL)
		return NULL;
	if (strchr(login, '@') != NULL)
		return services->account_by_mail(services->data, login);
	return services->account_by_uid(services->data, login);
}

Outcome *outgoing_at_mail(const Envelope *envelope, const Services *services)
{
	switch (envelope->stream) {
	case STREAM_SUBMISSION:
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

static void decide_plan(Work *work)
{
	const Envelope *envelope = work->session->envelope;
	const Services *services = work->services;
	PolicyInput input = {0};

	work->login = find_login(services, envelope->login);
	if (work->facts->from->len == 1)
		work->mailbox = services->account_by_mail(
			services->data, g_ptr_array_index(work->facts->from, 0));
	input.settings = services->options->policy;
	input.envelope = envelope;
	input.facts = work->facts;
	input.login = work->login;
	input.mailbox = work->mailbox;
	input.now_s = services->now_s(services->data);
	input.send_id = work->send_id;
	input.token = work->token;
	work->plan = policy_decide(&input);
}

/* What the policy refuses, and what could not keep its promises on the way out; NULL: nothing. */
static Outcome *refuse(const Work *work)
{
	if (work->plan->refusal != NULL)
		return outcome_reply(work->plan->refusal, "policy", NULL);
	if (work->plan->ask_delivery_confirmation && work->session->notify_missing)
		return outcome_reply(_("451 4.3.5 El servicio de correo no pide la confirmacion de "
				       "entrega. Avise a la OTIC"),
			"no-notify",
			"RCPT without NOTIFY=SUCCESS: smtpd_command_filter of the submission "
			"service");
	return NULL;
}

static void delete_foreign_marks(MailMessage *message)
{
	for (guint i = 0; i < message->fields->len;) {
		const MailField *field = g_ptr_array_index(message->fields, i);
		g_autofree char *name = NULL;

		if (g_ascii_strncasecmp(field->name, "Acuse-", 6) != 0 ||
			g_ascii_strcasecmp(field->name, MIME_BLOCK_FIELD) == 0) {
			i++;
			continue;
		}
		name = g_strdup(field->name);
		mail_message_delete_fields(message, name);
		i = 0;
	}
}

static gboolean has_only_id(const MailMessage *message, const char *id)
{
	g_autofree char *wanted = g_strdup_printf("<%s>", id);
	guint count = 0;

	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);
		g_autofree char *value = g_strstrip(g_strdup(field->value));

		if (g_ascii_strcasecmp(field->name, "Message-ID") == 0)
			count += strcmp(value, wanted) == 0 ? 1 : 2;
	}
	return count == 1;
}

/* Fields a message must have (RFC 5322) and that the signature covers, when the client left them
 * out. */
static void complete_fields(Work *work)
{
	g_autofree char *id = NULL;

	work->date_original = date_complete(work->final, work->facts, work->plan->sign,
		work->services->now_s(work->services->data));
	if (work->facts->message_id != NULL && has_only_id(work->final, work->facts->message_id))
		return;
	/* Answers name what the citizen's client saw: it has to be what is on record. */
	if (work->facts->message_id == NULL)
		work->facts->message_id =
			g_strdup_printf("%s@%s", work->send_id, work->services->options->domain);
	id = g_strdup_printf(" <%s>", work->facts->message_id);
	mail_message_delete_fields(work->final, "Message-ID");
	mail_message_add_field(work->final, "Message-ID", id);
}

static void edit_fields(Work *work)
{
	for (guint i = 0; i < work->plan->header_edits->len; i++) {
		const HeaderEdit *edit = g_ptr_array_index(work->plan->header_edits, i);
		g_autofree char *value = NULL;

		mail_message_delete_fields(work->final, edit->name);
		if (edit->op == HEADER_DELETE || edit->value == NULL)
			continue;
		value = g_strconcat(" ", edit->value, NULL);
		mail_message_add_field(work->final, edit->name, value);
	}
}

/* The result's size is known to fit before anything is recorded. */
static gboolean check_size(const Work *work, GError **error)
{
	gsize size = mail_message_size(work->final);

	if (work->entity != NULL)
		size += g_bytes_get_size(work->entity) - work->final->body->len +
			SIGNATURE_BOUND_BYTES;
	if (size <= work->services->options->max_message_bytes)
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE,
		"over max_message_bytes with our additions");
	return FALSE;
}

/* Postfix would end the last line itself, and the recorded bytes would not be its bytes. */
static void end_last_line(MailMessage *message)
{
	const GByteArray *body = message->body;

	if (body->len == 0 ||
		(body->len >= 2 && memcmp(body->data + body->len - 2, "\r\n", 2) == 0))
		return;
	mail_message_own_body(message);
	g_byte_array_append(message->body, (const guint8 *)"\r\n", 2);
}

static gboolean insert_block(Work *work, GError **error)
{
	static const char *const words[] = {
		[MIME_BLOCK_ADDED] = "added",
		[MIME_BLOCK_PRESENT] = "present",
		[MIME_BLOCK_PROTECTED] = "protected",
	};
	const SignatureSettings *signature = work->services->options->policy->signature;
	const MimeBlock block = {work->plan->block_text, work->plan->block_html,
		(const char *const *)work->plan->block_items,
		signature->position == SIGNATURE_BEFORE_QUOTE, signature->logo,
		signature->logo_type, signature->logo_id};
	MimeBlockOutcome outcome = MIME_BLOCK_PROTECTED;

	work->block = work->facts->protection != PROTECTION_NONE ? "protected" : "absent";
	if (block.text == NULL)
		return TRUE;
	if (!mime_insert_block(work->final, &block, &outcome, error))
		return FALSE;
	work->block = words[outcome];
	return TRUE;
}

/* Once there is another body nothing needs the one that came: it may be large. */
static void drop_original(Work *work)
{
	MailMessage *original = work->session->message;

	if (work->final->body == original->body)
		return;
	work->body_changed = TRUE;
	g_byte_array_unref(original->body);
	original->body = g_byte_array_new();
}

/* Carries out the plan on a copy of the message, up to the entity that is to be signed. */
static gboolean rewrite(Work *work, GError **error)
{
	const Plan *plan = work->plan;

	work->final = mail_message_copy(work->session->message);
	delete_foreign_marks(work->final);
	complete_fields(work);
	edit_fields(work);
	if (!insert_block(work, error))
		return FALSE;
	end_last_line(work->final);
	drop_original(work);
	if (plan->sign) {
		if (!mime_to_7bit(work->final, error))
			return FALSE;
		work->body_changed = TRUE;
		work->entity = smime_entity(work->final, error);
		if (work->entity == NULL)
			return FALSE;
		work->entity_sha256 = digest_sha256_hex(
			g_bytes_get_data(work->entity, NULL), g_bytes_get_size(work->entity));
	}
	return check_size(work, error);
}

/* Asks for the record and the permit. *permit: a new string, NULL when nothing is to be signed. */
static gboolean declare_intent(
	Work *work, const PreparedInput *prepared, char **permit, GError **error)
{
	const IntentInput input = {work->send_id, work->token, work->plan, work->facts,
		work->session->envelope, work->login, work->entity_sha256, prepared, work->block,
		work->date_original};
	guint left = deadline_left_ms(&work->deadline, error);

	if (left == 0)
		return FALSE;
	return intent_declare(work->services, left, &input, permit, error);
}

static char *random_boundary(void)
{
	guint8 random[15];
	g_autofree char *text = NULL;

	random_bytes(random, sizeof random);
	text = g_base64_encode(random, sizeof random);
	return g_strconcat("=_acuse_", g_strdelimit(text, "+/", '.'), NULL);
}

static gboolean sign(Work *work, const char *permit, GError **error)
{
	guint left = deadline_left_ms(&work->deadline, error);
	g_autoptr(GBytes) cms = NULL;
	g_autoptr(CmsSigner) signer = NULL;
	g_autofree char *boundary = random_boundary();

	if (left == 0)
		return FALSE;
	/* The signer has its own limit; a second more lets its own answer arrive. */
	left = MIN(left, work->services->options->sign_timeout_ms + 1000);
	cms = work->services->sign(
		work->services->data, left, permit, work->entity, &work->certificate_sha256, error);
	if (cms == NULL)
		return FALSE;
	signer = cms_verify_detached(cms, work->entity, NULL, error);
	if (signer == NULL)
		return FALSE;
	if (g_strcmp0(signer->certificate_sha256, work->certificate_sha256) != 0) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
			"the CMS was made with another certificate than the signer names");
		return FALSE;
	}
	work->cms_sha256 = digest_sha256_hex(g_bytes_get_data(cms, NULL), g_bytes_get_size(cms));
	if (!smime_wrap(work->final, work->entity, cms, boundary, error))
		return FALSE;
	drop_original(work);
	g_clear_pointer(&work->entity, g_bytes_unref);
	end_last_line(work->final);
	return TRUE;
}

/* Stores the final bytes; *prepared says what was stored, its strings are the work's. */
static gboolean store_final(Work *work, PreparedInput *prepared, GError **error)
{
	g_autoptr(GBytes) bytes = mail_message_to_bytes(work->final);
	guint left;

	work->final_sha256 =
		digest_sha256_hex(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	*prepared = (PreparedInput){work->send_id, work->final_sha256, g_bytes_get_size(bytes),
		work->session->envelope->queue_id, work->certificate_sha256, work->cms_sha256};
	if (g_bytes_get_size(bytes) > work->services->options->max_message_bytes) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE,
			"the signature is larger than expected");
		return FALSE;
	}
	left = deadline_left_ms(&work->deadline, error);
	return left != 0 && work->services->put_blob(
				    work->services->data, left, work->final_sha256, bytes, error);
}

/* Stores the final bytes and has them recorded: after this the send is prepared. */
static gboolean record_prepared(Work *work, GError **error)
{
	PreparedInput input;
	guint left;

	if (!store_final(work, &input, error))
		return FALSE;
	left = deadline_left_ms(&work->deadline, error);
	return left != 0 && intent_prepared(work->services, left, &input, error);
}

static Outcome *release(Work *work)
{
	Outcome *outcome = outcome_new(ACTION_ACCEPT, "prepared");

	if (work->plan->return_address != NULL || work->plan->envid != NULL) {
		outcome->sender = g_strdup(work->plan->return_address != NULL
						   ? work->plan->return_address
						   : work->session->envelope->sender);
		if (work->plan->envid != NULL)
			outcome->sender_parameters = g_strconcat("ENVID=", work->plan->envid, NULL);
	}
	outcome->final = g_steal_pointer(&work->final);
	outcome->body_changed = work->body_changed;
	return outcome;
}

/* The answer to an intent that was not taken. */
static Outcome *intent_refused(const GError *error)
{
	Outcome *outcome;

	if (!g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_REPEAT_RELEASED))
		return outcome_of_error(error, intent_refusal_is_final(error));
	outcome = outcome_new(ACTION_DISCARD, "repeat-released");
	outcome->detail = g_strdup(error->message);
	return outcome;
}

/* Final before its intent: one call and one durable commit record both. */
static Outcome *record_unsigned(Work *work)
{
	g_autofree char *permit = NULL;
	g_autoptr(GError) error = NULL;
	PreparedInput prepared;

	outcome_arrange(work->session->message, work->final);
	if (!store_final(work, &prepared, &error))
		return outcome_of_error(error, FALSE);
	if (!declare_intent(work, &prepared, &permit, &error))
		return intent_refused(error);
	return release(work);
}

/* From the intent on nothing is refused for good: the record exists, so the client tries again. */
static Outcome *record_and_sign(Work *work)
{
	g_autofree char *permit = NULL;
	g_autoptr(GError) error = NULL;

	if (!declare_intent(work, NULL, &permit, &error))
		return intent_refused(error);
	if (!sign(work, permit, &error))
		return outcome_of_error(error, FALSE);
	outcome_arrange(work->session->message, work->final);
	if (!record_prepared(work, &error))
		return outcome_of_error(error, FALSE);
	return release(work);
}

/* The body as it arrived, before anything drops it: with OpenSSL, for it may be large. */
static void digest_content(Work *work)
{
	const GByteArray *body = work->session->message->body;

	work->facts->content_sha256 = digest_sha256_hex(body->data, body->len);
}

static Outcome *decide_submission(Work *work)
{
	g_autoptr(GError) error = NULL;
	Outcome *outcome;

	if (work->services->directory_age_s(work->services->data) >
		work->services->options->max_age_s)
		return outcome_stale_directory();
	work->facts = mime_facts(work->session->message, &error);
	if (work->facts == NULL)
		return outcome_of_error(error, TRUE);
	make_ids(work);
	decide_plan(work);
	outcome = refuse(work);
	if (outcome != NULL)
		return outcome;
	digest_content(work);
	if (!rewrite(work, &error))
		return outcome_of_error(error, TRUE);
	return work->plan->sign ? record_and_sign(work) : record_unsigned(work);
}

/* What the log line says of the message, refused or not. */
static void describe(const Work *work, Outcome *outcome)
{
	outcome->send_id = g_strdup(work->send_id);
	if (work->plan == NULL)
		return;
	outcome->class_name = send_class_name(work->plan->send_class);
	for (guint i = 0; i < work->plan->warnings->len; i++)
		g_ptr_array_add(
			outcome->warnings, g_strdup(g_ptr_array_index(work->plan->warnings, i)));
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
	work.deadline = deadline_start(services);
	outcome = decide_submission(&work);
	describe(&work, outcome);
	return outcome;
}
