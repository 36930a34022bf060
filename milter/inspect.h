/*
 * Looks into attachments before the policy decides, for the rules that ask for it. Costs nothing
 * for a mail without attachments.
 */
#ifndef ACUSE_MILTER_INSPECT_H
#define ACUSE_MILTER_INSPECT_H

#include "core/attachment.h"
#include "mime/message.h"
#include "milter/pdf_signature.h"

/* What is wanted, from the settings; immutable, shared by all threads. */
typedef struct {
	gboolean blocked;	       /* P9 */
	gboolean pdf;		       /* P11: is_pdf, size and digest of each PDF */
	PdfChecker *pdf_checker;       /* and its signatures; NULL: not looked at; borrowed */
	gsize heavy_bytes;	       /* P8: estimates what is larger; 0: nothing */
	const char *const *extensions; /* P9: "exe", lower case, NULL-terminated; borrowed */
} InspectOptions;

/*
 * Fills the second half of each AttachmentFacts of the message (core/attachment.h), whose offsets
 * are those of message->body as it is now. Never fails: what cannot be read is a finding.
 */
void inspect_attachments(
	const MailMessage *message, GPtrArray *attachments, const InspectOptions *options);

#endif
