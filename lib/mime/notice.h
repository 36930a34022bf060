/* Mails that the gateway itself writes to people of the institution. */
#ifndef ACUSE_MIME_NOTICE_H
#define ACUSE_MIME_NOTICE_H

#include <glib.h>

typedef struct {
	const char *name; /* of the file: ASCII letters, digits, "-_." */
	const char *type; /* "application/pdf" */
	GBytes *bytes;
} NoticeAttachment;

typedef struct {
	const char *from_name, *from; /* UTF-8; the institution's own address */
	const char *to;
	const char *subject; /* UTF-8 */
	const char *text;    /* UTF-8, LF lines */
	const char *message_id;
	gint64 date_s;
	const char *answered; /* Message-ID of the mail that it answers: auto-replied; NULL: none */
	const char *reply_to; /* an address; NULL: none */
	const NoticeAttachment *attachments;
	guint n_attachments;
} NoticeMail;

/*
 * The whole message in ASCII with CRLF: text/plain in UTF-8, in a multipart/mixed with the
 * attachments when there are any, Auto-Submitted: auto-generated, or auto-replied (RFC
 * 3834 5), so that no program answers it. Control characters in names and subject become blanks.
 */
GBytes *mime_notice(const NoticeMail *mail);

#endif
