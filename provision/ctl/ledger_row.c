/* ledger_row.h: the exact form by hand, any other by jansson. */
#include "ledger_row.h"

#include "api/json_scan.h"
#include "base/error.h"

#define INDEX_DIGITS_MAX 18

gboolean ledger_row_of_json(const json_t *json, LedgerRow *row, GError **error)
{
	json_t *index = json_object_get(json, "index");

	*row = (LedgerRow){
		.head = json_string_value(json_object_get(json, "head")),
		.cms = json_string_value(json_object_get(json, "cms")),
		.index = (guint64)json_integer_value(index),
		.leaf = json_string_value(json_object_get(json, "leaf")),
		.opening = json_string_value(json_object_get(json, "opening")),
		.hash = json_string_value(json_object_get(json, "hash")),
	};
	if (row->head != NULL || (row->leaf != NULL && json_is_integer(index)))
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "neither an entry nor a head");
	return FALSE;
}

static gboolean scan_index(char **at, guint64 *index)
{
	const char *begin = *at;

	for (*index = 0; g_ascii_isdigit(**at); (*at)++)
		*index = *index * 10 + (guint64)(**at - '0');
	return *at > begin && *at - begin <= INDEX_DIGITS_MAX &&
	       (*begin != '0' || *at == begin + 1);
}

/* A string or null. */
static gboolean scan_text(char **at, const char **text)
{
	*text = NULL;
	if (json_scan_literal(at, "null"))
		return TRUE;
	*text = json_scan_string(at);
	return *text != NULL;
}

gboolean ledger_row_scan(char **at, LedgerRow *row)
{
	*row = (LedgerRow){NULL};
	if (!json_scan_literal(at, "{\"index\":") || !scan_index(at, &row->index) ||
		!json_scan_literal(at, ",\"leaf\":"))
		return FALSE;
	row->leaf = json_scan_string(at);
	return row->leaf != NULL && json_scan_literal(at, ",\"opening\":") &&
	       scan_text(at, &row->opening) && json_scan_literal(at, ",\"hash\":") &&
	       scan_text(at, &row->hash) && json_scan_literal(at, "}");
}

gboolean ledger_row_scan_page(char *text, GArray *rows, const char **next)
{
	char *at = text;
	LedgerRow row;

	if (!json_scan_literal(&at, "{\"items\":["))
		return FALSE;
	while (*at != ']') {
		if ((rows->len > 0 && !json_scan_literal(&at, ",")) || !ledger_row_scan(&at, &row))
			return FALSE;
		g_array_append_val(rows, row);
	}
	return json_scan_literal(&at, "],\"next\":") && scan_text(&at, next) &&
	       json_scan_literal(&at, "}") && *at == '\0';
}
