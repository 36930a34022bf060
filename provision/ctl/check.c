/*
 * acusectl check: looks at the installation without changing it and says what is wrong. Fails (exit
 * 1) when one finding is bad, so that monitoring can call it.
 */
#include "ctl.h"
#include "check.h"
#include "base/error.h"
#include "base/text.h"
#include "base/ustream.h"
#include "policy_api.h"
#include "provision/calendar_load.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#define CONNECT_WAIT_MS 3000

struct Findings {
	json_t *items;
	guint bad;
};

void finding_add(Findings *findings, FindingLevel level, const char *part, const char *format, ...)
{
	static const char *const names[] = {"good", "warning", "bad"};
	g_autofree char *text = NULL;
	va_list values;

	va_start(values, format);
	text = g_strdup_vprintf(format, values);
	va_end(values);
	json_array_append_new(findings->items,
		json_pack("{s:s,s:s,s:s}", "level", names[level], "part", part, "text", text));
	if (level == FINDING_BAD)
		findings->bad++;
}

static void check_clock(Findings *findings)
{
	struct timex state = {0};

	if (adjtimex(&state) < 0 || (state.status & STA_UNSYNC) != 0)
		finding_add(findings, FINDING_WARNING, "clock",
			_("El reloj no esta sincronizado: instale chrony o systemd-timesyncd"));
	else
		finding_add(findings, FINDING_GOOD, "clock", _("El reloj esta sincronizado"));
}

static void check_socket(
	Findings *findings, const Settings *settings, const char *group, const char *key, int type)
{
	const char *path = settings_string(settings, group, key);
	g_autoptr(GError) error = NULL;
	int fd = ustream_connect(path, type, CONNECT_WAIT_MS, &error);

	if (fd < 0) {
		finding_add(findings, FINDING_BAD, key, _("Nadie atiende: %s. Inicie el servicio"),
			error->message);
		return;
	}
	close(fd);
	finding_add(findings, FINDING_GOOD, key, _("Atiende en %s"), path);
}

static void check_key(
	Findings *findings, const Settings *settings, const char *group, const char *key)
{
	const char *path = settings_string(settings, group, key);
	struct stat status;

	if (stat(path, &status) < 0)
		finding_add(findings, FINDING_BAD, key, _("No se puede leer %s"), path);
	else if ((status.st_mode & 0007) != 0)
		finding_add(findings, FINDING_BAD, key,
			_("Otros pueden leer %s: quite ese permiso"), path);
	else if (status.st_size < 32)
		finding_add(findings, FINDING_BAD, key, _("%s es corta: genere 32 bytes al azar"),
			path);
	else
		finding_add(findings, FINDING_GOOD, key, _("%s esta protegida"), path);
}

static void check_health(Findings *findings, ApiClient *api)
{
	g_autoptr(GError) error = NULL;
	json_t *health = api_call(api, "GET", "/v1/health", NULL, &error), *value;
	const char *part;

	if (health == NULL) {
		finding_add(findings, FINDING_BAD, "api", _("acuse-provisiond no responde: %s"),
			error->message);
		return;
	}
	json_object_foreach(json_object_get(health, "parts"), part, value) {
		const char *text = json_is_string(value) ? json_string_value(value) : "?";
		gboolean fine = g_str_has_prefix(text, "ok");

		finding_add(findings, fine ? FINDING_GOOD : FINDING_BAD, part, "%s", text);
	}
	json_decref(health);
}

static void check_tokens(Findings *findings, ApiClient *api)
{
	json_t *answer = api_call(api, "GET", "/v1/tokens", NULL, NULL);
	json_t *items = json_object_get(answer, "items");

	for (size_t i = 0; i < json_array_size(items); i++) {
		json_t *token = json_array_get(items, i);
		const char *label = json_string_value(json_object_get(token, "label"));

		if (json_is_true(json_object_get(token, "unlocked")))
			finding_add(findings, FINDING_GOOD, "token", _("El token %s esta activo"),
				label);
		else
			finding_add(findings, FINDING_WARNING, "token",
				_("El token %s esta bloqueado: acusectl token unlock %s"), label,
				label);
	}
	json_decref(answer);
}

static void check_installation(Findings *findings, const Settings *settings)
{
	check_key(findings, settings, "milter", "token_key");
	check_key(findings, settings, "signing", "permit_key");
	check_socket(findings, settings, "milter", "outgoing_socket", SOCK_STREAM);
	check_socket(findings, settings, "milter", "evidence_socket", SOCK_STREAM);
	check_socket(findings, settings, "signing", "unlock_socket", SOCK_SEQPACKET);
	check_postfix(findings, settings);
}

static void print_findings(const Ctl *ctl, const Command *command, const Findings *findings)
{
	g_autofree char *status = NULL;

	if (ctl->json) {
		json_t *answer = json_pack(
			"{s:b,s:O}", "fine", findings->bad == 0, "items", findings->items);

		ctl_print(ctl, command, answer);
		json_decref(answer);
		return;
	}
	for (size_t i = 0; i < json_array_size(findings->items); i++) {
		json_t *item = json_array_get(findings->items, i);
		const char *level = json_string_value(json_object_get(item, "level"));

		printf("%-8s %s: %s\n",
			strcmp(level, "bad") == 0	? _("MAL")
			: strcmp(level, "warning") == 0 ? _("AVISO")
							: _("bien"),
			json_string_value(json_object_get(item, "part")),
			json_string_value(json_object_get(item, "text")));
	}
}

/* Values that only the daemons judge, at their start. */
static void check_settings(Findings *findings, const Ctl *ctl, const Settings *settings)
{
	g_autoptr(GError) error = NULL, other = NULL;
	g_autoptr(PolicySettings) policy = policy_load(ctl, &error);
	g_autoptr(Calendar) calendar = calendar_load(settings, &other);

	if (policy == NULL)
		finding_add(findings, FINDING_BAD, "settings", "%s", error->message);
	if (calendar == NULL)
		finding_add(findings, FINDING_BAD, "settings", "%s", other->message);
}

static gboolean run_check(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	Findings findings = {json_array(), 0};
	g_autoptr(GError) cause = NULL;
	g_autoptr(Settings) settings = settings_load(ctl->config_path, &cause);

	(void)arguments;
	(void)options;
	if (settings == NULL) {
		finding_add(&findings, FINDING_BAD, "settings", "%s", cause->message);
	} else {
		check_settings(&findings, ctl, settings);
		check_policy(&findings, settings, ctl->api);
		check_installation(&findings, settings);
	}
	check_clock(&findings);
	check_health(&findings, ctl->api);
	check_tokens(&findings, ctl->api);
	print_findings(ctl, command, &findings);
	json_decref(findings.items);
	if (findings.bad == 0)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "%u findings", findings.bad);
	return FALSE;
}

const Command check_commands[] = {
	{"check", "", "", 0, {{NULL}}, N_("Revisa la instalacion y dice que falta."), NULL, NULL,
		run_check},
	{NULL},
};
