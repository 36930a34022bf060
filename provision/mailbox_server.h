/*
 * What the mail server does with mailboxes for provisiond, over a Unix socket of Dovecot's script
 * service (contrib/dovecot/mailbox.in): end the open sessions of a person, keep a copy, put it
 * back. A script with three verbs and not Dovecot's own API, whose key would open everybody's mail.
 */
#ifndef ACUSE_PROVISION_MAILBOX_SERVER_H
#define ACUSE_PROVISION_MAILBOX_SERVER_H

#include "base/settings.h"

#define MAILBOX_SERVER_SESSIONS "end-sessions" /* NAME */
#define MAILBOX_SERVER_ARCHIVE "archive"       /* NAME; writes SHA256 BYTES MESSAGES */
#define MAILBOX_SERVER_RESTORE "restore"       /* NAME SHA256 TARGET; writes MESSAGES */

/* Whether [mailboxes] socket names one. */
gboolean mailbox_server_set(const Settings *settings);

/*
 * words: the verb and what follows, NULL-terminated, without blanks. What the script wrote, a new
 * string; NULL with UNAVAILABLE when it is away or says that it failed, TIMEOUT when
 * it goes on after timeout_ms.
 */
char *mailbox_server_run(
	const Settings *settings, const char *const *words, guint timeout_ms, GError **error);

#endif
