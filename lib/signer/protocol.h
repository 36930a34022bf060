/*
 * Wire format of the signer's three sockets: SOCK_SEQPACKET, one packet a request, one an answer. A
 * packet is a serialised GVariant of type (usa{sv}): version 1, operation (answers: "ok" or an
 * error name of base/error.h), parameters. Content to sign goes as a sealed memfd by SCM_RIGHTS.
 * Packets over SIGNER_MAX_PACKET are refused.
 *
 * On the sign socket (outgoing milter):
 *  - sign {permit s, wait_ms u} + memfd -> ok {cms ay, certificate_sha256 s}; wait_ms (may be
 *    absent): how long the caller waits. What would take longer is answered token-busy at once
 *
 * On the control socket (provisiond):
 *  - bind {version t, bindings aa{sv}} -> ok {version t}
 *  - seal {content ay} -> ok {cms ay, certificate_sha256 s}
 *  - status {} -> ok {tokens aa{sv}, version t, signatures t}
 *  - signed {day s, after t} -> ok {count t, sends as}: how many mails it signed on that day
 *    ("2026-11-22", UTC), and their send ids behind the first `after`, a thousand at most
 *  - certificates {token s} -> ok {chains aaay}: each signing certificate in DER, its issuers
 *    behind it; none while the token is locked
 *  - lock {token s} -> ok {}; until a person types the PIN, also across restarts
 *  - offer {token s, holder s} -> ok {offer s, signature ay}: to unlock that token of that holder
 *    from afar, signer/unlock_offer.h
 *  - unlock-sealed {offer s, sealed ay} -> ok {}: with the PIN that was sealed for it, once
 *
 * On the unlock socket (holder):
 *  - unlock {token s, pin s, despite_low b} -> ok {}; despite_low: try it although the token says
 *    that a wrong PIN was tried before, or that one more locks it
 *  - identity {} -> ok {identity s}: what offers are signed with, hex
 *
 * A binding: token s (its label), serial s ("": any), mailboxes as, from x, until x (0: open),
 * state s ("active", "suspended", "lost", "ceased", ...), personal b, holder s (address of who has
 * the PIN; "" when nobody is named).
 *
 * The status of a token: token s, state s, unlocked b, purpose s ("mail" "seal"),
 * certificate_sha256 s, subject s, email as, not_after x, signatures t, trouble s,
 * personal b, waiting u (signatures that wait), wait_ms u (how long one more would), sign_ms u (how
 * long one takes; 0: not known yet).
 */
#ifndef ACUSE_SIGNER_PROTOCOL_H
#define ACUSE_SIGNER_PROTOCOL_H

#include <glib.h>

#define SIGNER_PROTOCOL_VERSION 1
#define SIGNER_MAX_PACKET (128 * 1024)
#define SIGNER_MAX_CONTENT (64 * 1024 * 1024)

/* Sends one packet; parameters is a floating or owned a{sv} (consumed; NULL: empty); passed_fd -1:
 * none. */
gboolean signer_packet_send(
	int fd, const char *operation, GVariant *parameters, int passed_fd, GError **error);

/*
 * Receives one packet; *passed_fd (may be NULL: descriptors are closed) gets -1 or a descriptor. An
 * answer that is an error name sets that error. NULL with ACUSE_ERROR_UNAVAILABLE when the peer
 * closed, TIMEOUT, or INVALID when malformed. Returns a{sv}; *operation (may be NULL) a new string.
 */
GVariant *signer_packet_receive(int fd, char **operation, int *passed_fd, GError **error);

/* A sealed memfd (write, grow, shrink) with these bytes; -1 with error. */
int signer_memfd_new(GBytes *content, GError **error);
/* Its bytes, mapped, after checking the seals and SIGNER_MAX_CONTENT; NULL with
 * ACUSE_ERROR_INVALID. */
GBytes *signer_memfd_read(int fd, GError **error);

/* One request over a fresh connection to a socket path. */
GVariant *signer_call(const char *socket_path, guint timeout_ms, const char *operation,
	GVariant *parameters, GBytes *content, GError **error);

#endif
