/*
 * work.h: the plan's edits on copies of the fields and on the body, by splicing and in its place
 * body. Fails with the error of the part that cannot be edited; then nothing of the copy is used.
 * One thread a message.
 */
#include "milter/work.h"
#include "base/error.h"
#include "cms/digest.h"
#include "mime/rewrite.h"
#include "mime/smime.h"
#include "milter/compress.h"
#include "milter/date.h"

#include <string.h>

/* What a signature may add to the signed entity: base64 of the CMS with its chain, boundaries,
 * fields. */
#define SIGNATURE_BOUND_BYTES (64 * 1024)

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

static gboolean edit_fields(Work *work, GError **error)
{
	for (guint i = 0; i < work->plan->header_edits->len; i++) {
		const HeaderEdit *edit = g_ptr_array_index(work->plan->header_edits, i);
		const char *value = edit->op == HEADER_DELETE ? NULL : edit->value;

		if (!mime_set_field(work->final, edit->name, value, error))
			return FALSE;
	}
	return TRUE;
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

void work_end_last_line(Work *work)
{
	GByteArray *body = work->final->body;

	if (body->len == 0 ||
		(body->len >= 2 && memcmp(body->data + body->len - 2, "\r\n", 2) == 0))
		return;
	g_byte_array_append(body, (const guint8 *)"\r\n", 2);
	work->body_changed = TRUE;
}

/*
 * What a notification asks of its citizen ends the text, under the block. A block that its author
 * wrote takes it too: what the policy's own block was looked for with has its words.
 */
static gboolean insert_request(Work *work, GError **error)
{
	const SignatureSettings *signature = work->services->options->policy->signature;
	const char *const items[] = {signature->acknowledge, NULL};
	const MimeBlock request = {work->plan->request_text, work->plan->request_html, items,
		signature->position == SIGNATURE_BEFORE_QUOTE, NULL, NULL, NULL};
	MimeBlockOutcome outcome;

	if (request.text == NULL)
		return TRUE;
	if (!mime_insert_block(work->final, &request, &outcome, error))
		return FALSE;
	work->body_changed |= outcome <= MIME_BLOCK_COMPLETED;
	return TRUE;
}

static char *with_request(const char *block, const char *request)
{
	if (block == NULL || request == NULL)
		return g_strdup(block);
	return g_strconcat(block, "\n", request, NULL);
}

static gboolean insert_block(Work *work, GError **error)
{
	static const char *const words[] = {
		[MIME_BLOCK_ADDED] = "added",
		[MIME_BLOCK_COMPLETED] = "added",
		[MIME_BLOCK_PRESENT] = "present",
		[MIME_BLOCK_PROTECTED] = "protected",
	};
	const SignatureSettings *signature = work->services->options->policy->signature;
	g_autofree char *text = with_request(work->plan->block_text, work->plan->request_text);
	g_autofree char *html = with_request(work->plan->block_html, work->plan->request_html);
	const MimeBlock block = {text, html, (const char *const *)work->plan->block_items,
		signature->position == SIGNATURE_BEFORE_QUOTE, signature->logo,
		signature->logo_type, signature->logo_id};
	MimeBlockOutcome outcome;

	work->block = work->facts->protection != PROTECTION_NONE ? "protected" : "absent";
	if (work->plan->block_text == NULL)
		return insert_request(work, error);
	if (!mime_insert_block(work->final, &block, &outcome, error))
		return FALSE;
	work->block = words[outcome];
	work->body_changed = outcome <= MIME_BLOCK_COMPLETED;
	/* The policy's own block has the request in it. */
	return outcome == MIME_BLOCK_ADDED || insert_request(work, error);
}

gboolean work_rewrite(Work *work, GError **error)
{
	const Plan *plan = work->plan;
	guint compressed;

	work->final = mail_message_take_body(work->session->message);
	delete_foreign_marks(work->final);
	complete_fields(work);
	if (!edit_fields(work, error) ||
		!compress_attachments(work->final, work->facts->attachments, plan->compress,
			&compressed, error) ||
		!deadline_allows(&work->deadline, error) || !insert_block(work, error))
		return FALSE;
	work->body_changed |= compressed > 0;
	work_end_last_line(work);
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
	return deadline_allows(&work->deadline, error) && check_size(work, error);
}
