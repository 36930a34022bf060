/*
 * Which permits were used: each is good for one signature, however often a taken-over milter shows
 * it. In memory, until they expire; one thread.
 */
#ifndef ACUSE_SIGNER_PERMIT_USES_H
#define ACUSE_SIGNER_PERMIT_USES_H

#include <glib.h>

#define PERMIT_USES_MAX 500000 /* at once: a minute of 8,000 signatures a second */

typedef struct _PermitUses PermitUses;

PermitUses *permit_uses_new(void);
void permit_uses_free(PermitUses *uses);

/* PERMIT: it was used; UNAVAILABLE: over PERMIT_USES_MAX. text is a permit that was checked. */
gboolean permit_uses_take(
	PermitUses *uses, const char *text, gint64 expires_s, gint64 now_s, GError **error);
/* Nothing was signed with it after all. */
void permit_uses_give_back(PermitUses *uses, const char *text);

#endif
