/*
 * A server for tests of what sends mail: one thread, one connection after the other, on a port of
 * loopback. It keeps the messages that it took whole, and says at each step what the test wants.
 */
#ifndef ACUSE_TESTS_UNIT_SMTP_STUB_H
#define ACUSE_TESTS_UNIT_SMTP_STUB_H

#include <glib.h>

/* Where a connection goes wrong. */
typedef enum {
	SMTP_GREETING,
	SMTP_MAIL,
	SMTP_RCPT,
	SMTP_DATA,
	SMTP_MESSAGE,
	SMTP_NOWHERE
} SmtpStep;

typedef struct {
	SmtpStep step;
	const char *reply; /* "450 4.2.1 later"; NULL: hangs up instead */
} SmtpFault;

typedef struct _SmtpStub SmtpStub;

/* The faults of the first connections, in order; those after `n` have none. Borrowed. */
SmtpStub *smtp_stub_new(const SmtpFault *faults, guint n);
void smtp_stub_free(SmtpStub *stub);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SmtpStub, smtp_stub_free)

const char *smtp_stub_server(const SmtpStub *stub); /* "127.0.0.1:PORT" */
guint smtp_stub_connections(SmtpStub *stub);
/* A new string: "MAIL FROM:<> | RCPT TO:<a@b> | ..." of all connections. */
char *smtp_stub_commands(SmtpStub *stub);
/* Messages whose last line came, whatever was answered: a new string, NULL: not so many. */
char *smtp_stub_message(SmtpStub *stub, guint index);

#endif
