/*
 * The worker: a keeper of the PIN (signer/keeper.h), a process with a memory of its own, and below
 * it the process that owns the token, with one thread and one session. Parent and worker talk over
 * a socket pair in the packets of signer/protocol.h; the PIN alone goes as a bare packet, so that
 * no copy of it is made:
 *
 *  - start {what it is for}, at once and without an answer
 *  - PIN -> opening {} when no other worker loads the module, trying {} when the PIN is about to
 *    be used, then ok {description of the slot} or an error, after which the worker ends
 *  - sign {mailbox s} + memfd -> ok {cms ay, certificate_sha256 s} or an error
 *  - seal {} + memfd -> the same, with any certificate of the token; two of these at most are
 *    under way, answered in their order
 *  - open {}, only after TOKEN_TROUBLE or TOKEN_ABSENT of a signature: as PIN, with the PIN that
 *    was right before and no other token than the one that took it; what stands unread before it
 *    is dropped
 */
#ifndef ACUSE_SIGNER_WORKER_H
#define ACUSE_SIGNER_WORKER_H

#include <glib.h>
#include <sys/types.h>

#include "signer/keeper.h"
#include "signer/slot.h"

#define WORKER_MAX_PIN KEEPER_MAX_PIN
#define WORKER_ARGUMENT "--worker"

/*
 * Starts the own program with WORKER_ARGUMENT, whose main() calls worker_main(); the parent must
 * have one thread. Returns the pid and the parent's end of the socket pair (close-on-exec,
 * non-blocking), or -1 with ACUSE_ERROR_UNAVAILABLE.
 */
pid_t worker_spawn(const SlotOptions *slot, const char *label, const char *serial,
	gboolean despite_low, int *fd, GError **error);

/* All that such a process does. */
G_NORETURN void worker_main(void);

/* Hands over the PIN, 1..WORKER_MAX_PIN bytes. */
gboolean worker_send_pin(int fd, const void *pin, gsize size, GError **error);

/* Sends a sealed memfd to sign; mailbox NULL: to seal. FALSE when the worker ended. */
gboolean worker_send_content(int fd, const char *mailbox, int content_fd);

/* Whether this error of a signature means that the session with the token is of no more use. */
gboolean worker_failed(const GError *error);

#endif
