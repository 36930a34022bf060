/*
 * What Dovecot's script says of a mail that was opened (D3): a short text, which is foreign until
 * it is compared with the send's record. Lines, each ended by LF: "1 read" or "1 repair" (found
 * later: nobody knows when, or in an office by whom), the login, the folder as the login sees it,
 * Acuse-Id, Message-ID. Pure.
 */
#ifndef ACUSE_CORE_READING_H
#define ACUSE_CORE_READING_H

#include <glib.h>

#define READING_MAX_BYTES 4096
#define READING_MAX_UID 64
#define READING_MAX_ID 128

typedef struct {
	gboolean repair;
	char *user;	  /* uid of who opened it */
	char *owner;	  /* uid of whose mailbox it is: the user, or an office */
	char *send_id;	  /* Acuse-Id: letters, digits, '-' */
	char *message_id; /* without brackets; NULL: it has none */
} Reading;

/* NULL with INVALID, which names the line and never quotes it. */
Reading *reading_parse(const char *bytes, gsize size, GError **error);
void reading_free(Reading *reading);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reading, reading_free)

#endif
