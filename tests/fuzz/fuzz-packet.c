/* A packet on one of the signer's sockets. The first byte says how many descriptors come with it.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "signer/protocol.h"

static gboolean send_raw(int fd, const uint8_t *data, size_t size, int n_passed, const int *passed)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {(void *)data, size};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	memset(&control, 0, sizeof control);
	if (n_passed > 0) {
		struct cmsghdr *header = &control.align;

		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN((gsize)n_passed * sizeof(int));
		memcpy(CMSG_DATA(header), passed, (gsize)n_passed * sizeof(int));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE((gsize)n_passed * sizeof(int));
	}
	return sendmsg(fd, &message, 0) == (ssize_t)size;
}

static void read_content(int fd)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) content = signer_memfd_read(fd, &error);

	fuzz_check_error(content != NULL, error, "signer_memfd_read");
}

static void receive(int fd, gboolean want_fd, int n_passed)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *operation = NULL;
	g_autoptr(GVariant) parameters = NULL;
	int passed = -1;

	parameters = signer_packet_receive(fd, &operation, want_fd ? &passed : NULL, &error);
	fuzz_check_error(parameters != NULL, error, "signer_packet_receive");
	FUZZ_PROMISE(passed < 0 || n_passed > 0, "a descriptor out of nothing");
	if (passed >= 0) {
		read_content(passed);
		close(passed);
	}
	if (parameters == NULL)
		return;
	fuzz_check_utf8(operation, "operation");
	FUZZ_PROMISE(g_variant_is_of_type(parameters, G_VARIANT_TYPE_VARDICT),
		"parameters are no a{sv}");
	FUZZ_PROMISE(g_variant_is_normal_form(parameters), "parameters are not in normal form");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *path = NULL;
	int pair[2], passed[2], n_passed;

	if (size < 2)
		return 0;
	n_passed = data[0] & 3;
	n_passed = MIN(n_passed, 2);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		g_error("no socket pair");
	passed[0] = passed[1] = fuzz_file_new(data, size, &path);
	if (send_raw(pair[0], data + 1, size - 1, n_passed, passed)) {
		close(pair[0]);
		receive(pair[1], (data[0] & 4) != 0, n_passed);
	} else {
		close(pair[0]);
	}
	close(pair[1]);
	close(passed[0]);
	return 0;
}
