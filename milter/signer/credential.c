/* credential.h: one file, read at once into locked memory. Failing to read is the same as having
 * none. */
#include "signer/credential.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

PacketBuffer *credential_read(const char *label)
{
	const char *folder = g_getenv("CREDENTIALS_DIRECTORY");
	g_autofree char *name = g_strconcat("pin.", label, NULL);
	g_autofree char *path = NULL;
	PacketBuffer *pin;
	ssize_t size;
	int fd;

	if (folder == NULL || strchr(label, '/') != NULL)
		return NULL;
	path = g_build_filename(folder, name, NULL);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	pin = packet_buffer_new(CREDENTIAL_MAX_PIN + 2);
	size = read(fd, pin->data, pin->size);
	close(fd);
	while (size > 0 && (pin->data[size - 1] == '\n' || pin->data[size - 1] == '\r'))
		size--;
	if (size <= 0 || size > CREDENTIAL_MAX_PIN) {
		packet_buffer_free(pin);
		return NULL;
	}
	pin->size = (gsize)size;
	return pin;
}
