/* Mail of the gateway's own programs (stream LOCAL): makes no evidence, and may not claim an
 * account. */
#ifndef ACUSE_MILTER_LOCAL_MAIL_H
#define ACUSE_MILTER_LOCAL_MAIL_H

#include "milter/outcome.h"
#include "milter/services.h"
#include "milter/session.h"

/* At MAIL: NULL to go on. */
Outcome *local_mail_at_mail(const Envelope *envelope, const Services *services);

/* The return address of a send has no mailbox: what comes from inside is refused. NULL: it is none.
 */
Outcome *local_mail_refuse_return_address(const char *recipient, const Services *services);

/* At end of message. Never NULL. */
Outcome *local_mail_decide(const Session *session, const Services *services);

#endif
