/*
 * A server for tests of HTTP clients: one thread, one connection after the other, on a Unix socket
 * in a folder of its own. It keeps what it was sent and answers what the test's function says.
 */
#ifndef ACUSE_TESTS_UNIT_HTTP_STUB_H
#define ACUSE_TESTS_UNIT_HTTP_STUB_H

#include <glib.h>

typedef struct {
	char *head; /* request line and fields, as they came */
	GBytes *body;
	guint connection; /* 0 is the first */
} StubRequest;

/*
 * Returns a whole answer, status line included (a new GBytes); an empty one closes the connection;
 * NULL says nothing and waits for the client to go away.
 */
typedef GBytes *(*StubAnswer)(const StubRequest *request);

typedef struct _HttpStub HttpStub;

HttpStub *http_stub_new(StubAnswer answer);
void http_stub_free(HttpStub *stub);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpStub, http_stub_free)

const char *http_stub_path(const HttpStub *stub);
guint http_stub_count(HttpStub *stub);
/* Valid until the stub is freed; NULL when there were not so many. */
const StubRequest *http_stub_request(HttpStub *stub, guint index);

#endif
