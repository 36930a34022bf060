/*
 * A message as the milter collects it: fields in order with their exact values, and the body bytes.
 * Value as Postfix gives it under SMFIP_HDR_LEADSPC: leading blank kept, folds as LF (FACTS 10).
 * Body: CRLF.
 */
#ifndef ACUSE_MIME_MESSAGE_H
#define ACUSE_MIME_MESSAGE_H

#include <glib.h>

typedef struct {
	char *name;
	char *value; /* with its leading blank, folds with LF */
} MailField;

typedef struct {
	GPtrArray *fields; /* MailField * */
	GByteArray *body;
} MailMessage;

MailMessage *mail_message_new(void);
MailMessage *mail_message_copy(const MailMessage *message);
/* A message of the same fields with the body, which may be large: the old one has none then. */
MailMessage *mail_message_take_body(MailMessage *message);
void mail_message_free(MailMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailMessage, mail_message_free)

/* Splits a whole message (CRLF or LF) into fields and body. Never fails: garbage becomes body. */
MailMessage *mail_message_parse(const void *bytes, gsize size);

/* At the end of the fields; both strings are copied. */
void mail_message_add_field(MailMessage *message, const char *name, const char *value);
/* Value of the first field of that name (case aside), or NULL. */
const char *mail_message_field(const MailMessage *message, const char *name);
void mail_message_delete_fields(MailMessage *message, const char *name);

/* Size of mail_message_to_bytes(). */
gsize mail_message_size(const MailMessage *message);

/* The whole message: fields with CRLF folds, empty line, body. */
GBytes *mail_message_to_bytes(const MailMessage *message);

/*
 * The same without a second copy of the body, which the message lacks until it gets the bytes, with
 * the same fields, again: mail_message_restore() consumes them.
 */
GBytes *mail_message_lend_bytes(MailMessage *message);
void mail_message_restore(MailMessage *message, GBytes *bytes);

#endif
