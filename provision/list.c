/* list.h: one scan; the row after the last one of the page tells whether there is more. Any thread.
 */
#include "provision/list.h"

#include <string.h>

#define NUMBER_DIGITS 20

typedef struct {
	const List *list;
	guint limit;
	json_t *items;
	gboolean more;
	char *last; /* cursor */
	GError *error;
} Page;

static gboolean visit(const char *key, const char *value, gpointer data)
{
	Page *page = data;
	json_auto_t *item = page->list->show(key, value, page->list->data, &page->error);

	if (item == NULL)
		return page->error == NULL;
	page->more = json_array_size(page->items) == page->limit;
	if (page->more)
		return FALSE;
	json_array_append(page->items, item);
	g_free(page->last);
	page->last = g_strdup(key + strlen(page->list->prefix));
	return TRUE;
}

gboolean list_window(
	const ApiRequest *request, const List *list, guint *limit, char **after, GError **error)
{
	const char *cursor;

	*after = NULL;
	if (!api_page(request, limit, &cursor, error))
		return FALSE;
	if (cursor == NULL)
		return TRUE;
	if (list->newest_first &&
		(strlen(cursor) != NUMBER_DIGITS || strspn(cursor, "0123456789") != NUMBER_DIGITS))
		return api_invalid(error, "after", "no such cursor");
	*after = g_strconcat(list->prefix, cursor, NULL);
	return TRUE;
}

gboolean list_answer(
	const ApiRequest *request, const List *list, ApiResponse *response, GError **error)
{
	json_auto_t *items = json_array();
	Page page = {.list = list, .items = items};
	g_autofree char *after = NULL;
	gboolean done;

	if (!list_window(request, list, &page.limit, &after, error))
		return FALSE;
	done = store_scan(request->service->store, list->table, list->prefix, after,
		list->newest_first, visit, &page, error);
	if (done && page.error != NULL) {
		g_propagate_error(error, g_steal_pointer(&page.error));
		done = FALSE;
	}
	g_clear_error(&page.error);
	if (done)
		response->json = json_pack(
			"{s:O, s:s?}", "items", items, "next", page.more ? page.last : NULL);
	g_free(page.last);
	return done;
}
