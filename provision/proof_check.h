/*
 * Checks a proof bundle (HACKING.md) off line: no database, no network, everything in memory. Every
 * file of the bundle must be covered by the signed head, by a digest in a leaf, or be known text;
 * anything else is an error.
 */
#ifndef ACUSE_PROVISION_PROOF_CHECK_H
#define ACUSE_PROVISION_PROOF_CHECK_H

#include <glib.h>

/*
 * trust: PEM file, or folder of them, of the authorities and certificates that are believed; NULL:
 * signatures alone, without their chain (said in lines). Certificates have to be good at the time
 * of the head, not now: a proof outlives them. received_eml: a message file as the recipient got
 * it, whose signed entity must be the recorded one; or NULL. lines: gets new strings (free func is
 * the caller's), Spanish, one a thing checked. FALSE with ACUSE_ERROR_DAMAGED (a check failed),
 * INVALID (no such bundle), TOO_LARGE, or NOT_FOUND: one of the three cannot be read, and nothing
 * is known of the proof.
 */
gboolean proof_check(const char *path, const char *trust, const char *received_eml,
	GPtrArray *lines, GError **error);

#endif
