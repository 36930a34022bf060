/*
 * The signer's own count: one line for each signature of a mail, by day (UTC), in its own folder.
 * provisiond compares it with the ledger once a day. No signature leaves the signer uncounted.
 */
#ifndef ACUSE_SIGNER_TALLY_H
#define ACUSE_SIGNER_TALLY_H

#include <glib.h>

#define TALLY_KEPT_DAYS 40
#define TALLY_PAGE 1000 /* send ids in one answer */

typedef struct _Tally Tally;

Tally *tally_open(const char *folder);
void tally_free(Tally *tally);

/* FALSE with UNAVAILABLE: it could not be written down. */
gboolean tally_add(Tally *tally, const char *send_id, gint64 now_s, GError **error);

/*
 * Answer {count t, sends as}, floating: how many were signed that day ("2026-11-22"), and their
 * send ids behind the first `after`, TALLY_PAGE at most. INVALID: no day; UNAVAILABLE.
 */
GVariant *tally_read(const Tally *tally, const char *day, guint64 after, GError **error);

#endif
