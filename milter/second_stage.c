/*
 * second_stage.h: what came is the held mail, byte for byte in what is signed, or it is deferred:
 * provisiond compares the digest of its entity and its recipients, so nobody who reaches the
 * service can have anything else signed. The Date is set anew when it is too old for a signature of
 * now. One thread a message.
 */
#include "milter/second_stage.h"
#include "base/error.h"
#include "base/text.h"
#include "cms/digest.h"
#include "mime/facts.h"
#include "mime/smime.h"
#include "milter/date.h"
#include "milter/intent.h"
#include "milter/work.h"

#include <string.h>

static char *only_field(const MailMessage *message, const char *name)
{
	char *value = NULL;

	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		if (g_ascii_strcasecmp(field->name, name) != 0)
			continue;
		if (value != NULL) {
			g_free(value);
			return NULL;
		}
		value = g_strstrip(g_strdup(field->value));
	}
	return value;
}

static gboolean is_send_id(const char *id)
{
	return id != NULL && g_uuid_string_is_valid(id);
}

static gboolean digest_entity(Work *work, char **sha256, GError **error)
{
	work->entity = smime_entity(work->final, error);
	if (work->entity == NULL)
		return FALSE;
	*sha256 = digest_sha256_hex(
		g_bytes_get_data(work->entity, NULL), g_bytes_get_size(work->entity));
	return TRUE;
}

/* The entity as it was held, then as it is to be signed. */
static gboolean make_entity(Work *work, char **held_sha256, GError **error)
{
	gint64 now_s = work->services->now_s(work->services->data);

	work->facts = mime_facts(work->session->message, error);
	if (work->facts == NULL)
		return FALSE;
	work->final = mail_message_take_body(work->session->message);
	mail_message_delete_fields(work->final, SECOND_STAGE_FIELD);
	if (!digest_entity(work, held_sha256, error))
		return FALSE;
	work->date_original = date_complete(work->final, work->facts, TRUE, now_s);
	if (work->date_original == NULL) {
		work->entity_sha256 = g_strdup(*held_sha256);
		return TRUE;
	}
	smime_give_back(work->final, &work->entity);
	return digest_entity(work, &work->entity_sha256, error);
}

static gboolean resume(Work *work, const char *held_sha256, char **permit, GError **error)
{
	const Envelope *envelope = work->session->envelope;
	const ResumeInput input = {work->send_id, envelope->queue_id, envelope->recipients,
		held_sha256, work->entity_sha256};
	guint left = deadline_left_ms(&work->deadline, error);

	return left != 0 && intent_resume(work->services, left, &input, permit,
				    &work->plan->return_address, &work->plan->envid, error);
}

static Outcome *refused(const GError *error)
{
	Outcome *outcome;

	if (!g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_REPEAT_RELEASED))
		return outcome_of_error(
			error, g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_HOLD_OVER));
	outcome = outcome_new(ACTION_DISCARD, "repeat-released");
	outcome->detail = g_strdup(error->message);
	return outcome;
}

static Outcome *sign_held(Work *work)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *held_sha256 = NULL, *permit = NULL;

	if (!make_entity(work, &held_sha256, &error))
		return outcome_of_error(error, FALSE);
	if (!resume(work, held_sha256, &permit, &error))
		return refused(error);
	if (!work_sign(work, permit, &error))
		return outcome_of_error(error, FALSE);
	outcome_arrange(work->session->message, work->final);
	if (!work_record_prepared(work, &error))
		return outcome_of_error(error, FALSE);
	return work_release(work);
}

Outcome *second_stage_decide(const Session *session, const Services *services)
{
	g_auto(Work) work = {.session = session, .services = services, .body_changed = TRUE};
	Outcome *outcome;

	work.deadline = deadline_start_for(services, SECOND_STAGE_WAIT_MS);
	work.send_id = only_field(session->message, "Acuse-Id");
	if (!is_send_id(work.send_id))
		return outcome_reply(
			_("451 4.7.1 El servicio de correo no esta bien configurado. Avise a la "
			  "OTIC"),
			"not-held", "what came to the second stage has no Acuse-Id");
	work.plan = plan_new();
	work.plan->sign = TRUE;
	outcome = sign_held(&work);
	outcome->send_id = g_strdup(work.send_id);
	return outcome;
}
