/*
 * A list that people keep in a spreadsheet: CSV (RFC 4180) whose first line names its columns,
 * UTF-8 with or without a byte order mark, separated by commas or semicolons. Bounded by the
 * limits below. The only user of libcsv.
 */
#ifndef ACUSE_CTL_CSV_TABLE_H
#define ACUSE_CTL_CSV_TABLE_H

#include <glib.h>
#include <jansson.h>

#define CSV_MAX_BYTES (1024 * 1024)
#define CSV_MAX_ROWS 5000
#define CSV_MAX_COLUMNS 32

/*
 * A new array of {"line":NUMBER, COLUMN:TEXT...}; an empty field is left out. `columns` are the
 * names that may be there, the first n_required of them must. NULL with INVALID or TOO_LARGE, whose
 * message begins with the line.
 */
json_t *csv_table_parse(
	const char *text, gsize size, const char *const *columns, guint n_required, GError **error);

#endif
