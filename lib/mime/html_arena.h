/* The memory of one reading by gumbo, which gives no bound to it nor to its time. Internal to
 * html.c. */
#ifndef ACUSE_MIME_HTML_ARENA_H
#define ACUSE_MIME_HTML_ARENA_H

#include <glib.h>
#include <setjmp.h>

#define HTML_ARENA_SMALL_BYTES 512 /* up to it a piece is of a multiple of 8 bytes */
#define HTML_ARENA_LISTS (HTML_ARENA_SMALL_BYTES / 8 + GLIB_SIZEOF_SIZE_T * 8 + 1)

typedef struct _HtmlLarge HtmlLarge;

typedef struct {
	guint8 *base;		       /* HTML_MAX_TREE_BYTES; what is not used costs nothing */
	gsize used;		       /* of them */
	gsize large_bytes;	       /* of the pieces that have a mapping of their own */
	HtmlLarge *large;	       /* which are these */
	gint64 end_ns;		       /* of this thread's processor time */
	guint calls;		       /* so far */
	jmp_buf out;		       /* taken over HTML_MAX_TREE_BYTES or HTML_MAX_TIME_MS */
	void *freed[HTML_ARENA_LISTS]; /* by the size of the piece */
} HtmlArena;

/* To be cleared, also after `out`. */
void html_arena_init(HtmlArena *arena);
/* All of it goes back to the system at once. */
void html_arena_clear(HtmlArena *arena);

/* As gumbo wants them, with the arena as data. */
void *html_arena_allocate(void *data, size_t size);
void html_arena_free(void *data, void *memory);

#endif
