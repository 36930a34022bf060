/*
 * fair_queue.h: the lines of the senders in a ring; the first one is served and goes to the end. A
 * line exists while something waits in it.
 */
#include "signer/fair_queue.h"

#include <string.h>

typedef struct {
	char *sender;
	GQueue items;
} Line;

struct _FairQueue {
	GQueue lines; /* Line *, in the order of their turn */
	guint length, max_length;
};

FairQueue *fair_queue_new(guint max_length)
{
	FairQueue *queue = g_new0(FairQueue, 1);

	g_queue_init(&queue->lines);
	queue->max_length = max_length;
	return queue;
}

static void line_free(gpointer data)
{
	Line *line = data;

	g_queue_clear(&line->items);
	g_free(line->sender);
	g_free(line);
}

void fair_queue_free(FairQueue *queue)
{
	if (queue == NULL)
		return;
	g_queue_clear_full(&queue->lines, line_free);
	g_free(queue);
}

guint fair_queue_length(const FairQueue *queue)
{
	return queue->length;
}

static Line *find_line(const FairQueue *queue, const char *sender)
{
	for (GList *node = queue->lines.head; node != NULL; node = node->next) {
		Line *line = node->data;

		if (strcmp(line->sender, sender) == 0)
			return line;
	}
	return NULL;
}

guint fair_queue_before(const FairQueue *queue, const char *sender)
{
	const Line *own = find_line(queue, sender);
	guint place = own != NULL ? own->items.length : 0, before = place;

	for (GList *node = queue->lines.head; node != NULL; node = node->next) {
		const Line *line = node->data;

		if (line != own)
			before += MIN(line->items.length, place + 1);
	}
	return before;
}

static Line *longest_line(const FairQueue *queue)
{
	Line *longest = NULL;

	for (GList *node = queue->lines.head; node != NULL; node = node->next) {
		Line *line = node->data;

		if (longest == NULL || line->items.length > longest->items.length)
			longest = line;
	}
	return longest;
}

static Line *make_line(const char *sender)
{
	Line *line = g_new0(Line, 1);

	line->sender = g_strdup(sender);
	g_queue_init(&line->items);
	return line;
}

static void take_away(FairQueue *queue, Line *line)
{
	queue->length--;
	if (line->items.length > 0)
		return;
	g_queue_remove(&queue->lines, line);
	line_free(line);
}

gboolean fair_queue_push(FairQueue *queue, const char *sender, gpointer item, gpointer *displaced)
{
	Line *line = find_line(queue, sender), *longest;
	guint own = line != NULL ? line->items.length : 0;

	*displaced = NULL;
	if (queue->length >= queue->max_length) {
		longest = longest_line(queue);
		if (longest->items.length <= own + 1)
			return FALSE;
		*displaced = g_queue_pop_tail(&longest->items);
		take_away(queue, longest);
	}
	if (line == NULL) {
		line = make_line(sender);
		g_queue_push_tail(&queue->lines, line);
	}
	g_queue_push_tail(&line->items, item);
	queue->length++;
	return TRUE;
}

void fair_queue_push_first(FairQueue *queue, const char *sender, gpointer item)
{
	Line *line = find_line(queue, sender);

	if (line == NULL)
		line = make_line(sender);
	else
		g_queue_remove(&queue->lines, line);
	g_queue_push_head(&queue->lines, line);
	g_queue_push_head(&line->items, item);
	queue->length++;
}

gpointer fair_queue_pop(FairQueue *queue)
{
	Line *line = g_queue_pop_head(&queue->lines);
	gpointer item;

	if (line == NULL)
		return NULL;
	item = g_queue_pop_head(&line->items);
	g_queue_push_tail(&queue->lines, line);
	take_away(queue, line);
	return item;
}

gpointer fair_queue_take(
	FairQueue *queue, gboolean (*wanted)(gconstpointer item, gpointer data), gpointer data)
{
	for (GList *place = queue->lines.head; place != NULL; place = place->next) {
		Line *line = place->data;

		for (GList *node = line->items.head; node != NULL; node = node->next)
			if (wanted(node->data, data)) {
				gpointer item = node->data;

				g_queue_delete_link(&line->items, node);
				take_away(queue, line);
				return item;
			}
	}
	return NULL;
}

gboolean fair_queue_remove(FairQueue *queue, const char *sender, gpointer item)
{
	Line *line = find_line(queue, sender);

	if (line == NULL || !g_queue_remove(&line->items, item))
		return FALSE;
	take_away(queue, line);
	return TRUE;
}
