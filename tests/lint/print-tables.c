/*
 * print-tables settings|routes: the tables that are compiled into the programs, one row a line, for
 * the checks that hold the documents against them. Fails with 2 for a wrong argument.
 */
#include <stdio.h>
#include <string.h>

#include "base/settings.h"
#include "provision/routes.h"

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

static void print_roles(int roles)
{
	static const struct {
		Role role;
		const char *name;
	} names[] = {
		{ROLE_PUBLIC, "public"},
		{ROLE_OUTGOING, "outgoing"},
		{ROLE_EVIDENCE, "evidence"},
		{ROLE_OTIC, "otic"},
		{ROLE_HR, "hr"},
		{ROLE_TRAMITE, "tramite"},
		{ROLE_AUDITOR, "auditor"},
		{ROLE_HEAD, "head"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if ((roles & (int)names[i].role) != 0)
			printf(" %s", names[i].name);
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

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "settings") == 0)
		print_settings();
	else if (argc == 2 && strcmp(argv[1], "routes") == 0)
		print_routes();
	else
		return 2;
	return 0;
}
