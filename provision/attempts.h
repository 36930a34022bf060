/* Counts failed attempts by name, in memory, within a window of time: a brake on guessing. Pure but
 * for its table. */
#ifndef ACUSE_PROVISION_ATTEMPTS_H
#define ACUSE_PROVISION_ATTEMPTS_H

#include <glib.h>

typedef struct _Attempts Attempts;

Attempts *attempts_new(guint limit, gint64 window_s);
void attempts_free(Attempts *attempts);

/* Whether the name has failures left at that time. */
gboolean attempts_allowed(Attempts *attempts, const char *name, gint64 now_s);
void attempts_failed(Attempts *attempts, const char *name, gint64 now_s);
void attempts_forget(Attempts *attempts, const char *name);

#endif
