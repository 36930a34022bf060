/*
 * The second stage of held mail (S6): Postfix brings it from its queue to a service of the loopback
 * whose stream is RELEASE, again and again until it is signed here. Its client is Postfix, so it
 * may wait longer than a person's.
 */
#ifndef ACUSE_MILTER_SECOND_STAGE_H
#define ACUSE_MILTER_SECOND_STAGE_H

#include "milter/outcome.h"
#include "milter/services.h"
#include "milter/session.h"

/* By this field Postfix knows what goes there (contrib/postfix/held.regexp). */
#define SECOND_STAGE_FIELD "Acuse-Held"

/* Below Postfix's milter_content_timeout (300 s). */
#define SECOND_STAGE_WAIT_MS 120000

/* Signed and released; 451 while it cannot be; refused when it is held no longer. Never NULL. */
Outcome *second_stage_decide(const Session *session, const Services *services);

#endif
