/* P9 for ordinary mail from outside: what it brings in is looked at before it is let in. */
#ifndef ACUSE_MILTER_INBOUND_H
#define ACUSE_MILTER_INBOUND_H

#include "mime/message.h"
#include "milter/options.h"
#include "milter/outcome.h"

/*
 * `accepted` with a warning for each finding; or, when one of them refuses, a refusal instead, and
 * `accepted` is freed. Asks nobody: works while provisiond is down. Never NULL.
 */
Outcome *inbound_judge(Outcome *accepted, const MailMessage *message, const MilterOptions *options);

#endif
