/*
 * The ledger computed anew from its entries alone, against every head that is at hand: those that
 * the gateway keeps and those that a witness kept (RFC 6962 2.1). Trusts nothing that provisiond
 * computed. No I/O; one thread.
 */
#ifndef ACUSE_CTL_LEDGER_CHECK_H
#define ACUSE_CTL_LEDGER_CHECK_H

#include <glib.h>

typedef struct _LedgerCheck LedgerCheck;

/* trust: PEM file of the certificates a head's signature must lead to, and there must be one; NULL:
 * the signature alone, and heads without one are taken. */
LedgerCheck *ledger_check_new(const char *trust);
void ledger_check_free(LedgerCheck *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LedgerCheck, ledger_check_free)

/*
 * A head, before the first entry: its exact text, its signature (DER; NULL: none), where it comes
 * from. DAMAGED: it cannot be read, its signature is wrong, or it contradicts another.
 */
gboolean ledger_check_add_head(
	LedgerCheck *check, const char *text, GBytes *cms, const char *from, GError **error);

/*
 * The next entry, from 0: exact leaf; opening and the leaf's stored digest in hex, or NULL. DAMAGED
 * names the first bad entry, or the first and last between which it is.
 */
gboolean ledger_check_add_entry(LedgerCheck *check, guint64 index, const char *leaf,
	const char *opening, const char *hash, GError **error);

typedef struct {
	guint64 entries;
	guint heads;	   /* compared */
	guint64 head_size; /* of the largest; entries behind it are not covered by a signature */
	const char *root;  /* hex, of the largest head; NULL: none; the check's own */
	gboolean head_signed;
} LedgerResult;

/* After the last entry: that nothing which a head covers is gone, and no entry was back-dated. */
gboolean ledger_check_end(LedgerCheck *check, LedgerResult *result, GError **error);

#endif
