/* ustream.h: thin over socket(2), bind(2), connect(2). Safe in every thread. */
#include "base/ustream.h"
#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(int fd, const char *what, const char *path, GError **error)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "%s %s: %s", what, path,
		g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static gboolean fill_address(struct sockaddr_un *address, const char *path)
{
	memset(address, 0, sizeof *address);
	address->sun_family = AF_UNIX;
	return g_strlcpy(address->sun_path, path, sizeof address->sun_path) <
	       sizeof address->sun_path;
}

int ustream_listen(const char *path, int type, guint mode, GError **error)
{
	struct sockaddr_un address;
	mode_t saved;
	int fd, bound;

	errno = ENAMETOOLONG;
	if (!fill_address(&address, path))
		return fail(-1, "listen on", path, error);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(-1, "listen on", path, error);
	if (unlink(path) < 0 && errno != ENOENT)
		return fail(fd, "remove", path, error);
	/* The umask, not a later chmod, so that nobody connects in between. */
	saved = umask((mode_t)(~mode & 0777));
	bound = bind(fd, (struct sockaddr *)&address, sizeof address);
	umask(saved);
	if (bound < 0)
		return fail(fd, "bind", path, error);
	if (listen(fd, SOMAXCONN) < 0)
		return fail(fd, "listen on", path, error);
	return fd;
}

int ustream_connect(const char *path, int type, guint timeout_ms, GError **error)
{
	struct timeval limit = {
		(time_t)(timeout_ms / 1000), (suseconds_t)(timeout_ms % 1000) * 1000};
	struct sockaddr_un address;
	int fd;

	errno = ENAMETOOLONG;
	if (!fill_address(&address, path))
		return fail(-1, "connect to", path, error);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(-1, "connect to", path, error);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
		return fail(fd, "set the time limit of", path, error);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return fail(fd, "connect to", path, error);
	return fd;
}

guint ustream_peer_uid(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return (guint)-1;
	return peer.uid;
}
