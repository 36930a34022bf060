/* packet_buffer.h: mmap(2) and mlock(2) for what is small, the heap for the rest. Safe in every
 * thread; a page is given back to the thread that frees it. */
#include "signer/packet_buffer.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LOCKED_BYTES 4096

/* Pages that a thread keeps for its next packets, wiped: four system calls and a page fault fewer
 * for each. A child does not have its parent's (MADV_DONTFORK). */
#define SPARES_MAX 4

typedef struct {
	void *pages[SPARES_MAX];
	guint count;
	pid_t owner;
} Spares;

static void spares_free(gpointer data)
{
	Spares *spares = data;

	for (guint i = 0; i < spares->count && spares->owner == getpid(); i++)
		munmap(spares->pages[i], LOCKED_BYTES);
	g_free(spares);
}

static GPrivate private_spares = G_PRIVATE_INIT(spares_free);

static Spares *spares_of_thread(void)
{
	Spares *spares = g_private_get(&private_spares);

	if (spares == NULL) {
		spares = g_new0(Spares, 1);
		g_private_set(&private_spares, spares);
	}
	if (spares->owner != getpid()) {
		spares->owner = getpid();
		spares->count = 0;
	}
	return spares;
}

static void give_back(void *page)
{
	Spares *spares = spares_of_thread();

	if (spares->count < SPARES_MAX)
		spares->pages[spares->count++] = page;
	else
		munmap(page, LOCKED_BYTES);
}

static void *locked_page(void)
{
	Spares *spares = spares_of_thread();
	void *page;

	if (spares->count > 0)
		return spares->pages[--spares->count];
	page = mmap(NULL, LOCKED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	/* Each is a hardening that an unprivileged process may be denied; wiping does not depend on
	 * them. */
	(void)mlock(page, LOCKED_BYTES);
	(void)madvise(page, LOCKED_BYTES, MADV_DONTDUMP);
	(void)madvise(page, LOCKED_BYTES, MADV_DONTFORK);
	return page;
}

PacketBuffer *packet_buffer_new(gsize size)
{
	PacketBuffer *buffer = g_new0(PacketBuffer, 1);

	buffer->size = size;
	buffer->data = size <= LOCKED_BYTES ? locked_page() : NULL;
	if (buffer->data != NULL)
		buffer->capacity = LOCKED_BYTES;
	else
		buffer->data = g_malloc(MAX(size, 1));
	return buffer;
}

void packet_buffer_free(PacketBuffer *buffer)
{
	if (buffer == NULL)
		return;
	explicit_bzero(buffer->data, buffer->size);
	if (buffer->capacity > 0)
		give_back(buffer->data);
	else
		g_free(buffer->data);
	g_free(buffer);
}
