/* libmilter's callbacks: they collect a message into a Session, ask for the decision and have it
 * applied. */
#ifndef ACUSE_MILTER_CALLBACKS_H
#define ACUSE_MILTER_CALLBACKS_H

#include "milter/services.h"

/*
 * Registers the callbacks with libmilter and opens the socket (a stale one is removed). services
 * must live as long as the process. FALSE with ACUSE_ERROR_UNAVAILABLE.
 */
gboolean callbacks_open(const Services *services, Instance instance, GError **error);

/* After smfi_main: waits for the decisions under way. FALSE: some still run after that time. */
gboolean callbacks_wait(guint timeout_ms);

#endif
