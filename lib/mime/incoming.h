/*
 * What a record of mail from outside (D11) needs of it besides the facts of mime/report.h. What
 * strangers send is parsed here; nothing is judged.
 */
#ifndef ACUSE_MIME_INCOMING_H
#define ACUSE_MIME_INCOMING_H

#include "mime/message.h"

typedef struct {
	char *subject;	      /* decoded, one line; NULL: no such field */
	gboolean automatic;   /* a program or a list wrote it (core/autoreply.h) */
	gboolean suppressed;  /* a person's, perhaps, that asks for no automatic answer */
	gboolean spam;	      /* a filter says so */
	GPtrArray *addressed; /* char *: addresses of To and Cc */
} IncomingMail;

/* envelope_sender: "" for the null sender. Never NULL. */
IncomingMail *mime_incoming(const MailMessage *message, const char *envelope_sender);
void incoming_mail_free(IncomingMail *mail);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IncomingMail, incoming_mail_free)

#endif
