/*
 * gumbo asks for memory at every token, so this is where its time and its memory are looked at:
 * over a limit the parse ends by longjmp. Small pieces stand one behind the other in one mapping
 * and large ones each in their own, so that malloc keeps nothing of a tree when it ended, and the
 * next one does not come on top. Never fails but by `out`; ends the program as GLib does when the
 * system has no memory. No shared state.
 */
#include "mime/html_arena.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "mime/html.h"

#define CALLS_A_LOOK 256
#define LARGE_BYTES (64 * 1024)

struct _HtmlLarge {
	HtmlLarge *previous, *next;
};

/* Of this thread alone: a busy machine changes nothing. */
static gint64 thread_time_ns(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (gint64)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void *map(gsize size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		g_error("no memory for %" G_GSIZE_FORMAT " bytes of HTML", size);
	return memory;
}

void html_arena_init(HtmlArena *arena)
{
	memset(arena, 0, sizeof *arena);
	arena->base = map(HTML_MAX_TREE_BYTES);
	arena->end_ns = thread_time_ns() + (gint64)HTML_MAX_TIME_MS * 1000000;
}

/* Before each piece, whatever its kind, stands the size that it was asked for. */
static gsize *size_of(void *memory)
{
	return (gsize *)memory - 1;
}

static HtmlLarge *large_of(void *memory)
{
	return (HtmlLarge *)(void *)size_of(memory) - 1;
}

static void free_large(HtmlArena *arena, HtmlLarge *large)
{
	gsize size = sizeof *large + sizeof(gsize) + *(gsize *)(void *)(large + 1);

	if (large->previous)
		large->previous->next = large->next;
	else
		arena->large = large->next;
	if (large->next)
		large->next->previous = large->previous;
	arena->large_bytes -= size;
	munmap(large, size);
}

void html_arena_clear(HtmlArena *arena)
{
	while (arena->large)
		free_large(arena, arena->large);
	munmap(arena->base, HTML_MAX_TREE_BYTES);
}

static guint list_of(gsize size, gsize *room)
{
	guint bits = g_bit_storage(size - 1);

	if (size <= HTML_ARENA_SMALL_BYTES) {
		*room = (size + 7) / 8 * 8;
		return (guint)(*room / 8);
	}
	*room = (gsize)1 << bits;
	return HTML_ARENA_SMALL_BYTES / 8 + bits;
}

static void check_limits(HtmlArena *arena, gsize more)
{
	if (more > HTML_MAX_TREE_BYTES - MIN(arena->used + arena->large_bytes, HTML_MAX_TREE_BYTES))
		longjmp(arena->out, 1);
	if (++arena->calls % CALLS_A_LOOK == 0 && thread_time_ns() > arena->end_ns)
		longjmp(arena->out, 1);
}

static void *allocate_large(HtmlArena *arena, gsize size)
{
	gsize whole = sizeof(HtmlLarge) + sizeof size + size;
	HtmlLarge *large;
	void *memory;

	check_limits(arena, whole);
	large = map(whole);
	large->next = arena->large;
	if (large->next)
		large->next->previous = large;
	arena->large = large;
	arena->large_bytes += whole;
	memory = (gsize *)(void *)(large + 1) + 1;
	*size_of(memory) = size;
	return memory;
}

void *html_arena_allocate(void *data, size_t size)
{
	HtmlArena *arena = data;
	void *memory;
	gsize room;
	guint list;

	if (size > HTML_MAX_TREE_BYTES)
		longjmp(arena->out, 1);
	if (size > LARGE_BYTES)
		return allocate_large(arena, size);
	size = MAX(size, sizeof memory);
	list = list_of(size, &room);
	memory = arena->freed[list];
	check_limits(arena, memory ? 0 : sizeof size + room);
	if (memory) {
		memcpy(&arena->freed[list], memory, sizeof memory);
	} else {
		memory = arena->base + arena->used + sizeof size;
		arena->used += sizeof size + room;
	}
	*size_of(memory) = size;
	return memory;
}

void html_arena_free(void *data, void *memory)
{
	HtmlArena *arena = data;
	gsize room;
	guint list;

	if (!memory)
		return;
	if (*size_of(memory) > LARGE_BYTES) {
		free_large(arena, large_of(memory));
		return;
	}
	list = list_of(*size_of(memory), &room);
	memcpy(memory, &arena->freed[list], sizeof memory);
	arena->freed[list] = memory;
}
