/*
 * The commands that are one call of the API each, as rows: how the arguments become a path and the
 * options a body or a query. A new call is a new row.
 */
#include "ctl.h"
#include "base/error.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define MAX_FILE_BYTES (1024 * 1024)

#define PAGE_OPTIONS                                                                               \
	{"limit", "limit", FALSE, FALSE},                                                          \
	{                                                                                          \
		"after", "after", FALSE, FALSE                                                     \
	}

/* Of each step of a token's life. */
#define TOKEN_PAPER                                                                                \
	DOCUMENT,                                                                                  \
	{                                                                                          \
		"date", "date", FALSE, FALSE                                                       \
	}
#define TOKEN_TERM                                                                                 \
	{"from", "from", FALSE, FALSE},                                                            \
	{                                                                                          \
		"until", "until", FALSE, FALSE                                                     \
	}
#define TOKEN_STEP(verb, help)                                                                     \
	{                                                                                          \
		"token", verb, N_("ETIQUETA"), 1, {TOKEN_PAPER, {NULL}}, help, "POST",             \
			"/v1/tokens/{}/" verb, run_call                                            \
	}

#define DOCUMENT                                                                                   \
	{                                                                                          \
		"document", "document", TRUE, FALSE                                                \
	}

/* "UID/FROM/UNTIL", each date may be empty, is a delegate with dates; other values are texts. */
static json_t *list_item(const CtlOption *option, const char *value)
{
	g_auto(GStrv) parts = g_strsplit(value, "/", 3);
	const char *from = parts[0] != NULL ? parts[1] : NULL;
	const char *until = from != NULL ? parts[2] : NULL;

	if (from == NULL || strcmp(option->member, "delegates") != 0)
		return json_string(value);
	return json_pack("{s:s, s:s*, s:s*}", "uid", parts[0], "from", *from != '\0' ? from : NULL,
		"until", until != NULL && *until != '\0' ? until : NULL);
}

static json_t *body_from_options(const Command *command, char **arguments, GHashTable *options)
{
	json_t *body = json_object();

	if (command->argument_member != NULL)
		json_object_set_new(body, command->argument_member, json_string(arguments[0]));

	for (const CtlOption *option = command->options; option->name != NULL; option++) {
		GPtrArray *values = g_hash_table_lookup(options, option->name);
		json_t *list;

		if (option->member == NULL || (values == NULL && !option->list))
			continue;
		if (!option->list) {
			json_object_set_new(body, option->member, json_string(values->pdata[0]));
			continue;
		}
		list = json_array();
		for (guint i = 0; values != NULL && i < values->len; i++)
			json_array_append_new(list, list_item(option, values->pdata[i]));
		json_object_set_new(body, option->member, list);
	}
	return body;
}

static char *query_from_options(const Command *command, GHashTable *options)
{
	GString *query = g_string_new(NULL);

	for (const CtlOption *option = command->options; option->name != NULL; option++) {
		const char *value = ctl_option(options, option->name);
		g_autofree char *pair = NULL;

		if (value == NULL || option->member == NULL)
			continue;
		pair = api_path("%s=%s", option->member, option->flag ? "1" : value);
		g_string_append_printf(query, "%c%s", query->len == 0 ? '?' : '&', pair);
	}
	return g_string_free(query, FALSE);
}

/* Each "{}" of the path is the next argument, escaped. */
static char *path_of(const Command *command, char **arguments)
{
	g_auto(GStrv) pieces = g_strsplit(command->path, "{}", -1);
	GString *path = g_string_new(pieces[0]);

	for (guint i = 1; pieces[i] != NULL; i++) {
		g_autofree char *argument = api_path("%s", arguments[i - 1]);

		g_string_append_printf(path, "%s%s", argument, pieces[i]);
	}
	return g_string_free(path, FALSE);
}

static gboolean call(Ctl *ctl, const Command *command, char **arguments, const json_t *body,
	GHashTable *options, GError **error)
{
	g_autofree char *path = path_of(command, arguments), *whole = NULL;
	json_t *answer;

	if (strcmp(command->method, "GET") == 0) {
		g_autofree char *query = query_from_options(command, options);

		whole = g_strconcat(path, query, NULL);
	}
	answer = api_call(ctl->api, command->method, whole != NULL ? whole : path, body, error);
	if (answer == NULL)
		return FALSE;
	ctl_print(ctl, command, answer);
	json_decref(answer);
	return TRUE;
}

static gboolean run_call(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	json_t *body = strcmp(command->method, "GET") == 0
			       ? NULL
			       : body_from_options(command, arguments, options);
	gboolean done = call(ctl, command, arguments, body, options, error);

	json_decref(body);
	return done;
}

gboolean ctl_read_input(const char *path, char **text, gsize *size, GError **error)
{
	g_autoptr(GString) input = NULL;
	char buffer[4096];
	size_t got;

	if (strcmp(path, "-") != 0)
		return g_file_get_contents(path, text, size, error);
	input = g_string_new(NULL);
	while ((got = fread(buffer, 1, sizeof buffer, stdin)) > 0 && input->len <= MAX_FILE_BYTES)
		g_string_append_len(input, buffer, (gssize)got);
	*size = input->len;
	*text = g_string_free(g_steal_pointer(&input), FALSE);
	return TRUE;
}

json_t *ctl_read_json(const char *path, GError **error)
{
	g_autofree char *text = NULL;
	json_error_t where;
	json_t *body;
	gsize size;

	if (!ctl_read_input(path, &text, &size, error))
		return NULL;
	if (size > MAX_FILE_BYTES) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE, "%s", path);
		return NULL;
	}
	body = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
	if (json_is_object(body))
		return body;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s:%d: %s", path, where.line,
		body == NULL ? where.text : "a JSON object is expected");
	json_decref(body);
	return NULL;
}

static gboolean run_message(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autofree char *path = path_of(command, arguments);
	g_autoptr(GBytes) bytes = api_get_bytes(ctl->api, path, error);
	gsize size;
	const void *data;

	(void)options;
	if (bytes == NULL)
		return FALSE;
	data = g_bytes_get_data(bytes, &size);
	if (fwrite(data, 1, size, stdout) == size && fflush(stdout) == 0)
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "standard output");
	return FALSE;
}

/* The second argument is the name. */
static gboolean run_name(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	json_t *body = json_pack("{s:s}", "name", arguments[1]);
	gboolean done = call(ctl, command, arguments, body, options, error);

	json_decref(body);
	return done;
}

static gboolean run_reset(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	json_t *body = json_pack("{s:s, s:b}", "reason", ctl_option(options, "reason"), "exposed",
		ctl_option(options, "exposed") != NULL);
	gboolean done = call(ctl, command, arguments, body, options, error);

	json_decref(body);
	return done;
}

const Command api_commands[] = {
	{"request", "list", "", 0, {PAGE_OPTIONS, {NULL}}, N_("Lista las solicitudes."), "GET",
		"/v1/requests", run_call, NULL,
		"id time state given_names paternal_surname maternal_surname uid"},
	{"request", "show", "ID", 1, {{NULL}}, N_("Muestra una solicitud."), "GET",
		"/v1/requests/{}", run_call},
	{"request", "document", N_("ID HUELLA"), 2, {{NULL}},
		N_("Escribe un documento de una solicitud: su copia, la firma."), "GET",
		"/v1/requests/{}/documents/{}", run_message},
	{"request", "approve", "ID", 1, {{NULL}}, N_("Aprueba una solicitud y crea la cuenta."),
		"POST", "/v1/requests/{}/approve", run_call},
	{"request", "observe", "ID", 1, {{"reasons", "reasons", TRUE, FALSE}, {NULL}},
		N_("Observa una solicitud: dice que le falta."), "POST", "/v1/requests/{}/observe",
		run_call},
	{"request", "name", N_("ID NOMBRE-LOCAL"), 2, {{NULL}},
		N_("Da el nombre de la cuenta cuando la regla no puede escribirlo."), "POST",
		"/v1/requests/{}/name", run_name},
	{"request", "cancel", "ID", 1, {{"reasons", "reasons", TRUE, FALSE}, {NULL}},
		N_("Anula una solicitud, con sus motivos."), "POST", "/v1/requests/{}/cancel",
		run_call},
	{"request", "deny", "ID", 1, {{"reasons", "reasons", TRUE, FALSE}, {NULL}},
		N_("Deniega una solicitud, con sus motivos."), "POST", "/v1/requests/{}/deny",
		run_call},
	{"request", "deliver", "ID", 1, {{"receipt", "receipt", FALSE, FALSE}, {NULL}},
		N_("Entrega las credenciales: muestra una sola vez la clave inicial."), "POST",
		"/v1/requests/{}/deliver", run_call},
	{"account", "list", "", 0, {PAGE_OPTIONS, {NULL}}, N_("Lista las cuentas."), "GET",
		"/v1/accounts", run_call, NULL, "uid kind state display_name mail unit"},
	{"account", "show", N_("CUENTA"), 1, {{NULL}}, N_("Muestra una cuenta."), "GET",
		"/v1/accounts/{}", run_call},
	{"account", "history", N_("CUENTA"), 1, {PAGE_OPTIONS, {NULL}},
		N_("Muestra lo que el registro tiene de una cuenta."), "GET",
		"/v1/accounts/{}/history", run_call, NULL,
		"time type id actor document reason date receipt"},
	{"account", "archives", N_("CUENTA"), 1, {PAGE_OPTIONS, {NULL}},
		N_("Lista las copias del buzon de una cuenta cerrada."), "GET",
		"/v1/accounts/{}/archives", run_call, NULL, "time sha256 bytes messages"},
	{"account", "restore", N_("CUENTA"), 1,
		{{"into", "into", TRUE, FALSE}, DOCUMENT, {"archive", "archive", FALSE, FALSE},
			{NULL}},
		N_("Devuelve la copia del buzon de una cuenta cerrada a otro buzon."), "POST",
		"/v1/accounts/{}/restore", run_call},
	{"account", "reset-password", N_("CUENTA"), 1,
		{{"reason", "reason", TRUE, FALSE}, {.name = "exposed", .flag = TRUE}, {NULL}},
		N_("Genera una clave nueva que se cambia al primer ingreso; con --exposed termina "
		   "las sesiones abiertas."),
		"POST", "/v1/accounts/{}/reset-password", run_reset},
	{"account", "force-change", N_("CUENTA"), 1, {{"reason", "reason", TRUE, FALSE}, {NULL}},
		N_("Obliga a una persona a cambiar su clave."), "POST",
		"/v1/accounts/{}/force-change", run_call},
	{"account", "force-change-all", "", 0, {{"reason", "reason", TRUE, FALSE}, {NULL}},
		N_("Obliga a todos a cambiar su clave."), "POST", "/v1/passwords/force-change",
		run_call},
	{"office", "create", N_("NOMBRE-LOCAL"), 1,
		{{"name", "name", TRUE, FALSE}, {"responsible", "responsible", TRUE, FALSE},
			{"delegate", "delegates", FALSE, TRUE}, DOCUMENT, {NULL}},
		N_("Crea un buzon de oficina con su responsable."), "POST", "/v1/offices", run_call,
		"local_part"},
	{"office", "people", N_("CUENTA"), 1,
		{{"responsible", "responsible", TRUE, FALSE},
			{"delegate", "delegates", FALSE, TRUE}, DOCUMENT, {NULL}},
		N_("Cambia el responsable y los delegados de un buzon de oficina."), "POST",
		"/v1/offices/{}/people", run_call},
	{"alias", "add", N_("CUENTA DIRECCION"), 2, {DOCUMENT, {NULL}},
		N_("Da a una cuenta una dirección más: recibe en ella y puede enviar desde ella."),
		"PUT", "/v1/accounts/{}/aliases/{}", run_call},
	{"alias", "remove", N_("CUENTA DIRECCION"), 2, {DOCUMENT, {NULL}},
		N_("Quita a una cuenta esa dirección, que no será de nadie más."), "POST",
		"/v1/accounts/{}/aliases/{}/remove", run_call},
	{"person", "cease", "DNI", 1, {DOCUMENT, {"date", "date", FALSE, FALSE}, {NULL}},
		N_("Registra un cese: la cuenta deja de ingresar y de enviar, en el acto o en su "
		   "fecha."),
		"POST", "/v1/people/{}/cease", run_call},
	{"person", "rotate", "DNI", 1,
		{{"post", "post", TRUE, FALSE}, {"unit", "unit", TRUE, FALSE}, DOCUMENT,
			{"date", "date", FALSE, FALSE}, {NULL}},
		N_("Registra una rotacion: cambia el cargo y la unidad."), "POST",
		"/v1/people/{}/rotate", run_call},
	{"person", "encargatura", "DNI", 1,
		{{"post", "post", TRUE, FALSE}, {"unit", "unit", TRUE, FALSE},
			{"from", "from", TRUE, FALSE}, {"until", "until", TRUE, FALSE}, DOCUMENT,
			{NULL}},
		N_("Registra una encargatura con sus fechas: el bloque de firma muestra (e)."),
		"POST", "/v1/people/{}/encargatura", run_call},
	{"person", "reinstate", "DNI", 1, {DOCUMENT, {NULL}},
		N_("Repone a una persona cesada con su mismo nombre de cuenta."), "POST",
		"/v1/people/{}/reinstate", run_call},
	{"person", "late-reports", "", 0, {PAGE_OPTIONS, {NULL}},
		N_("Lista los ceses y rotaciones comunicados fuera de plazo."), "GET",
		"/v1/people/late-reports", run_call, NULL,
		"uid action date reported business_days document"},
	{"expediente", "register", N_("NUMERO"), 1,
		{{"subject", "subject", TRUE, FALSE}, {"matter", "matter", FALSE, FALSE}, {NULL}},
		N_("Registra un expediente."), "PUT", "/v1/expedientes/{}", run_call},
	{"expediente", "list", "", 0, {PAGE_OPTIONS, {NULL}}, N_("Lista los expedientes."), "GET",
		"/v1/expedientes", run_call, NULL, "number time subject matter authorisations"},
	{"expediente", "show", N_("NUMERO"), 1, {{NULL}}, N_("Muestra un expediente."), "GET",
		"/v1/expedientes/{}", run_call},
	{"expediente", "authorise", N_("NUMERO DIRECCION"), 2,
		{DOCUMENT, {"date", "date", TRUE, FALSE}, {"holder", "holder", TRUE, FALSE},
			{"holder-document", "holder_document", FALSE, FALSE}, {NULL}},
		N_("Registra la autorizacion del ciudadano para ser notificado en esa direccion."),
		"PUT", "/v1/expedientes/{}/authorisations/{}", run_call},
	{"expediente", "withdraw", N_("NUMERO DIRECCION"), 2,
		{DOCUMENT, {"date", "date", TRUE, FALSE}, {NULL}},
		N_("Registra que el ciudadano retiro su autorizacion desde esa fecha."), "POST",
		"/v1/expedientes/{}/authorisations/{}/withdraw", run_call},
	{"notifier", "authorise", N_("DIRECCION"), 1,
		{{"area", "area", TRUE, FALSE}, {"level", "level", TRUE, FALSE}, DOCUMENT, {NULL}},
		N_("Autoriza un buzon a notificar (Directiva 001-2020, Anexo 3)."), "PUT",
		"/v1/notifiers/{}", run_call},
	{"notifier", "withdraw", N_("DIRECCION"), 1, {DOCUMENT, {NULL}},
		N_("Retira al buzon la autorizacion de notificar."), "POST",
		"/v1/notifiers/{}/withdraw", run_call},
	{"notifier", "list", "", 0, {PAGE_OPTIONS, {NULL}},
		N_("Lista los buzones autorizados a notificar."), "GET", "/v1/notifiers", run_call,
		NULL, "mailbox area level state"},
	{"exception", "declare", N_("DIRECCION"), 1,
		{{"reason", "reason", TRUE, FALSE}, {"urgency", "urgency", TRUE, FALSE},
			{"expediente", "expediente", FALSE, FALSE},
			{"until", "until", FALSE, FALSE}, DOCUMENT, {NULL}},
		N_("Declara por qué un buzón envía un documento sin firma digital: un mensaje, un "
		   "expediente, o hasta una fecha."),
		"POST", "/v1/exceptions", run_call, "mailbox"},
	{"exception", "withdraw", "ID", 1, {DOCUMENT, {NULL}},
		N_("Retira una excepción declarada."), "POST", "/v1/exceptions/{}/withdraw",
		run_call},
	{"exception", "list", "", 0, {PAGE_OPTIONS, {NULL}},
		N_("Lista las excepciones declaradas."), "GET", "/v1/exceptions", run_call, NULL,
		"id mailbox expediente until reason urgency actor send"},
	{"token", "request", N_("ETIQUETA"), 1,
		{{"mailbox", "mailboxes", TRUE, TRUE}, {"holder", "holder", FALSE, FALSE},
			{"unit", "unit", TRUE, FALSE}, {"reasons", "reasons", TRUE, FALSE},
			TOKEN_PAPER, {NULL}},
		N_("Pide, por una unidad, el uso de una firma para sus buzones."), "POST",
		"/v1/tokens", run_call, "label"},
	TOKEN_STEP("evaluate", N_("Registra que la OTIC evaluó el pedido.")),
	TOKEN_STEP("deny", N_("Deniega el pedido.")),
	TOKEN_STEP("authorise", N_("Registra el memorando que autoriza la firma.")),
	{"token", "enrol", N_("ETIQUETA"), 1,
		{{"serial", "serial", FALSE, FALSE}, TOKEN_TERM, TOKEN_PAPER, {NULL}},
		N_("Registra el token autorizado; con su PIN se puede revisar su certificado."),
		"POST", "/v1/tokens/{}/enrol", run_call},
	TOKEN_STEP("activate", N_("Entrega el token a su titular: desde entonces firma.")),
	{"token", "check", N_("ETIQUETA"), 1, {{NULL}},
		N_("Revisa ahora el certificado de un token."), "POST", "/v1/tokens/{}/check",
		run_call},
	{"token", "extend", N_("ETIQUETA"), 1, {TOKEN_TERM, TOKEN_PAPER, {NULL}},
		N_("Cambia el plazo en que firma."), "POST", "/v1/tokens/{}/extend", run_call},
	{"token", "list", "", 0, {{NULL}}, N_("Lista los tokens y su estado."), "GET", "/v1/tokens",
		run_call, NULL,
		"label state unlocked trouble not_after signatures waiting wait_ms"},
	{"token", "show", N_("ETIQUETA"), 1, {{NULL}}, N_("Muestra un token y su historia."), "GET",
		"/v1/tokens/{}", run_call},
	TOKEN_STEP("lock", N_("Bloquea un token en el acto.")),
	TOKEN_STEP("suspend", N_("Suspende un token: no firma hasta que se active otra vez.")),
	{"token", "lost", N_("ETIQUETA"), 1,
		{TOKEN_PAPER, {"denuncia", "denuncia", TRUE, FALSE}, {NULL}},
		N_("Registra la pérdida de un token, que deja de firmar en el acto."), "POST",
		"/v1/tokens/{}/lose", run_call},
	TOKEN_STEP("return", N_("Registra la devolución de un token.")),
	TOKEN_STEP("revoke", N_("Registra que el certificado de un token fue revocado.")),
	{"send", "list", "", 0,
		{{"expediente", "expediente", FALSE, FALSE}, {"mailbox", "mailbox", FALSE, FALSE},
			{"state", "state", FALSE, FALSE},
			{"message-id", "message_id", FALSE, FALSE}, PAGE_OPTIONS, {NULL}},
		N_("Lista los envios, el ultimo primero."), "GET", "/v1/sends", run_call, NULL,
		"time id state class mailbox expediente subject"},
	{"send", "show", "ID", 1, {{NULL}}, N_("Muestra un envio y sus hechos."), "GET",
		"/v1/sends/{}", run_call},
	{"send", "message", "ID", 1, {{NULL}}, N_("Escribe el mensaje exacto que salio."), "GET",
		"/v1/sends/{}/message", run_message},
	{"event", "list", "", 0,
		{{"unmatched", "unmatched", FALSE, FALSE, .flag = TRUE}, PAGE_OPTIONS, {NULL}},
		N_("Lista los informes y respuestas que llegaron, el ultimo primero."), "GET",
		"/v1/events", run_call, NULL, "id time kind from matched counts"},
	{"incoming", "list", "", 0,
		{{"unanswered", "unanswered", FALSE, FALSE, .flag = TRUE},
			{"mailbox", "mailbox", FALSE, FALSE}, PAGE_OPTIONS, {NULL}},
		N_("Lista los correos de fuera a los buzones oficiales; con --unanswered, los que "
		   "esperan respuesta."),
		"GET", "/v1/incoming", run_call, NULL, "id time state until overdue from subject"},
	{"incoming", "show", "ID", 1, {{NULL}},
		N_("Muestra un correo recibido, su confirmación y su respuesta."), "GET",
		"/v1/incoming/{}", run_call},
	{"incoming", "close", "ID", 1, {{"reason", "reason", TRUE, FALSE}, {NULL}},
		N_("Cierra un correo recibido que se atendió de otra manera o no pide respuesta."),
		"POST", "/v1/incoming/{}/close", run_call},
	{"send", "purge", "ID", 1, {DOCUMENT, {NULL}},
		N_("Elimina de un envío, por orden, mensaje, reportes, nombres y direcciones; su "
		   "registro queda."),
		"POST", "/v1/sends/{}/purge", run_call},
	{"outbox", "list", "", 0, {PAGE_OPTIONS, {NULL}},
		N_("Lista lo que espera hacerse fuera del registro, y por que."), "GET",
		"/v1/outbox", run_call, NULL, "number kind about waits trouble"},
	{"outbox", "retry", "", 0, {{NULL}}, N_("Intenta de nuevo, ahora, todo lo que espera."),
		"POST", "/v1/outbox/retry", run_call},
	{"ledger", "head", "", 0, {{NULL}}, N_("Muestra la cabeza firmada del registro."), "GET",
		"/v1/ledger/head", run_call},
	{NULL},
};
