/*
 * What the process with a PKCS#11 module may still ask of the kernel (seccomp(2), FACTS 30), by a
 * profile for the module that is set. In steps: what no module needs at all, before it is
 * loaded; and what it needs to open a token but not to sign, once the PIN was taken.
 */
#ifndef ACUSE_SIGNER_CONFINE_H
#define ACUSE_SIGNER_CONFINE_H

#include <glib.h>

typedef enum {
	CONFINE_PCSCD,	/* speaks with pcscd over a Unix socket: no other socket */
	CONFINE_FILES,	/* keeps its keys in files: no socket at all */
	CONFINE_MINIMAL /* the first step of CONFINE_PCSCD alone, for a module that writes while it
			   signs */
} ConfineProfile;

/* "pcscd", "files", anything else: minimal. */
ConfineProfile confine_profile(const char *name);

/* For this process and those it starts, for good: no program, no ptrace, no network. FALSE with
 * UNAVAILABLE. */
gboolean confine_module(ConfineProfile profile, GError **error);
/* Besides, before the module is loaded: no process started, which would be outside of what is given
 * up later. Threads may be. FALSE with UNAVAILABLE. */
gboolean confine_alone(GError **error);
/* Besides: no socket, no file written, made, moved or removed, none but the own process signalled.
 * FALSE with UNAVAILABLE. */
gboolean confine_session(ConfineProfile profile, GError **error);

#endif
