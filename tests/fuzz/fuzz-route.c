/* A request line and a list's window: method, path, limit and after, one a line. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "provision/http_call.h"
#include "provision/list.h"

typedef struct {
	const char *limit, *after;
} Window;

static const char *query(gpointer http, const char *name)
{
	const Window *window = http;

	return strcmp(name, "limit") == 0   ? window->limit
	       : strcmp(name, "after") == 0 ? window->after
					    : NULL;
}

static void check_route(const char *method, const char *path)
{
	static const Route *const tables[] = {routes_sends, routes_events, routes_ledger,
		routes_tokens, routes_expedientes, routes_health, NULL};
	g_autoptr(GError) error = NULL;
	const Route *route = NULL;
	g_auto(GStrv) arguments = NULL;
	gboolean found = route_find(tables, method, path, &route, &arguments, &error);

	fuzz_check_error(found, error, "route_find");
	if (!found)
		return;
	FUZZ_PROMISE(strcmp(route->method, method) == 0, "another method");
	for (guint i = 0; arguments[i] != NULL; i++) {
		fuzz_check_utf8(arguments[i], "a part of the path");
		for (const char *c = arguments[i]; *c != '\0'; c++)
			FUZZ_PROMISE(!g_ascii_iscntrl(*c), "a control character in the path");
	}
}

static void check_window(const char *limit, const char *after)
{
	Window window = {*limit != '\0' ? limit : NULL, *after != '\0' ? after : NULL};
	const ApiRequest request = {.query = query, .http = &window};
	const List list = {TABLE_INDEX, "time/", TRUE, NULL, NULL};
	g_autoptr(GError) error = NULL, page_error = NULL;
	g_autofree char *key = NULL;
	const char *cursor = NULL;
	guint count = 0;
	gboolean fine = list_window(&request, &list, &count, &key, &error);

	fuzz_check_error(fine, error, "list_window");
	FUZZ_PROMISE(error != NULL || (count >= 1 && count <= 1000), "window of %u", count);
	FUZZ_PROMISE(key == NULL || g_str_has_prefix(key, "time/"), "key \"%s\"", key);
	fine = api_page(&request, &count, &cursor, &page_error);
	fuzz_check_error(fine, page_error, "api_page");
	FUZZ_PROMISE(page_error != NULL || (count >= 1 && count <= 1000), "page of %u", count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *method = fuzz_take_line(&data, &size),
			*path = fuzz_take_line(&data, &size);
	g_autofree char *limit = fuzz_take_line(&data, &size),
			*after = fuzz_take_line(&data, &size);

	check_route(method, path);
	check_window(limit, after);
	return 0;
}
