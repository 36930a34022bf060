/*
 * work.h: intent -> signature -> prepared. Before the intent a failure is answered by its row of
 * the error table; after it always with 451, and nothing is released. One thread a message.
 */
#include "milter/work.h"
#include "api/client.h"
#include "base/error.h"
#include "cms/cms.h"
#include "cms/digest.h"
#include "core/return_token.h"
#include "mime/smime.h"
#include "milter/intent.h"

#include <string.h>

/* Asks for the record and the permit. *permit: a new string, NULL when nothing is to be signed. */
static gboolean declare_intent(Work *work, const PreparedInput *prepared, char **permit,
	char **cannot_sign, GError **error)
{
	const IntentInput input = {work->send_id, work->token, work->plan, work->facts,
		work->session->envelope, work->login, work->entity_sha256, prepared, work->block,
		work->date_original, work->exception_id};
	guint left = deadline_left_ms(&work->deadline, error);

	if (left == 0)
		return FALSE;
	return intent_declare(work->services, left, &input, permit, cannot_sign, work->plan, error);
}

static char *random_boundary(void)
{
	guint8 random[15];
	g_autofree char *text = NULL;

	random_bytes(random, sizeof random);
	text = g_base64_encode(random, sizeof random);
	return g_strconcat("=_acuse_", g_strdelimit(text, "+/", '.'), NULL);
}

/* provisiond asks for it and records what came of it; *cms may stay as it is (tsa_missing). */
static gboolean add_timestamp(Work *work, GBytes **cms, GError **error)
{
	g_autofree char *path = g_strdup_printf("/v1/sends/%s/timestamp", work->send_id);
	g_autofree char *text =
		g_base64_encode(g_bytes_get_data(*cms, NULL), g_bytes_get_size(*cms));
	json_auto_t *body = json_pack("{s:s}", "cms", text);
	json_auto_t *answer = NULL;
	guint left = deadline_left_ms(&work->deadline, error);
	const char *stamped;
	guchar *der;
	gsize size;

	if (left == 0)
		return FALSE;
	answer = work->services->call(work->services->data, left, "POST", path, body, NULL, error);
	if (answer == NULL)
		return FALSE;
	stamped = json_string_value(json_object_get(answer, "cms"));
	if (stamped == NULL)
		return TRUE;
	g_bytes_unref(*cms);
	der = g_base64_decode(stamped, &size);
	*cms = g_bytes_new_take(der, size);
	return TRUE;
}

/* What a token makes that does not verify is its trouble, as if it had not signed. */
static gboolean is_good_signature(const Work *work, GBytes *cms, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(CmsSigner) signer = cms_verify_repeated(cms, work->entity, &cause);
	const char *why = "made with another certificate than the signer names";

	if (signer != NULL && g_strcmp0(signer->certificate_sha256, work->certificate_sha256) == 0)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_TROUBLE,
		"the token's signature is not good: %s", cause != NULL ? cause->message : why);
	return FALSE;
}

gboolean work_sign(Work *work, const char *permit, GError **error)
{
	guint left = deadline_left_ms(&work->deadline, error);
	g_autoptr(GBytes) cms = NULL;
	g_autofree char *boundary = random_boundary();

	if (left == 0)
		return FALSE;
	/* What has to be done after it takes its share of the client's time. */
	left -= left / 4;
	cms = work->services->sign(
		work->services->data, left, permit, work->entity, &work->certificate_sha256, error);
	if (cms == NULL)
		return FALSE;
	if (work->services->options->timestamps && !add_timestamp(work, &cms, error))
		return FALSE;
	if (!is_good_signature(work, cms, error))
		return FALSE;
	work->cms_sha256 = digest_sha256_hex(g_bytes_get_data(cms, NULL), g_bytes_get_size(cms));
	if (!smime_wrap(work->final, &work->entity, cms, boundary, error))
		return FALSE;
	work_end_last_line(work);
	return TRUE;
}

/* *prepared says what is to be recorded, its strings are the work's. */
static gboolean describe_final(Work *work, GBytes *bytes, PreparedInput *prepared, GError **error)
{
	gsize size = g_bytes_get_size(bytes);

	work->final_sha256 = digest_sha256_hex(g_bytes_get_data(bytes, NULL), size);
	*prepared = (PreparedInput){work->send_id, work->final_sha256, size,
		work->session->envelope->queue_id, work->certificate_sha256, work->cms_sha256,
		work->final_bytes, work->unsigned_reason};
	if (size <= work->services->options->max_message_bytes)
		return TRUE;
	g_set_error_literal(
		error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE, "the signature is larger than expected");
	return FALSE;
}

static gboolean put_bytes(Work *work, GBytes *bytes, PreparedInput *prepared, GError **error)
{
	guint left;

	if (!describe_final(work, bytes, prepared, error))
		return FALSE;
	left = deadline_left_ms(&work->deadline, error);
	return left != 0 && work->services->put_blob(
				    work->services->data, left, work->final_sha256, bytes, error);
}

/* A small message goes along with its record; a large one is stored before it. */
static gboolean store_final(Work *work, PreparedInput *prepared, GError **error)
{
	gboolean stored;
	GBytes *bytes;

	if (mail_message_size(work->final) <= API_MESSAGE_BYTES_MAX) {
		work->final_bytes = mail_message_to_bytes(work->final);
		return describe_final(work, work->final_bytes, prepared, error);
	}
	bytes = mail_message_lend_bytes(work->final);
	stored = put_bytes(work, bytes, prepared, error);
	mail_message_restore(work->final, bytes);
	return stored;
}

gboolean work_record_prepared(Work *work, GError **error)
{
	PreparedInput input;
	guint left;

	if (!store_final(work, &input, error))
		return FALSE;
	left = deadline_left_ms(&work->deadline, error);
	return left != 0 && intent_prepared(work->services, left, &input, error);
}

Outcome *work_release(Work *work)
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

	/* Only provisiond knows when there is room again (P15): its own words. */
	if (g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_OVER_LIMIT) ||
		g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_OVER_LIMIT_FINAL)) {
		const AcuseErrorRow *row = acuse_error_row_of(error);
		g_autofree char *reply = g_strdup_printf("%s %s", row->smtp_status, error->message);

		return outcome_reply(reply, row->name, NULL);
	}
	if (!g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_REPEAT_RELEASED))
		return outcome_of_error(error, intent_refusal_is_final(error));
	outcome = outcome_new(ACTION_DISCARD, "repeat-released");
	outcome->detail = g_strdup(error->message);
	return outcome;
}

/* Final before its intent: one call and one durable commit record both. */
static Outcome *record_unsigned(Work *work)
{
	g_autofree char *permit = NULL, *cannot_sign = NULL;
	g_autoptr(GError) error = NULL;
	PreparedInput prepared;

	outcome_arrange(work->session->message, work->final);
	if (!store_final(work, &prepared, &error))
		return outcome_of_error(error, FALSE);
	if (!declare_intent(work, &prepared, &permit, &cannot_sign, &error))
		return intent_refused(error);
	return work_release(work);
}

static gboolean sign_or_say_why(
	Work *work, const char *permit, const char *cannot_sign, GError **error)
{
	const AcuseErrorRow *row = acuse_error_by_name(cannot_sign);

	if (permit != NULL)
		return work_sign(work, permit, error);
	g_set_error_literal(error, ACUSE_ERROR,
		row != NULL ? (int)row->code : ACUSE_ERROR_NO_BINDING,
		"no token can sign for the mailbox");
	return FALSE;
}

/* From the intent on nothing is refused for good: the record exists, so the client tries again. */
static Outcome *record_and_sign(Work *work)
{
	g_autofree char *permit = NULL, *cannot_sign = NULL;
	g_autoptr(GError) error = NULL;

	if (!declare_intent(work, NULL, &permit, &cannot_sign, &error))
		return intent_refused(error);
	if (!sign_or_say_why(work, permit, cannot_sign, &error))
		return work_without_signature(work, error);
	outcome_arrange(work->session->message, work->final);
	if (!work_record_prepared(work, &error))
		return outcome_of_error(error, FALSE);
	return work_release(work);
}

Outcome *work_record(Work *work)
{
	return work->plan->sign ? record_and_sign(work) : record_unsigned(work);
}
