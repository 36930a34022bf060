/* Hands one message to an SMTP server on this machine. */
#ifndef ACUSE_API_SMTP_H
#define ACUSE_API_SMTP_H

#include <glib.h>

typedef struct {
	const char *server;    /* "127.0.0.1:10025" */
	const char *sender;    /* MAIL FROM without brackets; "": the null sender (RFC 3834 3.3) */
	const char *recipient; /* without brackets */
	GBytes *message;       /* CRLF lines */
	guint timeout_ms;      /* for all of it */
} SmtpMail;

/*
 * TRUE: the server answered for it (250 after the message). FALSE with ACUSE_ERROR_UNAVAILABLE when
 * trying again can help (no answer, 4xx), else ACUSE_ERROR_INVALID (5xx). Any thread; blocks.
 */
gboolean smtp_send(const SmtpMail *mail, GError **error);

#endif
