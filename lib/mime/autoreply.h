/* Whether a program answered (RFC 3834 and what is in use besides). Internal to lib/mime. */
#ifndef ACUSE_MIME_AUTOREPLY_H
#define ACUSE_MIME_AUTOREPLY_H

#include "mime/message.h"

/* sender: the envelope's, "" for the null sender, which no person's mail has. */
gboolean autoreply_detect(const MailMessage *message, const char *sender);
/* The same, but for what the field of that name says (any case; NULL: none). */
gboolean autoreply_detect_beside(
	const MailMessage *message, const char *sender, const char *ignored);

#endif
