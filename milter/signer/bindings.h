/*
 * Which token signs for which mailboxes, as provisiond last said it, kept on the signer's own disk.
 * Also the tokens that are "held": reported lost or ceased, or locked on request; only a PIN typed
 * by the holder releases them.
 */
#ifndef ACUSE_SIGNER_BINDINGS_H
#define ACUSE_SIGNER_BINDINGS_H

#include <glib.h>

#define BINDINGS_MAX_LABEL 32 /* PKCS#11 token labels */

typedef struct {
	char *token;
	char *serial;		/* "": any */
	char *holder;		/* lower case; "": nobody is named */
	char **mailboxes;	/* lower case */
	gint64 from_s, until_s; /* 0: open */
	char *state;
	gboolean personal; /* of a person, not of an office */
} Binding;

typedef struct _Bindings Bindings;

/* Reads folder/bindings; an absent file is version 0 without bindings. DAMAGED, UNAVAILABLE. */
Bindings *bindings_open(const char *folder, GError **error);
void bindings_free(Bindings *bindings);

/*
 * Takes version with list (aa{sv}), durable on TRUE. CONFLICT: older, or the same version with
 * other content (the same content again is TRUE). INVALID: malformed, or a token twice.
 * UNAVAILABLE: the disk does not take it. It holds nevertheless, until a restart: a lost token does
 * not sign on because a disk is full. It is to be said again until it is durable.
 */
gboolean bindings_replace(Bindings *bindings, guint64 version, GVariant *list, GError **error);

guint64 bindings_version(const Bindings *bindings);
/* Binding *, owned by bindings until the next replace. */
const GPtrArray *bindings_all(const Bindings *bindings);
const Binding *bindings_find_token(const Bindings *bindings, const char *label);
/* The active bindings of the mailbox at now_s, owned as above; only the array is the caller's. NULL
 * with ACUSE_ERROR_NO_BINDING: there is none. */
GPtrArray *bindings_find_mailbox(
	const Bindings *bindings, const char *mailbox, gint64 now_s, GError **error);
/* Active, for this mailbox (lower case), at now_s. NULL: it is not. */
gboolean binding_signs_for(const Binding *binding, const char *mailbox, gint64 now_s);
/* Active, or enrolled: its PIN may be typed, so that its certificate can be checked. */
gboolean binding_may_open(const Binding *binding);

gboolean bindings_is_held(const Bindings *bindings, const char *label);
/* Durable on TRUE. UNAVAILABLE: it is held nevertheless, until a restart; or not released. */
gboolean bindings_set_held(Bindings *bindings, const char *label, gboolean held, GError **error);

#endif
