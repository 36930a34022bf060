/*
 * acusectl ledger dump and verify, over the API or over a dump. What verify checks stands in
 * ledger_check.h.
 */
#include "ctl.h"
#include "base/error.h"
#include "base/text.h"
#include "ledger_check.h"
#include "ledger_source.h"

#include <stdio.h>
#include <string.h>

#define HEAD_SUFFIX ".json"
#define SIGNATURE_SUFFIX ".p7s"

static gboolean dump_row(const LedgerRow *row, gpointer data, GError **error)
{
	json_auto_t *line = NULL;

	(void)data;
	(void)error;
	if (row->head != NULL)
		line = json_pack("{s:s,s:s?}", "head", row->head, "cms", row->cms);
	else
		line = json_pack("{s:I,s:s,s:s?,s:s?}", "index", (json_int_t)row->index, "leaf",
			row->leaf, "opening", row->opening, "hash", row->hash);
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	return TRUE;
}

static gboolean run_dump(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	(void)command;
	(void)arguments;
	(void)options;
	if (!ledger_walk_api(ctl->api, dump_row, NULL, error))
		return FALSE;
	if (fflush(stdout) == 0)
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "standard output");
	return FALSE;
}

static gboolean check_row(const LedgerRow *row, gpointer data, GError **error)
{
	LedgerCheck *check = data;
	g_autoptr(GBytes) der = NULL;

	if (row->head == NULL)
		return ledger_check_add_entry(
			check, row->index, row->leaf, row->opening, row->hash, error);
	if (row->cms != NULL) {
		gsize size;
		guchar *bytes = g_base64_decode(row->cms, &size);

		der = g_bytes_new_take(bytes, size);
	}
	return ledger_check_add_head(check, row->head, der, _("cabeza del registro"), error);
}

/* A head that a witness kept: NAME.json, its exact text, and NAME.p7s beside it. */
static gboolean add_kept_head(LedgerCheck *check, const char *path, GError **error)
{
	gsize stem = g_str_has_suffix(path, HEAD_SUFFIX) ? strlen(path) - strlen(HEAD_SUFFIX)
							 : strlen(path);
	g_autofree char *signature_path = g_strdup_printf("%.*s" SIGNATURE_SUFFIX, (int)stem, path);
	g_autofree char *text = NULL;
	char *signature = NULL;
	g_autoptr(GBytes) cms = NULL;
	gsize size;

	if (!g_file_get_contents(path, &text, &size, error))
		return FALSE;
	if (g_file_get_contents(signature_path, &signature, &size, NULL))
		cms = g_bytes_new_take(signature, size);
	return ledger_check_add_head(check, text, cms, path, error);
}

static gboolean run_verify(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autoptr(LedgerCheck) check = ledger_check_new(ctl_option(options, "trust"));
	const GPtrArray *kept = g_hash_table_lookup(options, "head");
	const char *dump = ctl_option(options, "dump");
	json_auto_t *answer = NULL;
	LedgerResult result;

	(void)arguments;
	for (guint i = 0; kept != NULL && i < kept->len; i++)
		if (!add_kept_head(check, kept->pdata[i], error))
			return FALSE;
	if (!(dump != NULL ? ledger_walk_dump(dump, check_row, check, error)
			   : ledger_walk_api(ctl->api, check_row, check, error)) ||
		!ledger_check_end(check, &result, error))
		return FALSE;
	answer = json_pack("{s:I,s:i,s:I,s:s?,s:b,s:s}", "entries", (json_int_t)result.entries,
		"heads", (int)result.heads, "head_size", (json_int_t)result.head_size, "root",
		result.root, "signed", result.head_signed, "result", "ok");
	ctl_print(ctl, command, answer);
	return TRUE;
}

const Command ledger_commands[] = {
	{"ledger", "verify", "", 0,
		{{"trust", NULL, FALSE, FALSE}, {"head", NULL, FALSE, TRUE},
			{"dump", NULL, FALSE, FALSE}, {NULL}},
		N_("Recalcula todo el registro y lo compara con cada cabeza firmada."), NULL, NULL,
		run_verify},
	{"ledger", "dump", "", 0, {{NULL}},
		N_("Escribe el registro y sus cabezas, una linea JSON por cada uno."), NULL, NULL,
		run_dump},
	{NULL},
};
