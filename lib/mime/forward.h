/* Whether a forwarded message has the original in it. Internal to lib/mime. */
#ifndef ACUSE_MIME_FORWARD_H
#define ACUSE_MIME_FORWARD_H

#include "mime/part.h"

/* A message is attached, or a text of the mail quotes one. A text that cannot be read has none. */
gboolean forward_has_original(const MailMessage *message, MimePart *root);

#endif
