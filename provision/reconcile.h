/*
 * The reconciler (DESIGN 3, FACTS 7): Postfix never tells the milter what became of its accept, so
 * a thread asks `postqueue -j` and settles prepared sends: released when their queue id is listed,
 * not_released after [proof] release_timeout_s without a sign; held ones as send_hold.h says. A
 * Postfix that does not answer decides nothing. The thread looks at the tokens too (token_alarm.h).
 */
#ifndef ACUSE_PROVISION_RECONCILE_H
#define ACUSE_PROVISION_RECONCILE_H

#include "provision/service.h"

/* Starts the thread; the caller puts the result into service->reconciler and stops it before the
 * store closes. */
Reconciler *reconcile_start(Service *service, GError **error);
void reconcile_stop(Reconciler *reconciler);

/* Looks at the queue soon. NULL does nothing. */
void reconcile_wake(Reconciler *reconciler);

/* Queue ids in the output of `postqueue -j` (one JSON object a line). NULL with INVALID when it is
 * something else. */
GHashTable *reconcile_queue_ids(const char *output, GError **error);

/*
 * One pass with a queue that was read whole, as a set of queue ids: releases what is in it, times
 * out what has been without a sign for too long.
 */
gboolean reconcile_settle(Service *service, GHashTable *queue_ids, GError **error);

#endif
