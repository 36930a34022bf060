/*
 * Whether mail from outside to an official mailbox is confirmed to who sent it (D11; DI-002, art.
 * 4.8). A confirmation goes to an address that a stranger named: so only to one that our own
 * servers found proved, that is the sender's in every field, and that belongs to a person. RFC 3834
 * 2, RFC 5230 4.5 and 4.6.
 */
#ifndef ACUSE_CORE_INCOMING_H
#define ACUSE_CORE_INCOMING_H

#include <glib.h>

typedef struct {
	const char *from;		    /* the only From address; NULL */
	const char *envelope_sender;	    /* "" for the null sender */
	const char *authentication_results; /* as ReportFacts has them; NULL */
	gboolean automatic;		    /* a program or a list wrote it */
	gboolean suppressed;		    /* it asks for no automatic answer */
	gboolean spam;			    /* our own filter says so */
	gboolean addressed;		    /* an official mailbox stands in To or Cc */
} IncomingFacts;

/* NULL: it may be confirmed. Else why not, a static word for the record. domain: our own. */
const char *incoming_bar(const IncomingFacts *facts, const char *domain);

/* Whether that address is a program's: mailer-daemon@, no-reply@, owner-x@, x-request@ ... */
gboolean incoming_is_role(const char *address);

#endif
