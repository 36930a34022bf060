/* Lists of the API: a page of the store's rows as {"items":[...],"next":CURSOR|null}. */
#ifndef ACUSE_PROVISION_LIST_H
#define ACUSE_PROVISION_LIST_H

#include "provision/service.h"

/* What the list has of a row, a new reference; NULL leaves it out, or with an error ends the list.
 */
typedef json_t *(*ListShow)(const char *key, const char *value, gpointer data, GError **error);

typedef struct {
	StoreTable table;
	const char *prefix; /* of the keys; the rest of a key is its cursor */
	gboolean
		newest_first; /* of rows under zero-padded numbers; else in the order of the keys */
	ListShow show;
	gpointer data; /* for show */
} List;

/* ?limit=, and ?after= as a whole key (a new string) or NULL. INVALID. */
gboolean list_window(
	const ApiRequest *request, const List *list, guint *limit, char **after, GError **error);

/* The page that ?limit= and ?after= ask for; INVALID, or what store and show fail with. */
gboolean list_answer(
	const ApiRequest *request, const List *list, ApiResponse *response, GError **error);

#endif
