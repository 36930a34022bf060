/*
 * check.h for Postfix: what it is set to (postconf), and success reports that it will never write:
 * a file in spool/trace whose message has left the queue is a lost proof (FACTS 1).
 */
#include "check.h"
#include "base/text.h"

#include <gio/gio.h>
#include <string.h>

#define MAX_TRACE_DEPTH 3

static const struct {
	const char *name, *value; /* the value, or a word it must contain */
	FindingLevel level;
	const char *why;
} wanted[] = {
	{"milter_macro_daemon_name", "UNSET", FINDING_BAD,
		N_("sin esto un correo local puede pasar por reporte de Postfix")},
	{"internal_mail_filter_classes", "bounce", FINDING_BAD,
		N_("sin esto no llegan los reportes de entrega")},
	{"enable_long_queue_ids", "yes", FINDING_BAD, N_("sin esto un id de cola puede repetirse")},
	{"recipient_delimiter", "+", FINDING_BAD, N_("sin esto no llegan las respuestas")},
	{"smtp_discard_ehlo_keywords", "dsn", FINDING_WARNING,
		N_("sin esto el servidor remoto decide si hay reporte")},
	{"non_smtpd_milters", "unix:", FINDING_BAD, N_("sin esto los reportes no pasan por Acuse")},
	{"smtpd_milters", "unix:", FINDING_BAD, N_("sin esto no llegan las respuestas")},
	{"milter_default_action", "tempfail", FINDING_BAD,
		N_("sin esto un correo sale sin registro cuando Acuse no responde")},
};

static char *run(const char *const *argv, GError **error)
{
	g_autoptr(GSubprocess) process = g_subprocess_newv(
		argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, error);
	g_autofree char *output = NULL;

	if (process == NULL ||
		!g_subprocess_communicate_utf8(process, NULL, NULL, &output, NULL, error))
		return NULL;
	if (!g_subprocess_get_successful(process)) {
		g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s failed", argv[0]);
		return NULL;
	}
	return g_strstrip(g_steal_pointer(&output));
}

static char *postconf(const char *config, const char *name)
{
	const char *const argv[] = {"postconf", "-c", config, "-h", name, NULL};

	return run(argv, NULL);
}

static void check_values(Findings *findings, const char *config)
{
	for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
		g_autofree char *value = postconf(config, wanted[i].name);

		if (value == NULL)
			finding_add(findings, FINDING_BAD, "postfix", _("postconf no responde"));
		else if (strstr(value, wanted[i].value) == NULL)
			finding_add(findings, wanted[i].level, "postfix",
				_("%s = %s: debe tener %s: %s"), wanted[i].name, value,
				wanted[i].value, _(wanted[i].why));
		else
			continue;
		if (value == NULL)
			return;
	}
}

/* What the services of master.cf set for themselves: without it Acuse answers 451, or never sees
 * the mail. */
static const struct {
	const char *daemon_name, *type; /* NULL: of every type */
	const char *setting, *value;
	const char *why;
} wanted_services[] = {
	{"SUBMISSION", NULL, "smtpd_milters",
		"unix:", N_("sin esto los reportes no pasan por Acuse")},
	{"SUBMISSION", NULL, "smtpd_command_filter", ":",
		N_("sin esto no llegan los reportes de entrega")},
	{"INBOUND", NULL, NULL, NULL, N_("sin esto no llegan las respuestas")},
	{"INTERNAL", NULL, NULL, NULL, N_("sin esto no llegan los reportes de entrega")},
	{"LOCAL", "unix", "non_smtpd_milters",
		"unix:", N_("sin esto un correo local puede pasar por reporte de Postfix")},
	{"LOCAL", "inet", "smtpd_milters", "unix:", N_("sin esto no salen los avisos de Acuse")},
};

/* The value of "SERVICE/SETTING = value" among the lines of postconf -P; NULL: not there. */
static const char *service_value(char *const *lines, const char *service, const char *setting)
{
	g_autofree char *start = g_strdup_printf("%s/%s =", service, setting);

	for (; *lines != NULL; lines++)
		if (g_str_has_prefix(*lines, start))
			return *lines + strlen(start);
	return NULL;
}

/* Checks each service of this name; FALSE: there is none. */
static gboolean check_service(Findings *findings, char *const *lines, gsize wish)
{
	static const char mark[] = "/milter_macro_daemon_name = ";
	const char *type = wanted_services[wish].type;
	const char *setting = wanted_services[wish].setting;
	gboolean found = FALSE;

	for (char *const *line = lines; *line != NULL; line++) {
		const char *at = strstr(*line, mark);
		g_autofree char *service = NULL;
		const char *value;

		if (at == NULL || strcmp(at + strlen(mark), wanted_services[wish].daemon_name) != 0)
			continue;
		service = g_strndup(*line, (gsize)(at - *line));
		if (type != NULL && !g_str_has_suffix(service, type))
			continue;
		found = TRUE;
		if (setting == NULL)
			continue;
		value = service_value(lines, service, setting);
		if (value == NULL || strstr(value, wanted_services[wish].value) == NULL)
			finding_add(findings, FINDING_BAD, service, _("%s = %s: debe tener %s: %s"),
				setting, value != NULL ? value : "", wanted_services[wish].value,
				_(wanted_services[wish].why));
	}
	return found;
}

static void check_services(Findings *findings, const char *config)
{
	const char *const argv[] = {"postconf", "-c", config, "-P", NULL};
	g_autofree char *text = run(argv, NULL);
	g_auto(GStrv) lines = text != NULL ? g_strsplit(text, "\n", -1) : NULL;

	for (gsize i = 0; lines != NULL && i < G_N_ELEMENTS(wanted_services); i++)
		if (!check_service(findings, lines, i))
			finding_add(findings, FINDING_BAD, "master.cf",
				_("%s = %s: debe tener %s: %s"), "milter_macro_daemon_name", "",
				wanted_services[i].daemon_name, _(wanted_services[i].why));
}

/* Names of all files below folder: Postfix may hash a queue into sub-folders. */
static void collect_names(const char *folder, int depth, GPtrArray *names)
{
	g_autoptr(GDir) dir = depth > 0 ? g_dir_open(folder, 0, NULL) : NULL;
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR))
			collect_names(path, depth - 1, names);
		else
			g_ptr_array_add(names, g_strdup(name));
	}
}

static void check_traces(Findings *findings, const char *config)
{
	const char *const argv[] = {"postqueue", "-c", config, "-j", NULL};
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *spool = postconf(config, "queue_directory"), *queue = NULL, *trace = NULL;
	g_autoptr(GError) error = NULL;
	guint orphans = 0;

	queue = run(argv, &error);
	if (queue == NULL || spool == NULL) {
		finding_add(findings, FINDING_BAD, "postfix",
			_("La cola de Postfix no responde: %s"),
			error != NULL ? error->message : "postconf");
		return;
	}
	trace = g_build_filename(spool, "trace", NULL);
	collect_names(trace, MAX_TRACE_DEPTH, names);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *quoted = g_strdup_printf("\"%s\"", (const char *)names->pdata[i]);

		if (strstr(queue, quoted) == NULL)
			orphans++;
	}
	if (orphans > 0)
		finding_add(findings, FINDING_WARNING, "postfix",
			_("%u reportes de entrega quedaron sin enviar en %s: revise "
			  "smtpd_command_filter"),
			orphans, trace);
	else
		finding_add(findings, FINDING_GOOD, "postfix",
			_("No hay reportes de entrega perdidos"));
}

void check_postfix(Findings *findings, const Settings *settings)
{
	const char *config = settings_string(settings, "proof", "postfix_config");

	check_values(findings, config);
	check_services(findings, config);
	check_traces(findings, config);
}
