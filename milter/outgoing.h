/*
 * The outgoing decision: an employee's message, or one of the gateway's own programs, into an
 * Outcome (DESIGN 3). Collects nothing and applies nothing: a function over message, envelope and
 * services.
 */
#ifndef ACUSE_MILTER_OUTGOING_H
#define ACUSE_MILTER_OUTGOING_H

#include "milter/outcome.h"
#include "milter/services.h"
#include "milter/session.h"

/* At MAIL: NULL to go on; an outcome ends the message there (accepted unchanged, or refused). */
Outcome *outgoing_at_mail(const Envelope *envelope, const Services *services);

/* At RCPT: NULL to go on. */
Outcome *outgoing_at_rcpt(
	const Envelope *envelope, const char *recipient, const Services *services);

/* At end of message. Never NULL. */
Outcome *outgoing_decide(const Session *session, const Services *services);

#endif
