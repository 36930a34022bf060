/*
 * Records and reports as JSON. A ledger leaf is exact bytes: compact, members in this order: v,
 * type, id, time (RFC 3339 UTC), then the fields; a personal field is {"commit":"sha256 hex"}.
 * Written once, never re-serialised.
 */
#ifndef ACUSE_API_RECORD_JSON_H
#define ACUSE_API_RECORD_JSON_H

#include <glib.h>
#include <jansson.h>

#include "core/evidence.h"
#include "core/record.h"

/* The leaf's exact UTF-8 bytes (a new string). */
char *record_to_leaf(const Record *record);
/* {"field":{"salt":hex,"value":text},...}, a new string; NULL when the record has no personal
 * field. */
char *record_to_opening(const Record *record);
/* Whether each opened field of `opening` matches its commitment in `leaf`. DAMAGED with the field's
 * name. */
gboolean record_check_opening(const char *leaf, const char *opening, GError **error);

/* A new object; texts over a limit are cut and made valid UTF-8, for the report's bytes are kept.
 */
json_t *report_facts_to_json(const ReportFacts *report);
/* NULL with ACUSE_ERROR_INVALID. */
ReportFacts *report_facts_from_json(const json_t *json, GError **error);

/* "2026-11-21T20:53:56Z" and back; FALSE when it is not that form. */
char *time_to_rfc3339(gint64 time_s);
gboolean time_from_rfc3339(const char *text, gint64 *time_s);

#endif
