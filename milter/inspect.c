/*
 * inspect.h: decodes what a rule asks for, once, and looks at it. Memory: one decoded attachment at
 * a time. No state; safe in every thread.
 */
#include "milter/inspect.h"

#include <string.h>

#include "cms/digest.h"
#include "mime/attachments.h"

#define HEAD_BYTES 1024 /* a PDF's mark may stand behind this much of something else */

static gboolean has_pdf_mark(const GByteArray *bytes)
{
	return bytes->len > 0 &&
	       memmem(bytes->data, MIN(bytes->len, HEAD_BYTES), "%PDF-", 5) != NULL;
}

static void take_whole(AttachmentFacts *attachment, const GByteArray *bytes)
{
	attachment->size_bytes = bytes->len;
	attachment->sha256 = digest_sha256_hex(bytes->data, bytes->len);
}

static void inspect_one(
	const MailMessage *message, AttachmentFacts *attachment, const InspectOptions *options)
{
	gboolean heavy =
		options->heavy_bytes > 0 && attachment->encoded_bytes > options->heavy_bytes;
	g_autoptr(GByteArray) bytes = mime_attachment_bytes(message, attachment, HEAD_BYTES);

	attachment->is_pdf = has_pdf_mark(bytes);
	attachment->inspected = TRUE;
	if (!heavy && !(options->pdf && attachment->is_pdf))
		return;
	g_byte_array_unref(bytes);
	bytes = mime_attachment_bytes(message, attachment, G_MAXSIZE);
	take_whole(attachment, bytes);
}

void inspect_attachments(
	const MailMessage *message, GPtrArray *attachments, const InspectOptions *options)
{
	if (!options->blocked && !options->pdf && options->heavy_bytes == 0)
		return;
	for (guint i = 0; i < attachments->len; i++)
		inspect_one(message, g_ptr_array_index(attachments, i), options);
}
