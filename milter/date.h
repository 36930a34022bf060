/* The Date of outgoing mail. */
#ifndef ACUSE_MILTER_DATE_H
#define ACUSE_MILTER_DATE_H

#include "core/facts.h"
#include "mime/message.h"

#define MAX_DATE_DIFFERENCE_S 600

/*
 * Gives the message, and the facts, the Date of now_s when it has none or, to be signed, none that
 * can be read or one that is more than MAX_DATE_DIFFERENCE_S away: readers call a signature of
 * another time invalid (FACTS 14). Returns the value that was replaced, a new string, or NULL.
 */
char *date_complete(MailMessage *message, MessageFacts *facts, gboolean sign, gint64 now_s);

#endif
