/*
 * Unix-domain sockets of the daemons: listening on a path, connecting to one, and asking who is at
 * the other end (SO_PEERCRED, unix(7)). Paths, modes and errors only; no protocol.
 */
#ifndef ACUSE_BASE_USTREAM_H
#define ACUSE_BASE_USTREAM_H

#include <glib.h>

/*
 * Binds and listens; a stale socket file is removed first. type is SOCK_STREAM or SOCK_SEQPACKET,
 * mode the permissions of the file. Returns a descriptor (close-on-exec), or -1 with
 * ACUSE_ERROR_UNAVAILABLE.
 */
int ustream_listen(const char *path, int type, guint mode, GError **error);

/* Connects; timeout_ms bounds each later read and write. Returns a descriptor or -1 with error. */
int ustream_connect(const char *path, int type, guint timeout_ms, GError **error);

/* The uid at the other end, or (guint)-1 when the kernel does not say. */
guint ustream_peer_uid(int fd);

#endif
