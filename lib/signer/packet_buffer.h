/*
 * Memory for packets that may carry a PIN: locked, left out of core files and of forked children,
 * wiped when freed. Large packets (they carry bindings or seals) are ordinary memory, wiped too.
 */
#ifndef ACUSE_SIGNER_PACKET_BUFFER_H
#define ACUSE_SIGNER_PACKET_BUFFER_H

#include <glib.h>

typedef struct {
	guint8 *data;
	gsize size;	/* of the packet */
	gsize capacity; /* of the mapping; 0: from the heap */
} PacketBuffer;

/* Never fails but by running out of memory. When locking is not allowed the memory is used
 * unlocked. */
PacketBuffer *packet_buffer_new(gsize size);
void packet_buffer_free(PacketBuffer *buffer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PacketBuffer, packet_buffer_free)

#endif
