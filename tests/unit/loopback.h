/* Servers of other programs on a port of the loopback, for a test. */
#ifndef ACUSE_TESTS_LOOPBACK_H
#define ACUSE_TESTS_LOOPBACK_H

#include <glib.h>

/* A TCP port that nobody had a moment ago. */
guint loopback_free_port(void);

/* Runs the command in the folder and waits until the port listens; it ends with the test. */
GPid loopback_serve(const char *folder, const char *command, guint port);
/* Ends it and waits; *pid 0: nothing to do. */
void loopback_end(GPid *pid);

#endif
