/* What the author did to the mail: signed, encrypted (S7). Internal to lib/mime. */
#ifndef ACUSE_MIME_PROTECTION_H
#define ACUSE_MIME_PROTECTION_H

#include "core/facts.h"
#include "mime/part.h"

/* Of the whole message; parts of an attached message do not count. */
Protection protection_of(const MailMessage *message, MimePart *root);

/* Whether this part is signed or encrypted: nothing in it may change. */
gboolean protection_covers(const MimePart *part);

#endif
