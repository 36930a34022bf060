/*
 * print-tables settings|rules|routes|matrix|states: the tables that are compiled into the programs,
 * one row a line, for the checks that hold the documents against them. Fails with 2 for a wrong
 * argument.
 */
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/settings.h"
#include "core/policy.h"
#include "provision/account_life.h"
#include "provision/http_call.h"
#include "provision/request_life.h"
#include "provision/routes.h"
#include "provision/token_life.h"

static void print_settings(void)
{
	static const char *const types[] = {
		[SETTING_STRING] = "string",
		[SETTING_PATH] = "path",
		[SETTING_INT] = "integer",
		[SETTING_CHOICE] = "choice",
		[SETTING_LIST] = "list",
		[SETTING_USER] = "user",
	};

	for (const SettingRow *row = settings_table; row->group != NULL; row++)
		printf("%s\t%s\t%s\t%d\t%s\t%" G_GINT64_FORMAT "\t%" G_GINT64_FORMAT "\t%s\n",
			row->group, row->key, types[row->type], row->fallback != NULL,
			row->fallback != NULL ? row->fallback : "", (gint64)row->min,
			(gint64)row->max, row->choices != NULL ? row->choices : "");
}

static void print_rule(const char *id, const char *article)
{
	for (const SettingRow *row = settings_table; row->group != NULL; row++)
		if (strcmp(row->group, "policy") == 0 && g_ascii_strcasecmp(row->key, id) == 0)
			printf("%s\t%s\t%s\n", id, article, row->fallback);
}

/* What provisiond decides has its rule and article in the text of its error. */
static void print_rule_of_error(int code)
{
	g_autoptr(GRegex) form = g_regex_new("^\\[(\\w+)\\] .* \\(([^()]*)\\)$", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_autofree char *id = NULL, *article = NULL;

	if (!g_regex_match(form, acuse_error_row(code)->text, 0, &match))
		exit(1);
	id = g_match_info_fetch(match, 1);
	article = g_match_info_fetch(match, 2);
	print_rule(id, article);
}

static void print_rules(void)
{
	for (const Rule *const *rule = policy_rules; *rule != NULL; rule++)
		print_rule((*rule)->id, (*rule)->article);
	print_rule_of_error(ACUSE_ERROR_NOT_NOTIFIABLE);
	print_rule_of_error(ACUSE_ERROR_ACT_LATE);
	print_rule_of_error(ACUSE_ERROR_OVER_LIMIT);
}

static const struct {
	Role role;
	const char *name;
} role_names[] = {
	{ROLE_PUBLIC, "public"},
	{ROLE_OUTGOING, "outgoing"},
	{ROLE_EVIDENCE, "evidence"},
	{ROLE_OTIC, "otic"},
	{ROLE_HR, "hr"},
	{ROLE_TRAMITE, "tramite"},
	{ROLE_AUDITOR, "auditor"},
	{ROLE_HEAD, "head"},
};

static void print_roles(int roles)
{
	for (gsize i = 0; i < G_N_ELEMENTS(role_names); i++)
		if ((roles & (int)role_names[i].role) != 0)
			printf(" %s", role_names[i].name);
}

static void print_routes(void)
{
	for (const Route *const *table = route_tables; *table != NULL; table++) {
		for (const Route *row = *table; row->method != NULL; row++) {
			printf("%s\t%s\t%s\t", row->method, row->path, row->raw ? "raw" : "json");
			print_roles(row->roles);
			putchar('\n');
		}
	}
}

/* Whether a caller of that role gets to the call: asked as a request asks, not read in a table. */
static gboolean is_let_in(Service *service, const char *method, const char *pattern, Role role)
{
	g_autoptr(GRegex) words = g_regex_new("{[^}]*}", 0, 0, NULL);
	g_autofree char *path = g_regex_replace_literal(words, pattern, -1, 0, "x", 0, NULL);
	g_autoptr(HttpCall) call = call_new(service, NULL, method, path);

	call->roles = role;
	call_set_route(call, route_tables);
	return call->failure == NULL;
}

/* A row for each call, a column for each role, the last for a caller without any. */
static void print_matrix(void)
{
	const char *const columns = "public outgoing evidence otic hr tramite auditor head nobody";
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("acuse-settings-XXXXXX", &path, NULL);
	Settings *settings = fd >= 0 ? settings_load(path, NULL) : NULL;
	Service service = {.settings = settings};

	if (settings == NULL)
		exit(1);
	close(fd);
	g_unlink(path);

	printf("%-60s %s\n", "", columns);
	for (const Route *const *table = route_tables; *table != NULL; table++) {
		for (const Route *row = *table; row->method != NULL; row++) {
			g_autofree char *name = g_strdup_printf("%s %s", row->method, row->path);

			printf("%-60s", name);
			for (gsize i = 0; i < G_N_ELEMENTS(role_names); i++)
				printf(" %*s", -(int)strlen(role_names[i].name),
					is_let_in(&service, row->method, row->path,
						role_names[i].role)
						? "x"
						: "-");
			printf(" %s\n", is_let_in(&service, row->method, row->path, 0) ? "x" : "-");
		}
	}
	settings_free(settings);
}

static void print_step(const char *what, const char *state, const char *event, const char *next,
	const char *record, int effects, int roles)
{
	printf("%s\t%s\t%s\t%s", what, state, event, next != NULL ? next : "-");
	if (next != NULL) {
		printf("\t%s\t%#x\t", record, (guint)effects);
		print_roles(roles);
	}
	putchar('\n');
}

/* Every pair of state and event; "-": not allowed. */
static void print_states(void)
{
	for (int state = 0; state < REQUEST_N_STATES; state++) {
		for (int event = 0; event < REQUEST_N_EVENTS; event++) {
			const RequestStep *step =
				request_step((RequestState)state, (RequestEvent)event);

			print_step("request", request_state_name((RequestState)state),
				request_event_name((RequestEvent)event),
				step != NULL ? request_state_name(step->next) : NULL,
				step != NULL ? step->record : NULL,
				step != NULL ? step->effects : 0, step != NULL ? step->roles : 0);
		}
	}
	for (int state = 0; state < ACCOUNT_N_STATES; state++) {
		for (int event = 0; event < ACCOUNT_N_EVENTS; event++) {
			const AccountStep *step =
				account_step((AccountState)state, (AccountEvent)event);

			print_step("account", account_state_name((AccountState)state),
				account_event_name((AccountEvent)event),
				step != NULL ? account_state_name(step->next) : NULL,
				step != NULL ? step->record : NULL,
				step != NULL ? step->effects : 0, step != NULL ? step->roles : 0);
		}
	}
	for (const char *const *state = token_states; *state != NULL; state++) {
		for (const char *const *event = token_events; *event != NULL; event++) {
			const TokenStep *step = token_step(*state, *event, NULL);

			print_step("token", *state, *event, step != NULL ? step->next : NULL,
				step != NULL ? step->leaf : NULL, step != NULL ? step->effects : 0,
				step != NULL ? step->roles : 0);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "settings") == 0)
		print_settings();
	else if (argc == 2 && strcmp(argv[1], "rules") == 0)
		print_rules();
	else if (argc == 2 && strcmp(argv[1], "routes") == 0)
		print_routes();
	else if (argc == 2 && strcmp(argv[1], "matrix") == 0)
		print_matrix();
	else if (argc == 2 && strcmp(argv[1], "states") == 0)
		print_states();
	else
		return 2;
	return 0;
}
