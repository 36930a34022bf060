/*
 * The leaves of a message that a reader gets as files: their names as any reader may see them, and
 * their decoded bytes on demand.
 */
#ifndef ACUSE_MIME_ATTACHMENTS_H
#define ACUSE_MIME_ATTACHMENTS_H

#include "core/attachment.h"
#include "mime/message.h"

#define MIME_MAX_NAME_BYTES 1024 /* of a file name; what is longer is cut in front */

/*
 * Appends an AttachmentFacts for each: what has a name, is no text or HTML, or is marked as an
 * attachment, also inside attached messages; and each plain text with files uuencoded in it
 * (mime/uuencode.h), as embedded. FALSE with ACUSE_ERROR_TOO_COMPLEX over a limit of
 * mime/facts.h. mime_facts() does it for its message.
 */
gboolean mime_attachments(const MailMessage *message, GPtrArray *attachments, GError **error);

/*
 * The decoded bytes of that part of the same message: the first max_bytes of them, or a little
 * more. Base64 is read over padding inside and over what is not base64 (FACTS 17b), as lenient
 * readers do. An encoding that is not known is left as it is. The caller owns the array.
 */
GByteArray *mime_attachment_bytes(
	const MailMessage *message, const AttachmentFacts *attachment, gsize max_bytes);

/*
 * All its bytes, when every reader decodes the same; NULL when that is not certain (what is not
 * base64, an encoding that is not known).
 */
GByteArray *mime_attachment_exact(const MailMessage *message, const AttachmentFacts *attachment);

/* New content for one attachment. */
typedef struct {
	guint part;	   /* AttachmentFacts.part */
	GByteArray *bytes; /* taken over */
	const char *type;  /* "application/zip", static */
	char *name;	   /* UTF-8, one path element */
} MimeReplacement;

void mime_replacement_free(MimeReplacement *replacement);

/*
 * Puts new files in the place of attachments, in base64; type, name and encoding of those parts
 * change, nothing else. FALSE with ACUSE_ERROR_DAMAGED when the check afterwards fails: the message
 * must not be used then. *done: how many; a part whose fields cannot be changed for certain stays.
 * Replacements in the order of their parts.
 */
gboolean mime_replace_attachments(
	MailMessage *message, const GPtrArray *replacements, guint *done, GError **error);

#endif
