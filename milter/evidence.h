/*
 * The evidence decision: what comes in from strangers (INBOUND) and from Postfix itself (INTERNAL).
 * Reports and answers are stored and posted; what they prove is judged by provisiond (DESIGN 3,
 * FACTS 4, 5, 12).
 */
#ifndef ACUSE_MILTER_EVIDENCE_H
#define ACUSE_MILTER_EVIDENCE_H

#include "milter/outcome.h"
#include "milter/services.h"
#include "milter/session.h"

/* NULL to go on; an outcome ends the message, or refuses the one recipient. */
Outcome *evidence_at_mail(const Envelope *envelope, const Services *services);
Outcome *evidence_at_rcpt(
	const Envelope *envelope, const char *recipient, const Services *services);

/* At end of message. Never NULL; never a 5xx for INTERNAL. */
Outcome *evidence_decide(const Session *session, const Services *services);

#endif
