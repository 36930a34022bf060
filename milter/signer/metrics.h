/*
 * Counters of the tokens, for monitoring, in a file that node_exporter's textfile collector reads
 * (Prometheus text format 0.0.4). It has the labels of tokens, and no names of people.
 */
#ifndef ACUSE_SIGNER_METRICS_H
#define ACUSE_SIGNER_METRICS_H

#include <glib.h>

#include "signer/pool.h"

#define SIGNER_METRICS_INTERVAL_S 10

/* Writes the file now and at that interval, until signer_metrics_stop. path "": no file, and NULL
 * without error. The pool is borrowed. INVALID when it cannot be written. */
typedef struct _SignerMetrics SignerMetrics;
SignerMetrics *signer_metrics_start(const char *path, const Pool *pool, GError **error);
/* NULL does nothing. The file stays: its age tells. */
void signer_metrics_stop(SignerMetrics *metrics);

#endif
