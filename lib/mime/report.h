/*
 * Inbound mail -> ReportFacts (core/evidence.h): DSN, MDN, answers, automatic answers. What
 * strangers send is parsed here and nowhere else; limits of mime/facts.h hold. Fields are taken as
 * they stand; judging them is core/evidence.c's work.
 */
#ifndef ACUSE_MIME_REPORT_H
#define ACUSE_MIME_REPORT_H

#include "core/evidence.h"
#include "mime/message.h"

/*
 * envelope: stream, queue id, client, sender. authserv_id: whose Authentication-Results count; ""
 * or NULL: none's. Never returns NULL; what cannot be parsed is REPORT_NONE. token and
 * original_sha256 are the caller's to fill.
 */
ReportFacts *mime_report(
	const MailMessage *message, const Envelope *envelope, const char *authserv_id);

/* Whether references, or the report, name an id that only the ledger can know: worth posting as an
 * event. */
gboolean mime_report_is_candidate(const ReportFacts *report);

#endif
