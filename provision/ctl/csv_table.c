/*
 * csv_table.h over libcsv in its strict mode, fed line by line so that each row knows where it
 * began. Fails with INVALID or TOO_LARGE and the line; nothing is given back then. No state; any
 * thread.
 */
#include "csv_table.h"

#include <csv.h>
#include <string.h>

#include "base/error.h"

#define BOM "\xef\xbb\xbf"

typedef struct {
	const char *const *columns;
	guint n_required;
	GPtrArray *names; /* of the first line, in order; NULL before it */
	GPtrArray *cells; /* of the row at hand */
	json_t *rows;
	json_int_t line, row_line; /* that is fed; where the row at hand began */
	GError *error;		   /* the first */
} Table;

static void fail(Table *table, int code, json_int_t line, const char *why)
{
	if (table->error == NULL)
		g_set_error(&table->error, ACUSE_ERROR, code, "line %" JSON_INTEGER_FORMAT ": %s",
			line, why);
}

static void take_cell(void *bytes, size_t size, void *data)
{
	Table *table = data;

	if (table->cells->len == 0)
		table->row_line = table->line;
	if (table->cells->len == CSV_MAX_COLUMNS) {
		fail(table, ACUSE_ERROR_TOO_LARGE, table->row_line, "too many columns");
		return;
	}
	g_ptr_array_add(table->cells, g_strstrip(g_strndup(bytes, size)));
}

/* The columns: each known, none twice, none of the required ones missing. */
static void take_names(Table *table)
{
	for (guint i = 0; i < table->cells->len; i++) {
		const char *name = table->cells->pdata[i];

		if (!g_strv_contains(table->columns, name))
			fail(table, ACUSE_ERROR_INVALID, table->row_line,
				"the first line names an unknown column");
		for (guint j = 0; j < i; j++)
			if (strcmp(table->cells->pdata[j], name) == 0)
				fail(table, ACUSE_ERROR_INVALID, table->row_line,
					"a column is there twice");
	}
	for (guint i = 0; i < table->n_required; i++) {
		g_autofree char *why =
			g_strdup_printf("the first line lacks the column %s", table->columns[i]);

		if (!g_ptr_array_find_with_equal_func(
			    table->cells, table->columns[i], g_str_equal, NULL))
			fail(table, ACUSE_ERROR_INVALID, table->row_line, why);
	}
	table->names = g_steal_pointer(&table->cells);
	table->cells = g_ptr_array_new_with_free_func(g_free);
}

static void take_values(Table *table)
{
	json_t *row = json_pack("{s:I}", "line", table->row_line);

	if (table->cells->len != table->names->len)
		fail(table, ACUSE_ERROR_INVALID, table->row_line,
			"has another number of columns than the first line");
	if (json_array_size(table->rows) == CSV_MAX_ROWS)
		fail(table, ACUSE_ERROR_TOO_LARGE, table->row_line, "too many lines");
	for (guint i = 0; table->error == NULL && i < table->cells->len; i++) {
		const char *value = table->cells->pdata[i];

		if (*value != '\0')
			json_object_set_new(row, table->names->pdata[i], json_string(value));
	}
	json_array_append_new(table->rows, row);
	g_ptr_array_set_size(table->cells, 0);
}

static void take_row(int end, void *data)
{
	Table *table = data;

	(void)end;
	if (table->error != NULL)
		return;
	if (table->names == NULL)
		take_names(table);
	else
		take_values(table);
}

static gboolean feed(struct csv_parser *parser, const char *text, gsize size, Table *table)
{
	const char *end = text + size;

	while (text < end && table->error == NULL) {
		const char *newline = memchr(text, '\n', (gsize)(end - text));
		gsize length = newline != NULL ? (gsize)(newline - text) + 1 : (gsize)(end - text);

		table->line++;
		if (csv_parse(parser, text, length, take_cell, take_row, table) != length)
			fail(table, ACUSE_ERROR_INVALID, table->line, "a quote is out of place");
		text += length;
	}
	if (table->error == NULL && csv_fini(parser, take_cell, take_row, table) != 0)
		fail(table, ACUSE_ERROR_INVALID, table->line, "a quote is not closed");
	return table->error == NULL;
}

static gboolean check_text(const char *text, gsize size, GError **error)
{
	if (size > CSV_MAX_BYTES) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE, "the list is larger than 1 MiB");
		return FALSE;
	}
	if (g_utf8_validate(text, (gssize)size, NULL))
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "the list is not in UTF-8");
	return FALSE;
}

json_t *csv_table_parse(
	const char *text, gsize size, const char *const *columns, guint n_required, GError **error)
{
	Table table = {.columns = columns, .n_required = n_required};
	struct csv_parser parser;
	gboolean done;

	if (!check_text(text, size, error))
		return NULL;
	if (size >= strlen(BOM) && memcmp(text, BOM, strlen(BOM)) == 0) {
		text += strlen(BOM);
		size -= strlen(BOM);
	}
	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		g_error("libcsv cannot start");
	/* Spreadsheets in Spanish write semicolons. */
	if (memchr(text, ';', strcspn(text, "\n") < size ? strcspn(text, "\n") : size) != NULL)
		csv_set_delim(&parser, ';');
	table.cells = g_ptr_array_new_with_free_func(g_free);
	table.rows = json_array();
	done = feed(&parser, text, size, &table);
	if (done && table.names == NULL) {
		fail(&table, ACUSE_ERROR_INVALID, 1, "the columns are missing");
		done = FALSE;
	}
	csv_free(&parser);
	g_ptr_array_unref(table.cells);
	g_clear_pointer(&table.names, g_ptr_array_unref);
	if (done)
		return table.rows;
	json_decref(table.rows);
	g_propagate_error(error, table.error);
	return NULL;
}
