/* What monitoring reads: GET /metrics, in Prometheus' text format. Numbers only, no names. */
#ifndef ACUSE_PROVISION_METRICS_H
#define ACUSE_PROVISION_METRICS_H

#include <glib.h>

/* A send came to this state ("send.released": the record that says so). Any thread. */
void metrics_count_send(const char *record_type);

#endif
