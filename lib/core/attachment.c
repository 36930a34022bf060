/* Attachments as data (attachment.h): allocation, and findings with the path they were made at. No
 * shared state, never fails. */
#include "core/attachment.h"

#include <string.h>

AttachmentFacts *attachment_facts_new(void)
{
	return g_new0(AttachmentFacts, 1);
}

void attachment_facts_free(AttachmentFacts *attachment)
{
	if (attachment == NULL)
		return;
	g_strfreev(attachment->names);
	g_free(attachment->type);
	g_free(attachment->sha256);
	g_free(attachment->pdf_detail);
	for (guint i = 0; i < BLOCKED_N; i++)
		g_free(attachment->blocked[i]);
	g_free(attachment);
}

gint64 attachments_signed_s(const GPtrArray *attachments)
{
	gint64 last_s = 0;

	if (strcmp(attachments_pdf_word(attachments), "valid") != 0)
		return 0;
	for (guint i = 0; i < attachments->len; i++) {
		const AttachmentFacts *attachment = g_ptr_array_index(attachments, i);

		if (attachment->is_pdf && attachment->pdf_signed_s == 0)
			return 0;
		last_s = MAX(last_s, attachment->pdf_signed_s);
	}
	return last_s;
}

const char *attachment_name(const AttachmentFacts *attachment)
{
	return attachment->names != NULL ? attachment->names[0] : NULL;
}

void attachment_block(AttachmentFacts *attachment, BlockedReason reason, const char *path)
{
	char *text;

	if (attachment->blocked[reason] != NULL)
		return;
	text = g_utf8_make_valid(path, -1);
	for (char *c = text; *c != '\0'; c++)
		if (g_ascii_iscntrl(*c))
			*c = ' ';
	attachment->blocked[reason] = text;
}

const char *attachments_pdf_word(const GPtrArray *attachments)
{
	/* The worst last. */
	static const struct {
		PdfSignature signature;
		const char *word;
	} order[] = {{PDF_VALID, "valid"}, {PDF_UNSIGNED, "unsigned"}, {PDF_UNTRUSTED, "untrusted"},
		{PDF_NOT_CHECKED, "unreadable"}, {PDF_UNREADABLE, "unreadable"},
		{PDF_BROKEN, "broken"}};
	const char *word = "none";
	guint worst = 0;

	for (guint i = 0; i < attachments->len; i++) {
		const AttachmentFacts *attachment = g_ptr_array_index(attachments, i);

		for (guint rank = 0; attachment->is_pdf && rank < G_N_ELEMENTS(order); rank++) {
			if (order[rank].signature != attachment->pdf_signature || rank < worst)
				continue;
			worst = rank;
			word = order[rank].word;
		}
	}
	return word;
}
