/* Signatures by which a program of ours is known again (RFC 8032); keys are bare bytes. */
#ifndef ACUSE_CMS_ED25519_H
#define ACUSE_CMS_ED25519_H

#include <glib.h>

#define ED25519_KEY_BYTES 32
#define ED25519_SIGNATURE_BYTES 64

/* A fresh secret; FALSE with INTERNAL. */
gboolean ed25519_new(guint8 *secret, GError **error);
/* FALSE: not a key. */
gboolean ed25519_public(const guint8 *secret, guint8 *public_key);
/* FALSE with INTERNAL. */
gboolean ed25519_sign(
	const guint8 *secret, const void *data, gsize size, guint8 *signature, GError **error);
gboolean ed25519_verify(
	const guint8 *public_key, const void *data, gsize size, const guint8 *signature);

#endif
