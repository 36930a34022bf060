/*
 * Changes to a message, by splicing bytes: only the text parts that get the block, and their own charset
 * and transfer-encoding fields, change; every other byte stays (DESIGN 3, FACTS 17, 18). Each function
 * works on the message in place and leaves it as it was on failure. A check of our own follows each edit:
 * the part tree is the same, untouched leaves are identical, the decoded text is the old one plus the
 * block; if it fails: ACUSE_ERROR_DAMAGED and the mail must not be released.
 */
#ifndef ACUSE_MIME_REWRITE_H
#define ACUSE_MIME_REWRITE_H

#include "mime/message.h"

/*
 * Adds the signature block at the end of the body's text/plain and text/html parts (P4): inside
 * alternative, related and mixed, never in attachments, message/rfc822, calendar, signed or encrypted
 * parts. HTML: before the last real </body> (gumbo tells where). A part in another charset that cannot hold
 * the block becomes UTF-8 quoted-printable; HTML that is not in UTF-8 gets character references. A block
 * already there at the end is not repeated. A mail without any text part gets one. A protected mail stays as
 * it is, with TRUE. ACUSE_ERROR_TOO_LARGE over a limit of mime/html.h. block_text and block_html: UTF-8, LF,
 * no final line end.
 */
gboolean mime_add_block(MailMessage *message, const char *block_text, const char *block_html,
	GError **error);

/*
 * Re-encodes each 8-bit or over-long leaf as quoted-printable or base64, and raw UTF-8 in the Content-* fields
 * of parts (file names): needed before signing. ACUSE_ERROR_INVALID where that cannot be done: in headers of
 * attached messages, in protected parts, between parts.
 */
gboolean mime_to_7bit(MailMessage *message, GError **error);

#endif
