/* Calls a part's route as http_call.c does, without HTTP. */
#ifndef ACUSE_TESTS_UNIT_ROUTE_H
#define ACUSE_TESTS_UNIT_ROUTE_H

#include <string.h>

#include "provision/service.h"

/* The only parameter of a query, "name=value"; http NULL: none. */
static inline const char *route_query(gpointer http, const char *name)
{
	const char *query = http;
	gsize length = strlen(name);

	if (query != NULL && strncmp(query, name, length) == 0 && query[length] == '=')
		return query + length + 1;
	return NULL;
}

/* body is consumed, message may be NULL; what the handler says. Arguments are separated by blanks.
 * A route that is not there aborts the test. */
static inline gboolean route_call_with(Service *of, const Route *routes, const char *method,
	const char *path, const char *argument, const char *query, json_t *body, GBytes *message,
	ApiResponse *response, GError **error)
{
	g_auto(GStrv) arguments = g_strsplit(argument != NULL ? argument : "", " ", -1);
	const ApiRequest request = {.service = of,
		.roles = ROLE_OTIC,
		.actor = "uid:0",
		.method = method,
		.arguments = arguments,
		.query = route_query,
		.http = (char *)query,
		.body = body,
		.message = message};
	gboolean done;

	while (routes->method != NULL &&
		(strcmp(routes->method, method) != 0 || strcmp(routes->path, path) != 0))
		routes++;
	if (routes->method == NULL)
		g_error("no route %s %s", method, path);
	*response = (ApiResponse){.status = 200};
	done = routes->handle(&request, response, error);
	json_decref(body);
	return done;
}

static inline gboolean route_call(Service *of, const Route *routes, const char *method,
	const char *path, const char *argument, const char *query, json_t *body,
	ApiResponse *response, GError **error)
{
	return route_call_with(
		of, routes, method, path, argument, query, body, NULL, response, error);
}

#endif
