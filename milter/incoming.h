/* D11: mail from outside to the official mailboxes ([incoming] mailboxes) goes on record. */
#ifndef ACUSE_MILTER_INCOMING_H
#define ACUSE_MILTER_INCOMING_H

#include "core/evidence.h"
#include "milter/outcome.h"
#include "milter/services.h"
#include "milter/session.h"

/*
 * Posts it to provisiond, when it is for one of those mailboxes and `outcome` accepts it; report is
 * the same mail as mime_report has it. It flows in any case: what could not be recorded is a
 * warning of `outcome`.
 */
void incoming_record(const Session *session, const ReportFacts *report, const Services *services,
	Outcome *outcome);

#endif
