/*
 * P8: heavy attachments travel compressed (DI-002 4.9). What would shrink by a tenth at least is
 * put into a zip, or the sender is asked to do so (setting). Never in protected mail, in attached
 * messages, or in what the text shows.
 */
#include "base/text.h"
#include "core/rules/rules.h"

static gboolean shrinks(const AttachmentFacts *attachment, gsize heavy_bytes)
{
	return attachment->size_bytes > heavy_bytes && attachment->compressed_bytes > 0 &&
	       attachment->compressed_bytes <= attachment->size_bytes / 10 * 9;
}

static gboolean may_change(const AttachmentFacts *attachment)
{
	return !attachment->embedded && !attachment->nested && attachment_name(attachment) != NULL;
}

static gboolean applies(const PolicyInput *input, const Plan *plan)
{
	(void)plan;
	return input->facts->attachments->len > 0 && input->facts->protection == PROTECTION_NONE;
}

static gboolean decide(const PolicyInput *input, Plan *plan, char **advice, const char **status)
{
	const GPtrArray *attachments = input->facts->attachments;
	const AttachmentPolicy *settings = input->settings->attachments;
	gboolean compress =
		!settings->heavy_refuse && policy_mode(input, "P8", NULL) == MODE_ENFORCE;

	(void)status;
	for (guint i = 0; i < attachments->len; i++) {
		const AttachmentFacts *attachment = g_ptr_array_index(attachments, i);
		g_autofree char *name = NULL;

		if (!may_change(attachment) || !shrinks(attachment, settings->heavy_bytes))
			continue;
		if (compress) {
			g_array_append_val(plan->compress, attachment->part);
			continue;
		}
		name = attachment_short_path(attachment_name(attachment));
		*advice = g_strconcat(N_("Comprima el archivo (zip) y reenvie: "), name, NULL);
		return FALSE;
	}
	return TRUE;
}

const Rule rule_p8_heavy = {"P8", "DI-002, art. 4.9", applies, decide};
