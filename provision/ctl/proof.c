/*
 * acusectl send constancia, request form, proof export and verify. Verify works off line, without
 * provisiond: everything it needs is in the bundle and in the trust file.
 */
#include "ctl.h"
#include "base/error.h"
#include "base/text.h"
#include "mime/facts.h"
#include "provision/proof_check.h"

#include <stdio.h>

/* What the call answers goes into --output, whole or not at all. */
static gboolean save(
	Ctl *ctl, const Command *command, const char *path, GHashTable *options, GError **error)
{
	const char *output = ctl_option(options, "output");
	const char *recipient = ctl_option(options, "recipient");
	g_autofree char *query =
		recipient != NULL ? api_path("?recipient=%s", recipient) : g_strdup("");
	g_autofree char *whole = g_strconcat(path, query, NULL);
	g_autoptr(GBytes) bytes = api_get_bytes(ctl->api, whole, error);
	json_t *answer;

	if (bytes == NULL)
		return FALSE;
	if (!g_file_set_contents_full(output, g_bytes_get_data(bytes, NULL),
		    (gssize)g_bytes_get_size(bytes),
		    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error))
		return FALSE;
	answer =
		json_pack("{s:s,s:I}", "file", output, "size", (json_int_t)g_bytes_get_size(bytes));
	ctl_print(ctl, command, answer);
	json_decref(answer);
	return TRUE;
}

static gboolean run_export(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autofree char *path = api_path("/v1/sends/%s/proof", arguments[0]);

	return save(ctl, command, path, options, error);
}

/* The name of the file says which of the two forms. */
static gboolean run_constancia(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	gboolean png = g_str_has_suffix(ctl_option(options, "output"), ".png");
	g_autofree char *path = api_path(
		png ? "/v1/sends/%s/constancia.png" : "/v1/sends/%s/constancia.pdf", arguments[0]);

	return save(ctl, command, path, options, error);
}

static gboolean run_form(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autofree char *path = api_path("/v1/requests/%s/form.pdf", arguments[0]);

	return save(ctl, command, path, options, error);
}

static gboolean run_verify(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) cause = NULL;
	gboolean genuine;
	json_t *checks;

	mime_init();
	genuine = proof_check(arguments[0], ctl_option(options, "trust"),
		ctl_option(options, "received"), lines, &cause);
	/* A mistyped name says nothing of the proof. */
	if (g_error_matches(cause, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND)) {
		if (!ctl->json)
			puts(_("No se pudo comprobar la prueba."));
		g_propagate_error(error, g_steal_pointer(&cause));
		return FALSE;
	}
	if (cause != NULL)
		g_propagate_error(error, g_steal_pointer(&cause));
	checks = json_array();
	for (guint i = 0; i < lines->len; i++)
		json_array_append_new(checks, json_string(lines->pdata[i]));
	if (ctl->json) {
		json_t *answer = json_pack("{s:b,s:o}", "genuine", genuine, "checks", checks);

		ctl_print(ctl, command, answer);
		json_decref(answer);
		return genuine;
	}
	json_decref(checks);
	for (guint i = 0; i < lines->len; i++)
		printf("%s\n", (const char *)lines->pdata[i]);
	puts(genuine ? _("La prueba es autentica.") : _("LA PRUEBA NO ES AUTENTICA."));
	return genuine;
}

const Command proof_commands[] = {
	{"send", "constancia", "ID", 1,
		{{"output", NULL, TRUE, FALSE, 'o'}, {"recipient", NULL, FALSE, FALSE}, {NULL}},
		N_("Guarda la constancia de un envio, en PDF o en PNG."), NULL, NULL,
		run_constancia},
	{"request", "form", "ID", 1, {{"output", NULL, TRUE, FALSE, 'o'}, {NULL}},
		N_("Guarda el FORM-01 de una solicitud en PDF, para imprimir y firmar."), NULL,
		NULL, run_form},
	{"proof", "export", "ID", 1,
		{{"output", NULL, TRUE, FALSE, 'o'}, {"recipient", NULL, FALSE, FALSE}, {NULL}},
		N_("Guarda el paquete de prueba de un envio."), NULL, NULL, run_export},
	{"proof", "verify", N_("ARCHIVO"), 1,
		{{"trust", NULL, TRUE, FALSE}, {"received", NULL, FALSE, FALSE}, {NULL}},
		N_("Comprueba un paquete de prueba sin conexion."), NULL, NULL, run_verify},
	{NULL},
};
