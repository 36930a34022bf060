/* P8: heavy attachments of a mail put into zips, in their place. */
#ifndef ACUSE_MILTER_COMPRESS_H
#define ACUSE_MILTER_COMPRESS_H

#include "core/attachment.h"
#include "mime/message.h"

/*
 * parts: guint, AttachmentFacts.part of those to compress, in order; the facts are of the message's
 * body as it is now. An attachment stays as it is when its zip is not a tenth smaller, or when not
 * every reader would decode it to the same bytes. *done: how many were compressed. FALSE with
 * ACUSE_ERROR_DAMAGED: the message must not be used. Memory: the zips, and one decoded attachment.
 */
gboolean compress_attachments(MailMessage *message, const GPtrArray *attachments,
	const GArray *parts, guint *done, GError **error);

#endif
