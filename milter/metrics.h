/*
 * Counters of one milter instance, for monitoring, in a file that node_exporter's textfile
 * collector reads (Prometheus text format 0.0.4).
 */
#ifndef ACUSE_MILTER_METRICS_H
#define ACUSE_MILTER_METRICS_H

#include "milter/outcome.h"

#define METRICS_INTERVAL_S                                                                         \
	10 /* of two writings at least; a mail that is held back is told at once */

/* Call once, before the first message. Writes the file with every counter at 0; path "": no file.
 * FALSE with ACUSE_ERROR_INVALID when it cannot be written. */
gboolean metrics_start(const char *path, const char *instance, GError **error);

/* One decision. Returns how many mails the check of an edit held back since the start. A file that
 * can no longer be written is left behind: its age tells. */
guint64 metrics_count(const Outcome *outcome);

#endif
