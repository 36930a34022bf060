/*
 * Outgoing message -> MessageFacts. Reads only; every limit has a name and stands at the entrance
 * (FACTS 17).
 */
#ifndef ACUSE_MIME_FACTS_H
#define ACUSE_MIME_FACTS_H

#include "core/facts.h"
#include "mime/message.h"

#define MIME_MAX_HEADER_BYTES (256 * 1024)
#define MIME_MAX_FIELDS 1000
#define MIME_MAX_DEPTH 32
#define MIME_MAX_PARTS 500
#define MIME_MAX_PARAMETERS 100		   /* of one Content-Type or Content-Disposition */
#define MIME_MAX_ADDRESS_BYTES (32 * 1024) /* of one address field: GMime's time is quadratic */
#define MIME_MAX_GROUPS 50		   /* ':' in one address field: GMime recurses */

/* Call once at start, before threads: GMime's own set-up. */
void mime_init(void);

/* All but content_sha256. NULL with ACUSE_ERROR_TOO_COMPLEX over a limit. */
MessageFacts *mime_facts(const MailMessage *message, GError **error);

#endif
