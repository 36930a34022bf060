/*
 * multipart/signed (RFC 8551) with header protection (RFC 9788, hp="clear"; FACTS 31).
 */
#ifndef ACUSE_MIME_SMIME_H
#define ACUSE_MIME_SMIME_H

#include "mime/message.h"

/*
 * The entity to be signed: the message's own MIME fields (Content-*) with hp="clear" added,
 * preceded by copies of From, To, Cc, Subject, Date and Message-ID folded to 78; empty line; body.
 * CRLF, 7-bit. A malformed Content-Type is not spliced: the body is wrapped in multipart/mixed;
 * hp="clear". The body goes into it: the message has none then, for it may be large. Fails with
 * ACUSE_ERROR_UNSIGNABLE when the message has 8-bit bytes or lines over 998, and is as it was; with
 * ACUSE_ERROR_DAMAGED when the check afterwards fails, and must not be used then.
 */
GBytes *smime_entity(MailMessage *message, GError **error);

/*
 * Undoes smime_entity on the message it was made of: the message has its body again (with CRLF at
 * the end of each line). One whose Content-Type was malformed has the entity's, which is around its
 * body. *entity, consumed, is NULL then.
 */
void smime_give_back(MailMessage *message, GBytes **entity);

/*
 * Makes the message a multipart/signed of that entity and the detached CMS (DER). micalg "sha-256".
 * boundary: from the caller (random), must not occur in the entity. Content-* and MIME-Version
 * fields are replaced. The entity's bytes go in unchanged, and *entity, consumed, is NULL then.
 * ACUSE_ERROR_DAMAGED: the check of that failed, and the message must not be used.
 */
gboolean smime_wrap(MailMessage *message, GBytes **entity, GBytes *cms_der, const char *boundary,
	GError **error);

/* Out of a multipart/signed: the entity's exact bytes and the CMS. FALSE when it is no such
 * message. */
gboolean smime_split(const void *message, gsize size, GBytes **entity, GBytes **cms_der);

#endif
