/*
 * work.h: a mail that cannot be signed now (S6). Held, it goes to Postfix's queue as it would be
 * without a signature, with a mark by which Postfix leads it to the second stage
 * (milter/second_stage.h). Whatever fails here is answered 451. One thread a message.
 */
#include "milter/work.h"
#include "base/error.h"
#include "cms/digest.h"
#include "mime/smime.h"
#include "milter/intent.h"
#include "milter/second_stage.h"

#include <string.h>

/* A moment of the signer's or of ours; what is wrong with the mail itself is no such thing. */
static gboolean is_failure_to_sign(const GError *cause)
{
	return acuse_error_is_of_signature(cause) ||
	       g_error_matches(cause, ACUSE_ERROR, ACUSE_ERROR_TIMEOUT) ||
	       g_error_matches(cause, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE);
}

/* Of the message as the second stage will have it, which may differ in folds from the first one. */
static char *held_digest(MailMessage *final, GError **error)
{
	g_autoptr(GBytes) entity = smime_entity(final, error);
	char *sha256;

	if (entity == NULL)
		return NULL;
	sha256 = digest_sha256_hex(g_bytes_get_data(entity, NULL), g_bytes_get_size(entity));
	smime_give_back(final, &entity);
	return sha256;
}

static Outcome *hold(Work *work, const GError *cause)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *sha256 = held_digest(work->final, &error);
	const char *reason = acuse_error_row_of(cause)->name;
	const HoldInput input = {
		work->send_id, reason, sha256, work->plan->return_address, work->plan->envid};
	guint left = sha256 != NULL ? deadline_left_ms(&work->deadline, &error) : 0;
	Outcome *outcome;

	if (left == 0 || !intent_hold(work->services, left, &input, &error))
		return outcome_of_error(error, FALSE);
	mail_message_add_field(work->final, SECOND_STAGE_FIELD, " yes");
	outcome_arrange(work->session->message, work->final);
	outcome = outcome_new(ACTION_ACCEPT, "held");
	outcome->detail = g_strdup(cause->message);
	outcome->final = g_steal_pointer(&work->final);
	outcome->body_changed = work->body_changed;
	return outcome;
}

static Outcome *release_unsigned(Work *work, const GError *cause)
{
	g_autoptr(GError) error = NULL;
	Outcome *outcome;

	work->unsigned_reason = acuse_error_row_of(cause)->name;
	outcome_arrange(work->session->message, work->final);
	if (!work_record_prepared(work, &error))
		return outcome_of_error(error, FALSE);
	outcome = work_release(work);
	outcome->decision = "unsigned";
	outcome->detail = g_strdup(cause->message);
	return outcome;
}

Outcome *work_without_signature(Work *work, const GError *cause)
{
	OnFailure on_failure = work->services->options->on_failure;

	if (on_failure == ON_FAILURE_REFUSE || !is_failure_to_sign(cause) || work->entity == NULL)
		return outcome_of_error(cause, FALSE);
	g_clear_pointer(&work->certificate_sha256, g_free);
	smime_give_back(work->final, &work->entity);
	return on_failure == ON_FAILURE_HOLD ? hold(work, cause) : release_unsigned(work, cause);
}
