/*
 * mailbox_server.h: the client's side of Dovecot's script service, protocol 4.0 (Dovecot 2.3 and
 * 2.4): a version line, "-" for no input of ours, one word a line, an empty line; then what the
 * script writes and, last, "+" or "-". One call, one connection; any thread.
 */
#include "provision/mailbox_server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/ustream.h"

#define ANSWER_BYTES_MAX 4096

static gboolean fail(GError **error, const char *why)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "mail server: %s", why);
	return FALSE;
}

static gboolean write_all(int fd, const char *text, GError **error)
{
	gsize left = strlen(text);

	while (left > 0) {
		ssize_t n = send(fd, text, left, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(error, g_strerror(errno));
		text += n;
		left -= (gsize)n;
	}
	return TRUE;
}

static gboolean read_all(int fd, GString *answer, GError **error)
{
	char buffer[512];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof buffer)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TIMEOUT,
				"mail server: its script goes on");
			return FALSE;
		}
		if (n < 0)
			return fail(error, g_strerror(errno));
		if (answer->len + (gsize)n > ANSWER_BYTES_MAX)
			return fail(error, "its answer is too long");
		g_string_append_len(answer, buffer, n);
	}
	return TRUE;
}

gboolean mailbox_server_set(const Settings *settings)
{
	const char *path = settings_string(settings, "mailboxes", "socket");

	return path != NULL && *path != '\0';
}

char *mailbox_server_run(
	const Settings *settings, const char *const *words, guint timeout_ms, GError **error)
{
	g_autofree char *lines = g_strjoinv("\n", (char **)words);
	g_autofree char *text = g_strdup_printf("VERSION\tscript\t4\t0\n-\n%s\n\n", lines);
	g_autoptr(GString) answer = g_string_new(NULL);
	gboolean done;
	int fd;

	for (; *words != NULL; words++) {
		if (**words == '\0' || strpbrk(*words, "\t\r\n\001 ") != NULL) {
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
				"mail server: no such name");
			return NULL;
		}
	}
	fd = ustream_connect(
		settings_string(settings, "mailboxes", "socket"), SOCK_STREAM, timeout_ms, error);
	if (fd < 0)
		return NULL;
	done = write_all(fd, text, error) && shutdown(fd, SHUT_WR) == 0 &&
	       read_all(fd, answer, error);
	close(fd);
	if (!done)
		return NULL;
	if (!g_str_has_suffix(answer->str, "+\n")) {
		fail(error, "its script failed");
		return NULL;
	}
	g_string_truncate(answer, answer->len - 2);
	return g_strdup(g_strchomp(answer->str));
}
