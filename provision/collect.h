/*
 * Collection of the message store (DESIGN 4): bytes that no record names are removed, by the
 * committer alone. Files that came with no record (blobs of refused sends, uploads that nobody
 * filed) once a day, when nobody has put or asked for them for a day; what a purge (purge.h) gave
 * up, once no other record names it.
 */
#ifndef ACUSE_PROVISION_COLLECT_H
#define ACUSE_PROVISION_COLLECT_H

#include "provision/service.h"

/* Inside a change that takes the last name of these bytes out of its row. */
gboolean collect_give_up(StoreTxn *txn, const char *sha256, GError **error);

/*
 * Looks through all tables once. given_up_only: no other files. *removed: how many files and rows
 * went. May be repeated after any failure.
 */
gboolean collect_run(Service *service, gboolean given_up_only, guint *removed, GError **error);

#endif
