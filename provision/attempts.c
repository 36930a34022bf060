/* attempts.h. A mutex around one table, which forgets what is older than the window when it grows.
 * Any thread. */
#include "provision/attempts.h"

#define NAMES_MAX 10000

typedef struct {
	gint64 since_s;
	guint count;
} Row;

struct _Attempts {
	GMutex lock;
	GHashTable *rows; /* name -> Row */
	guint limit;
	gint64 window_s;
};

Attempts *attempts_new(guint limit, gint64 window_s)
{
	Attempts *attempts = g_new0(Attempts, 1);

	g_mutex_init(&attempts->lock);
	attempts->rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	attempts->limit = limit;
	attempts->window_s = window_s;
	return attempts;
}

void attempts_free(Attempts *attempts)
{
	if (attempts == NULL)
		return;
	g_hash_table_unref(attempts->rows);
	g_mutex_clear(&attempts->lock);
	g_free(attempts);
}

/* The row, or NULL when there is none or its window is over. */
static Row *current_row(Attempts *attempts, const char *name, gint64 now_s)
{
	Row *row = g_hash_table_lookup(attempts->rows, name);

	return row != NULL && now_s - row->since_s < attempts->window_s ? row : NULL;
}

gboolean attempts_allowed(Attempts *attempts, const char *name, gint64 now_s)
{
	const Row *row;
	gboolean allowed;

	g_mutex_lock(&attempts->lock);
	row = current_row(attempts, name, now_s);
	allowed = row == NULL || row->count < attempts->limit;
	g_mutex_unlock(&attempts->lock);
	return allowed;
}

static void forget_old(Attempts *attempts, gint64 now_s)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, attempts->rows);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		if (now_s - ((Row *)value)->since_s >= attempts->window_s)
			g_hash_table_iter_remove(&iter);
}

void attempts_failed(Attempts *attempts, const char *name, gint64 now_s)
{
	Row *row;

	g_mutex_lock(&attempts->lock);
	row = current_row(attempts, name, now_s);
	if (row == NULL) {
		if (g_hash_table_size(attempts->rows) >= NAMES_MAX)
			forget_old(attempts, now_s);
		row = g_new0(Row, 1);
		row->since_s = now_s;
		/* A flood of names may not fill the memory; the addresses behind it have rows of
		 * their own. */
		if (g_hash_table_size(attempts->rows) < 2 * NAMES_MAX)
			g_hash_table_replace(attempts->rows, g_strdup(name), row);
		else
			g_clear_pointer(&row, g_free);
	}
	if (row != NULL)
		row->count++;
	g_mutex_unlock(&attempts->lock);
}

void attempts_forget(Attempts *attempts, const char *name)
{
	g_mutex_lock(&attempts->lock);
	g_hash_table_remove(attempts->rows, name);
	g_mutex_unlock(&attempts->lock);
}
