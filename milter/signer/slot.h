/*
 * One token through PKCS#11, the only use of libp11. Only a worker process calls this, once, after
 * its fork: libp11 may hang, keeps the PIN on its heap and cannot be closed cleanly, so a slot ends
 * with its process (FACTS 20).
 */
#ifndef ACUSE_SIGNER_SLOT_H
#define ACUSE_SIGNER_SLOT_H

#include <glib.h>

#include "signer/confine.h"

typedef struct _Slot Slot;

typedef struct {
	const char *module;	/* PKCS#11 */
	const char *trust;	/* folder of issuers' certificates that a token lacks; "": none */
	gboolean any_address;	/* sign also with a certificate that has another address */
	ConfineProfile profile; /* of the module's processes */
	const char *const *hidden; /* paths that are not theirs, NULL-terminated */
} SlotOptions;

/*
 * Loads the module, finds the token by label (and serial unless ""), logs in once and reads
 * certificates and keys. despite_low: a person insists; only then a token that says that a wrong
 * PIN was tried before, or that one more locks it, is tried. TOKEN_ABSENT (also when several have
 * the label and no serial says which), PIN_LOW (not tried), PIN_WRONG, CERTIFICATE (no certificate
 * with a private key), TOKEN_TROUBLE. before_login is called right before the PIN is used, and not
 * at all when it is not.
 */
Slot *slot_open(const SlotOptions *options, const char *label, const char *serial, const char *pin,
	gboolean despite_low, void (*before_login)(gpointer data), gpointer data, GError **error);

/* Borrowed. */
const char *slot_serial(const Slot *slot);

/*
 * a{sv}: certificate_sha256 s, subject s, email as, not_after x of the signing certificates; chains
 * aaay: each of them in DER, its issuers behind it.
 */
GVariant *slot_describe(const Slot *slot);

/*
 * Signs content with the certificate that has the mailbox among its addresses (NULL: any), is valid
 * now and was made to sign mail, of several the one that is valid longest; its chain comes along
 * (S3). CERTIFICATE, also for a key or digest that is too weak, or one that was made for something
 * else when there is a mailbox; TOKEN_ABSENT, TOKEN_TROUBLE or PIN_LOW (the token locked its PIN),
 * after which the slot is of no more use.
 */
GBytes *slot_sign(const Slot *slot, const char *mailbox, GBytes *content, char **certificate_sha256,
	GError **error);

#endif
