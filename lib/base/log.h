/*
 * Structured log of the daemons: one line per decision, "key=value" pairs on standard error
 * (systemd keeps them). Only main programs log; libraries return a GError. Never pass a PIN, a
 * password, a token or message content.
 */
#ifndef ACUSE_BASE_LOG_H
#define ACUSE_BASE_LOG_H

#include <glib.h>

/* Names the program in each line and routes GLib's own messages here. Call once, at start. */
void log_init(const char *program);

/*
 * Writes one line. The pairs are NULL-terminated: key (const char *), value (const char *; NULL
 * leaves the pair out). Control characters in values are escaped. Safe in every thread.
 *
 *	log_info("send released", "queue_id", queue_id, "send_id", id, NULL);
 */
void log_info(const char *what, ...) G_GNUC_NULL_TERMINATED;
void log_warning(const char *what, ...) G_GNUC_NULL_TERMINATED;
void log_error(const char *what, ...) G_GNUC_NULL_TERMINATED;

#endif
