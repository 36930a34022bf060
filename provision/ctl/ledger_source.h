/* Where acusectl has a ledger from: the gateway's API, or a file that `ledger dump` wrote. */
#ifndef ACUSE_CTL_LEDGER_SOURCE_H
#define ACUSE_CTL_LEDGER_SOURCE_H

#include "ctl.h"
#include "ledger_row.h"

/* A head or an entry, valid during the call. FALSE ends the walk with its error. */
typedef gboolean (*LedgerVisit)(const LedgerRow *row, gpointer data, GError **error);

/*
 * Every signed head by size, the head of now (unsigned when it cannot be signed) among them, then
 * every entry from 0.
 */
gboolean ledger_walk_api(ApiClient *api, LedgerVisit visit, gpointer data, GError **error);
/* The same of a dump, line by line. */
gboolean ledger_walk_dump(const char *path, LedgerVisit visit, gpointer data, GError **error);

#endif
