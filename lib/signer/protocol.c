/*
 * protocol.h: GVariant packets over SOCK_SEQPACKET. Both ends are processes of one host, so the
 * byte order is the host's: another one shows as a wrong version. Nothing is believed before the
 * normal form is checked. Blocking follows the descriptor's own mode and time limits. Safe in every
 * thread, one thread a descriptor.
 */
#include "signer/protocol.h"
#include "base/error.h"
#include "base/ustream.h"
#include "signer/packet_buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACKET_TYPE "(usa{sv})"
#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK)
#define MAX_DESCRIPTORS 4
/* Up to here a copy costs less than a mapping. */
#define COPIED_CONTENT (32 * 1024)

static gboolean fail_errno(GError **error, const char *what)
{
	AcuseErrorCode code = ACUSE_ERROR_UNAVAILABLE;

	if (errno == EAGAIN || errno == EWOULDBLOCK)
		code = ACUSE_ERROR_TIMEOUT;
	else if (errno == EMSGSIZE)
		code = ACUSE_ERROR_TOO_LARGE;
	g_set_error(error, ACUSE_ERROR, code, "%s: %s", what, g_strerror(errno));
	return FALSE;
}

static void attach_descriptor(struct msghdr *message, void *control, gsize control_size, int fd)
{
	struct cmsghdr *header;

	memset(control, 0, control_size);
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(sizeof fd);
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
}

gboolean signer_packet_send(
	int fd, const char *operation, GVariant *parameters, int passed_fd, GError **error)
{
	g_autoptr(GVariant) owned = NULL;
	g_autoptr(GVariant) packet = NULL;
	g_autoptr(PacketBuffer) buffer = NULL;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct msghdr message = {0};
	struct iovec vector;
	ssize_t sent;

	owned = g_variant_take_ref(parameters != NULL ? parameters : g_variant_new("a{sv}", NULL));
	packet = g_variant_ref_sink(
		g_variant_new("(us@a{sv})", SIGNER_PROTOCOL_VERSION, operation, owned));
	if (g_variant_get_size(packet) > SIGNER_MAX_PACKET) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE,
			"a packet has at most %d bytes", SIGNER_MAX_PACKET);
		return FALSE;
	}
	buffer = packet_buffer_new(g_variant_get_size(packet));
	g_variant_store(packet, buffer->data);
	vector.iov_base = buffer->data;
	vector.iov_len = buffer->size;
	message.msg_iov = &vector;
	message.msg_iovlen = 1;
	if (passed_fd >= 0)
		attach_descriptor(&message, control, sizeof control, passed_fd);
	do
		sent = sendmsg(fd, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent >= 0 || fail_errno(error, "send to the peer");
}

/* The first descriptor, if wanted, into *passed_fd; every other one is closed. */
static void take_descriptors(struct msghdr *message, int *passed_fd)
{
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
		header = CMSG_NXTHDR(message, header)) {
		gsize count;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (gsize i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
			if (passed_fd != NULL && *passed_fd < 0)
				*passed_fd = fd;
			else
				close(fd);
		}
	}
}

static PacketBuffer *receive_bytes(int fd, int *passed_fd, GError **error)
{
	g_autoptr(PacketBuffer) buffer = NULL;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(MAX_DESCRIPTORS * sizeof(int))];
	struct msghdr message = {0};
	struct iovec vector;
	ssize_t size;
	char none;

	/* The true size first, so that the bytes go straight into memory of their own and can be
	 * wiped there. */
	do
		size = recv(fd, &none, sizeof none, MSG_PEEK | MSG_TRUNC);
	while (size < 0 && errno == EINTR);
	if (size < 0) {
		fail_errno(error, "receive from the peer");
		return NULL;
	}
	buffer = packet_buffer_new(MIN((gsize)size, SIGNER_MAX_PACKET));
	vector.iov_base = buffer->data;
	vector.iov_len = buffer->size;
	message.msg_iov = &vector;
	message.msg_iovlen = 1;
	message.msg_control = control;
	message.msg_controllen = sizeof control;
	do
		size = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	while (size < 0 && errno == EINTR);
	if (size < 0) {
		fail_errno(error, "receive from the peer");
		return NULL;
	}
	take_descriptors(&message, passed_fd);
	if (size == 0) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "the peer closed");
		return NULL;
	}
	if ((message.msg_flags & MSG_TRUNC) != 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE,
			"a packet has at most %d bytes", SIGNER_MAX_PACKET);
		return NULL;
	}
	if ((message.msg_flags & MSG_CTRUNC) != 0 || (gsize)size != buffer->size) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "malformed packet");
		return NULL;
	}
	return g_steal_pointer(&buffer);
}

static void free_buffer(gpointer data)
{
	packet_buffer_free(data);
}

static GVariant *parse_packet(PacketBuffer *buffer, char **operation, GError **error)
{
	g_autoptr(GBytes) bytes =
		g_bytes_new_with_free_func(buffer->data, buffer->size, free_buffer, buffer);
	g_autoptr(GVariant) packet = g_variant_ref_sink(
		g_variant_new_from_bytes(G_VARIANT_TYPE(PACKET_TYPE), bytes, FALSE));
	g_autoptr(GVariant) parameters = NULL;
	const AcuseErrorRow *row;
	const char *word, *detail = NULL;
	guint32 version;

	if (!g_variant_is_normal_form(packet)) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "malformed packet");
		return NULL;
	}
	g_variant_get(packet, "(u&s@a{sv})", &version, &word, &parameters);
	if (version != SIGNER_PROTOCOL_VERSION) {
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "protocol version %u", version);
		return NULL;
	}
	row = acuse_error_by_name(word);
	if (row != NULL) {
		g_variant_lookup(parameters, "detail", "&s", &detail);
		g_set_error_literal(
			error, ACUSE_ERROR, (gint)row->code, detail != NULL ? detail : row->name);
		return NULL;
	}
	if (operation != NULL)
		*operation = g_strdup(word);
	return g_steal_pointer(&parameters);
}

GVariant *signer_packet_receive(int fd, char **operation, int *passed_fd, GError **error)
{
	PacketBuffer *buffer;
	GVariant *parameters = NULL;
	int descriptor = -1;

	if (operation != NULL)
		*operation = NULL;
	buffer = receive_bytes(fd, &descriptor, error);
	if (buffer != NULL)
		parameters = parse_packet(buffer, operation, error);
	if (descriptor >= 0 && (parameters == NULL || passed_fd == NULL)) {
		close(descriptor);
		descriptor = -1;
	}
	if (passed_fd != NULL)
		*passed_fd = descriptor;
	return parameters;
}

int signer_memfd_new(GBytes *content, GError **error)
{
	gsize size, done = 0;
	const guint8 *data = g_bytes_get_data(content, &size);
	int fd;

	if (size > SIGNER_MAX_CONTENT) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE,
			"content has at most %d bytes", SIGNER_MAX_CONTENT);
		return -1;
	}
	fd = memfd_create("acuse-content", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	while (fd >= 0 && done < size) {
		ssize_t written = write(fd, data + done, size - done);

		if (written < 0 && errno != EINTR)
			break;
		done += written > 0 ? (gsize)written : 0;
	}
	if (fd >= 0 && done == size && fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		return fd;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "memory for the content: %s",
		g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

typedef struct {
	void *data;
	gsize size;
} Mapping;

static void unmap(gpointer data)
{
	Mapping *mapping = data;

	munmap(mapping->data, mapping->size);
	g_free(mapping);
}

static GBytes *copy_content(int fd, gsize size, GError **error)
{
	g_autofree char *data = g_malloc(size);
	ssize_t got;

	do
		got = pread(fd, data, size, 0);
	while (got < 0 && errno == EINTR);
	if (got == (ssize_t)size)
		return g_bytes_new_take(g_steal_pointer(&data), size);
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "read the content");
	return NULL;
}

GBytes *signer_memfd_read(int fd, GError **error)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat info;
	Mapping *mapping;
	void *data;

	/* Unsealed bytes could change between the check and the signature. */
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &info) < 0) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"the content is not sealed memory");
		return NULL;
	}
	if (info.st_size <= 0 || info.st_size > SIGNER_MAX_CONTENT) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "content has 1 to %d bytes",
			SIGNER_MAX_CONTENT);
		return NULL;
	}
	if (info.st_size <= COPIED_CONTENT)
		return copy_content(fd, (gsize)info.st_size, error);
	data = mmap(NULL, (gsize)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "map the content: %s",
			g_strerror(errno));
		return NULL;
	}
	mapping = g_new(Mapping, 1);
	mapping->data = data;
	mapping->size = (gsize)info.st_size;
	return g_bytes_new_with_free_func(data, mapping->size, unmap, mapping);
}

GVariant *signer_call(const char *socket_path, guint timeout_ms, const char *operation,
	GVariant *parameters, GBytes *content, GError **error)
{
	g_autoptr(GVariant) owned =
		g_variant_take_ref(parameters != NULL ? parameters : g_variant_new("a{sv}", NULL));
	g_autofree char *word = NULL;
	GVariant *answer = NULL;
	int memfd = -1, fd;

	if (content != NULL && (memfd = signer_memfd_new(content, error)) < 0)
		return NULL;
	fd = ustream_connect(socket_path, SOCK_SEQPACKET, timeout_ms, error);
	if (fd >= 0 && signer_packet_send(fd, operation, g_variant_ref(owned), memfd, error))
		answer = signer_packet_receive(fd, &word, NULL, error);
	if (answer != NULL && g_strcmp0(word, "ok") != 0) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "not an answer");
		g_clear_pointer(&answer, g_variant_unref);
	}
	if (fd >= 0)
		close(fd);
	if (memfd >= 0)
		close(memfd);
	return answer;
}
