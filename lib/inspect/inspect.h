/*
 * Looks into attachments before the policy decides, for the rules that ask for it. Costs nothing
 * for a mail without attachments.
 */
#ifndef ACUSE_INSPECT_INSPECT_H
#define ACUSE_INSPECT_INSPECT_H

#include "core/attachment.h"
#include "core/policy.h"
#include "mime/message.h"
#include "inspect/pdf_signature.h"

/* What is wanted, from the settings; immutable, shared by all threads. */
typedef struct {
	gboolean blocked;	       /* P9 */
	gboolean pdf;		       /* P11: is_pdf, size and digest of each PDF */
	PdfChecker *pdf_checker;       /* and its signatures; NULL: not looked at; borrowed */
	gsize heavy_bytes;	       /* P8: estimates what is larger; 0: nothing */
	const char *const *extensions; /* P9: "exe", lower case, NULL-terminated; borrowed */
	/* P9: path of acuse-look, borrowed: archives are unpacked in a process of their own. NULL:
	 * in this one. */
	const char *looker;
} InspectOptions;

/*
 * Fills the second half of each AttachmentFacts of the message (core/attachment.h), whose offsets
 * are those of message->body as it is now. What cannot be read is a finding; FALSE with UNAVAILABLE
 * when the process that unpacks crashed, was killed or could not be started.
 */
gboolean inspect_attachments(const MailMessage *message, GPtrArray *attachments,
	const InspectOptions *options, GError **error);

/* What the rules in force want to know of what is sent: P8 and P9; extensions are the policy's. */
InspectOptions inspect_options(const PolicySettings *policy);

/* By the settings, or NULL: P11 is off. */
PdfChecker *inspect_pdf_checker(const Settings *settings, const PolicySettings *policy);

/* Signatures of PDFs cost a process each: they are looked at in official documents. */
gboolean inspect_wants_pdf(
	const InspectOptions *options, const PolicySettings *policy, const MessageFacts *facts);

/* Where acuse-look is: beside the program that runs, else where it is installed. A new string;
 * NULL with NOT_FOUND. */
char *inspect_looker(GError **error);

#endif
