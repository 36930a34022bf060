/*
 * Signed heads of the ledger (HACKING.md "The ledger"): the exact text of size, root and time,
 * signed by the seal token through the signer. Kept in TABLE_HEADS and noted as a leaf
 * "head.signed", which the head itself does not cover.
 */
#ifndef ACUSE_PROVISION_HEADS_H
#define ACUSE_PROVISION_HEADS_H

#include "provision/service.h"

/* Key of TABLE_HEADS, of a tree's size. */
#define HEADS_KEY_FORMAT "%020" G_GUINT64_FORMAT

/*
 * The head of the tree as it is now, JSON
 * {"size","root","time","head","cms","certificate_sha256","tsr","trouble"}: "tsr" is the answer of
 * the time-stamping authority over "head" (RFC 3161, base64), null without one. It is the last
 * signed one when nothing but its own leaf came after it, else a fresh one. When it cannot be
 * signed (no seal token, locked, the signer is down) it comes with "cms" null, "trouble" says why
 * ({"code","detail"}), and nothing is kept. A new string, or NULL with error: the store fails.
 */
char *heads_current(Service *service, GError **error);

/* A thread that makes a head every [ledger] head_interval_s and forgets old replies. */
typedef struct _Heads Heads;
Heads *heads_start(Service *service);
void heads_stop(Heads *heads);

#endif
