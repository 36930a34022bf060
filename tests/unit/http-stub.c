/* The server of http-stub.h. Stops when its listening socket and its connection are shut down. */
#include "http-stub.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct _HttpStub {
	char *folder, *path;
	int listener, connection;
	gboolean stopped;
	StubAnswer answer;
	GThread *thread;
	GMutex mutex;
	GPtrArray *requests;
};

static void free_request(gpointer data)
{
	StubRequest *request = data;

	g_free(request->head);
	g_bytes_unref(request->body);
	g_free(request);
}

/* The size that Content-Length gives, or 0. */
static gsize find_body_size(const char *head)
{
	const char *field = strcasestr(head, "\r\nContent-Length:");

	return field != NULL
		       ? (gsize)g_ascii_strtoull(field + strlen("\r\nContent-Length:"), NULL, 10)
		       : 0;
}

/* Reads one request; NULL when the client has gone. */
static StubRequest *read_request(int fd, guint connection)
{
	g_autoptr(GString) bytes = g_string_new(NULL);
	char buffer[4096], *end = NULL;
	StubRequest *request;

	for (;;) {
		ssize_t got;

		end = strstr(bytes->str, "\r\n\r\n");
		if (end != NULL) {
			gsize head_size = (gsize)(end + 4 - bytes->str);

			if (bytes->len >= head_size + find_body_size(bytes->str))
				break;
		}
		got = read(fd, buffer, sizeof(buffer));
		if (got <= 0)
			return NULL;
		g_string_append_len(bytes, buffer, got);
	}
	request = g_new0(StubRequest, 1);
	request->head = g_strndup(bytes->str, (gsize)(end + 2 - bytes->str));
	request->body = g_bytes_new(end + 4, find_body_size(request->head));
	request->connection = connection;
	return request;
}

/* FALSE when the connection is over. */
static gboolean send_answer(int fd, GBytes *answer)
{
	gsize size, sent = 0;
	const char *bytes = g_bytes_get_data(answer, &size);

	while (sent < size) {
		ssize_t count = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);

		if (count <= 0)
			return FALSE;
		sent += (gsize)count;
	}
	return size > 0;
}

static void serve(HttpStub *stub, int fd, guint connection)
{
	StubRequest *request;
	gboolean open = TRUE;

	while (open && (request = read_request(fd, connection)) != NULL) {
		g_autoptr(GBytes) answer = stub->answer(request);
		char byte;

		g_mutex_lock(&stub->mutex);
		g_ptr_array_add(stub->requests, request);
		g_mutex_unlock(&stub->mutex);
		if (answer != NULL)
			open = send_answer(fd, answer);
		else
			open = read(fd, &byte, 1) > 0;
	}
}

/* FALSE when the stub is being freed. */
static gboolean set_connection(HttpStub *stub, int fd)
{
	gboolean stopped;

	g_mutex_lock(&stub->mutex);
	stub->connection = fd;
	stopped = stub->stopped;
	g_mutex_unlock(&stub->mutex);
	return !stopped;
}

static gpointer run(gpointer data)
{
	HttpStub *stub = data;

	for (guint connection = 0;; connection++) {
		int fd = accept(stub->listener, NULL, NULL);

		if (fd < 0)
			return NULL;
		if (set_connection(stub, fd))
			serve(stub, fd, connection);
		set_connection(stub, -1);
		close(fd);
	}
}

HttpStub *http_stub_new(StubAnswer answer)
{
	HttpStub *stub = g_new0(HttpStub, 1);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	stub->folder = g_dir_make_tmp("acuse-stub-XXXXXX", NULL);
	stub->path = g_build_filename(stub->folder, "api.sock", NULL);
	stub->answer = answer;
	stub->connection = -1;
	stub->requests = g_ptr_array_new_with_free_func(free_request);
	g_mutex_init(&stub->mutex);
	g_strlcpy(address.sun_path, stub->path, sizeof(address.sun_path));
	stub->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(stub->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(stub->listener, 8) != 0)
		g_error("stub: cannot listen on %s", stub->path);
	stub->thread = g_thread_new("http-stub", run, stub);
	return stub;
}

void http_stub_free(HttpStub *stub)
{
	if (stub == NULL)
		return;
	g_mutex_lock(&stub->mutex);
	stub->stopped = TRUE;
	if (stub->connection >= 0)
		shutdown(stub->connection, SHUT_RDWR);
	g_mutex_unlock(&stub->mutex);
	shutdown(stub->listener, SHUT_RDWR);
	g_thread_join(stub->thread);
	close(stub->listener);
	g_unlink(stub->path);
	g_rmdir(stub->folder);
	g_mutex_clear(&stub->mutex);
	g_ptr_array_unref(stub->requests);
	g_free(stub->path);
	g_free(stub->folder);
	g_free(stub);
}

const char *http_stub_path(const HttpStub *stub)
{
	return stub->path;
}

guint http_stub_count(HttpStub *stub)
{
	guint count;

	g_mutex_lock(&stub->mutex);
	count = stub->requests->len;
	g_mutex_unlock(&stub->mutex);
	return count;
}

const StubRequest *http_stub_request(HttpStub *stub, guint index)
{
	const StubRequest *request = NULL;

	g_mutex_lock(&stub->mutex);
	if (index < stub->requests->len)
		request = stub->requests->pdata[index];
	g_mutex_unlock(&stub->mutex);
	return request;
}
