/*
 * One SMTP connection and the message it is sending: what the callbacks collect before anything is
 * decided. Limits stand here: a message over the limit is no longer kept, only marked.
 */
#ifndef ACUSE_MILTER_SESSION_H
#define ACUSE_MILTER_SESSION_H

#include "core/facts.h"
#include "mime/message.h"

typedef struct {
	char *client_address; /* of the connection; NULL: local */
	/* The message under way; NULL between messages. */
	Envelope *envelope;
	MailMessage *message;
	gsize size_bytes;	  /* fields and body collected */
	gboolean too_large;	  /* over the limit: message is incomplete */
	unsigned long unanswered; /* SMFIP_NR_*: steps whose callbacks must not answer, agreed for
				     the connection */
} Session;

Session *session_new(void);
void session_free(Session *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_free)

/* arguments: address with or without angle brackets, then ESMTP parameters, NULL-terminated. */
void session_begin(Session *session, const char *daemon_name, const char *login, char **arguments);
/* A recipient as Postfix delivers to it and names it in its reports: own domain added, final dot
 * and needless quotes gone. */
char *address_as_delivered(const char *address, const char *domain);

/* arguments[0] is the address, as MAIL and RCPT write it; `domain` completes one without a domain.
 */
void session_add_recipient(Session *session, char **arguments, const char *domain);
void session_add_field(Session *session, const char *name, const char *value, gsize max_bytes);
void session_add_body(Session *session, const void *bytes, gsize size, gsize max_bytes);
/* Forgets the message, keeps the connection. */
void session_end(Session *session);

/* "<a@b>" or "a@b" -> "a@b"; a new string. */
char *address_unbracket(const char *address);
/* Whether the address is in the domain (case aside). */
gboolean address_in_domain(const char *address, const char *domain);

#endif
