/* packet_buffer.h: mmap(2) and mlock(2) for what is small, the heap for the rest. Safe in every
 * thread. */
#include "signer/packet_buffer.h"

#include <string.h>
#include <sys/mman.h>

#define LOCKED_BYTES 4096

PacketBuffer *packet_buffer_new(gsize size)
{
	PacketBuffer *buffer = g_new0(PacketBuffer, 1);
	void *page = MAP_FAILED;

	buffer->size = size;
	if (size <= LOCKED_BYTES)
		page = mmap(NULL, LOCKED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	if (page == MAP_FAILED) {
		buffer->data = g_malloc(MAX(size, 1));
		return buffer;
	}
	buffer->data = page;
	buffer->capacity = LOCKED_BYTES;
	/* Each is a hardening that an unprivileged process may be denied; wiping does not depend on
	 * them. */
	(void)mlock(page, LOCKED_BYTES);
	(void)madvise(page, LOCKED_BYTES, MADV_DONTDUMP);
	(void)madvise(page, LOCKED_BYTES, MADV_DONTFORK);
	return buffer;
}

void packet_buffer_free(PacketBuffer *buffer)
{
	if (buffer == NULL)
		return;
	explicit_bzero(buffer->data, buffer->size);
	if (buffer->capacity > 0)
		munmap(buffer->data, buffer->capacity);
	else
		g_free(buffer->data);
	g_free(buffer);
}
