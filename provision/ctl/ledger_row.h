/*
 * A row of the ledger as the API and `ledger dump` write it, compact and with its members in this
 * order: a head {"head":TEXT,"cms":BASE64|null}, or an entry
 * {"index":N,"leaf":TEXT,"opening":TEXT|null,"hash":HEX}. Pure.
 */
#ifndef ACUSE_CTL_LEDGER_ROW_H
#define ACUSE_CTL_LEDGER_ROW_H

#include <glib.h>
#include <jansson.h>

/* Texts belong to what it was read from. */
typedef struct {
	const char *head; /* NULL: an entry */
	const char *cms;  /* NULL: none */
	guint64 index;
	const char *leaf;
	const char *opening; /* NULL: none */
	const char *hash;    /* NULL: none */
} LedgerRow;

/* DAMAGED: neither a head nor an entry. */
gboolean ledger_row_of_json(const json_t *json, LedgerRow *row, GError **error);

/*
 * An entry of the exact form that begins at *at; *at goes behind it. FALSE for any other form,
 * which may still be JSON: the text is spoilt then, so scan a copy.
 */
gboolean ledger_row_scan(char **at, LedgerRow *row);

/* A page of the API with such entries, the whole text: appends to `rows` (LedgerRow); *next is the
 * cursor, NULL on the last page. FALSE as ledger_row_scan. */
gboolean ledger_row_scan_page(char *text, GArray *rows, const char **next);

#endif
