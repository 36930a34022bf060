/*
 * Live copy of the accounts: content synchronisation (RFC 4533) in a thread of its own, with its
 * own connection; look-ups never touch the network (FACTS 28). Read only.
 */
#ifndef ACUSE_DIRECTORY_LIVE_H
#define ACUSE_DIRECTORY_LIVE_H

#include "core/account.h"
#include "base/settings.h"

typedef struct _LiveDirectory LiveDirectory;

/* Starts the thread; returns at once, the copy may still be empty (age is then G_MAXINT64). */
LiveDirectory *live_directory_start(const Settings *settings, GError **error);
void live_directory_stop(LiveDirectory *live);

/* Waits two seconds at most until the copy is current: a daemon that starts takes mail at once. */
void live_directory_wait(LiveDirectory *live);

/* Seconds since the copy was last known to be current (contextCSN seen equal); G_MAXINT64: never
 * yet. */
gint64 live_directory_age_s(LiveDirectory *live);

/* A copy of the account with this uid, or this mail address, its own or else an alias (case aside);
 * NULL when there is none. */
Account *live_directory_by_uid(LiveDirectory *live, const char *uid);
Account *live_directory_by_mail(LiveDirectory *live, const char *mail);

/* How many accounts there are, and why the last attempt failed (new string; NULL: it did not). */
guint live_directory_count(LiveDirectory *live);
char *live_directory_trouble(LiveDirectory *live);

#endif
