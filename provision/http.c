/*
 * http.h, the only file that knows libmicrohttpd. Two servers in one process: the Unix socket,
 * where SO_PEERCRED says who calls, and TLS, where everybody is public. A thread per connection,
 * since handlers wait for the committer (FACTS 29).
 *
 * Fails at start only. A call is read whole before it is answered; a body over the limit is
 * swallowed up to SWALLOW_BYTES_MAX, so that its sender gets the answer and not a broken pipe.
 * Paths and parameters come undecoded and are decoded once, in http_call.c, so that an escaped
 * slash stays inside its segment.
 */
#include "provision/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/client.h"
#include "base/error.h"
#include "base/ustream.h"
#include "provision/http_call.h"

#define LOCAL_CONNECTIONS_MAX 1000
#define PUBLIC_CONNECTIONS_MAX 200
#define PUBLIC_CONNECTIONS_PER_ADDRESS 20
#define LOCAL_TIMEOUT_S 120
#define PUBLIC_TIMEOUT_S 20
#define SWALLOW_BYTES_MAX (64 * 1024 * 1024)
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct _HttpServer {
	Service *service;
	const Route *const *tables;
	RoleTable *roles;
	Replies *replies;
	char *certificate, *key;
	struct MHD_Daemon *local, *public;
};

/* A call and how much of its body has come. */
typedef struct {
	HttpCall *call;
	guint64 received;
} Arriving;

static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static guint peer_uid(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info == NULL ? (guint)-1 : ustream_peer_uid(info->connect_fd);
}

static const char *connection_address(struct MHD_Connection *connection, char *address, gsize size)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *from = info != NULL ? info->client_addr : NULL;
	socklen_t length = from != NULL && from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
								       : sizeof(struct sockaddr_in);

	if (from == NULL ||
		getnameinfo(from, length, address, (socklen_t)size, NULL, 0, NI_NUMERICHOST) != 0)
		g_strlcpy(address, "unknown", size);
	return address;
}

static enum MHD_Result add_query(
	void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	call_add_query(cls, name, value);
	return MHD_YES;
}

static const char *type_of(const ApiResponse *answer)
{
	if (answer->content_type != NULL)
		return answer->content_type;
	return answer->json != NULL ? "application/json" : "application/octet-stream";
}

static void add_headers(struct MHD_Response *response, const ApiResponse *answer, gboolean tls)
{
	static const char *const rows[][2] = {
		{"Cache-Control", "no-store"},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"},
		{"Referrer-Policy", "no-referrer"},
		{"Content-Security-Policy",
			"default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
	};

	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type_of(answer));
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		MHD_add_response_header(response, rows[i][0], rows[i][1]);
	if (tls)
		MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
}

static void unref_bytes(void *cls)
{
	g_bytes_unref(cls);
}

static struct MHD_Response *to_response(const ApiResponse *answer)
{
	GBytes *bytes = answer->bytes;
	gsize size;
	void *data;

	if (bytes == NULL) {
		char *text = json_dumps(answer->json, JSON_COMPACT);

		return text == NULL ? NULL
				    : MHD_create_response_from_buffer(
					      strlen(text), text, MHD_RESPMEM_MUST_FREE);
	}
	data = (void *)g_bytes_get_data(bytes, &size);
	return MHD_create_response_from_buffer_with_free_callback_cls(
		size, data, unref_bytes, g_bytes_ref(bytes));
}

static enum MHD_Result answer_call(struct MHD_Connection *connection, HttpCall *call)
{
	ApiResponse answer;
	struct MHD_Response *response;
	enum MHD_Result queued = MHD_NO;

	call_run(call, &answer);
	response = to_response(&answer);
	if (response != NULL) {
		add_headers(response, &answer, call->roles == ROLE_PUBLIC);
		queued = MHD_queue_response(connection, answer.status, response);
		MHD_destroy_response(response);
	}
	response_clear(&answer);
	return queued;
}

static Arriving *begin_call(HttpServer *server, struct MHD_Connection *connection, const char *url,
	const char *method, gboolean tls)
{
	Arriving *arriving = g_new0(Arriving, 1);
	HttpCall *call = call_new(server->service, server->replies, method, url);
	char address[NI_MAXHOST];

	if (tls)
		call_set_public_caller(
			call, connection_address(connection, address, sizeof address));
	else
		call_set_local_caller(call, server->roles, peer_uid(connection),
			header(connection, "Acuse-Actor"));
	call_set_route(call, server->tables);
	call_set_message_size(call, header(connection, API_MESSAGE_SIZE));
	call->idempotency_key = g_strdup(header(connection, "Idempotency-Key"));
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_query, call);
	arriving->call = call;
	return arriving;
}

/* A declared length that is too much even to swallow: said at once, before the body. */
static gboolean is_hopeless(struct MHD_Connection *connection)
{
	const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return length != NULL && g_ascii_strtoull(length, NULL, 10) > SWALLOW_BYTES_MAX;
}

static enum MHD_Result take_body(Arriving *arriving, const char *bytes, size_t *size)
{
	arriving->received += *size;
	call_add_body(arriving->call, bytes, *size);
	*size = 0;
	if (arriving->call->failure != NULL && arriving->received > SWALLOW_BYTES_MAX)
		return MHD_NO;
	return MHD_YES;
}

static enum MHD_Result serve(HttpServer *server, struct MHD_Connection *connection, const char *url,
	const char *method, const char *bytes, size_t *size, void **state, gboolean tls)
{
	Arriving *arriving = *state;

	if (arriving == NULL) {
		*state = arriving = begin_call(server, connection, url, method, tls);
		if (!is_hopeless(connection) || arriving->call->body_max > SWALLOW_BYTES_MAX)
			return MHD_YES;
		if (arriving->call->failure == NULL)
			arriving->call->failure = g_error_new(
				ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE, "the body is too large");
		return answer_call(connection, arriving->call);
	}
	if (*size > 0)
		return take_body(arriving, bytes, size);
	return answer_call(connection, arriving->call);
}

static enum MHD_Result serve_local(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *bytes, size_t *size, void **state)
{
	(void)version;
	return serve(cls, connection, url, method, bytes, size, state, FALSE);
}

static enum MHD_Result serve_public(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *bytes, size_t *size, void **state)
{
	(void)version;
	return serve(cls, connection, url, method, bytes, size, state, TRUE);
}

static void completed(void *cls, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	Arriving *arriving = *state;

	(void)cls;
	(void)connection;
	(void)code;
	if (arriving == NULL)
		return;
	call_free(arriving->call);
	g_free(arriving);
	*state = NULL;
}

#define SERVER_FLAGS                                                                               \
	(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |          \
		MHD_USE_ITC)

static gboolean start_local(HttpServer *server, GError **error)
{
	const char *path = settings_string(server->service->settings, "api", "socket");
	int fd = ustream_listen(path, SOCK_STREAM, 0666, error);

	if (fd < 0)
		return FALSE;
	server->local = MHD_start_daemon(SERVER_FLAGS, 0, NULL, NULL, serve_local, server,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)LOCAL_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)LOCAL_TIMEOUT_S, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
	if (server->local != NULL)
		return TRUE;
	close(fd);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "cannot serve on %s", path);
	return FALSE;
}

/* "127.0.0.1:443", "[::1]:443". */
static struct addrinfo *listen_address(const Settings *settings, const char *text, GError **error)
{
	const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(text, ':');
	struct addrinfo *found = NULL;

	if (colon != NULL) {
		g_autofree char *host = g_strndup(text, (gsize)(colon - text));
		gsize size = strlen(host);

		if (size >= 2 && host[0] == '[' && host[size - 1] == ']') {
			host[size - 1] = '\0';
			memmove(host, host + 1, size - 1);
		}
		if (getaddrinfo(*host == '\0' ? NULL : host, colon + 1, &hints, &found) == 0)
			return found;
	}
	settings_fail(settings, error, "api", "https_listen",
		"must be ADDRESS:PORT with a numeric address");
	return NULL;
}

static gboolean read_pem(HttpServer *server, const char *key, char **text, GError **error)
{
	const char *path = settings_string(server->service->settings, "api", key);
	g_autoptr(GError) failure = NULL;

	if (path != NULL && g_file_get_contents(path, text, NULL, &failure))
		return TRUE;
	return settings_fail(server->service->settings, error, "api", key, "%s",
		failure == NULL ? "must be given" : failure->message);
}

static gboolean start_public(HttpServer *server, GError **error)
{
	const char *text = settings_string(server->service->settings, "api", "https_listen");
	struct addrinfo *address;

	if (*text == '\0')
		return TRUE;
	if (!read_pem(server, "tls_certificate", &server->certificate, error) ||
		!read_pem(server, "tls_key", &server->key, error))
		return FALSE;
	address = listen_address(server->service->settings, text, error);
	if (address == NULL)
		return FALSE;
	server->public = MHD_start_daemon(
		SERVER_FLAGS | MHD_USE_TLS |
			(address->ai_family == AF_INET6 ? (unsigned)MHD_USE_IPv6 : 0u),
		0, NULL, NULL, serve_public, server, MHD_OPTION_SOCK_ADDR, address->ai_addr,
		MHD_OPTION_HTTPS_MEM_CERT, server->certificate, MHD_OPTION_HTTPS_MEM_KEY,
		server->key, MHD_OPTION_HTTPS_PRIORITIES, TLS_PRIORITIES,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)PUBLIC_CONNECTIONS_MAX,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)PUBLIC_CONNECTIONS_PER_ADDRESS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)PUBLIC_TIMEOUT_S,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED,
		completed, NULL, MHD_OPTION_END);
	freeaddrinfo(address);
	if (server->public != NULL)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "cannot serve TLS on %s", text);
	return FALSE;
}

HttpServer *http_start(Service *service, const Route *const *tables, GError **error)
{
	HttpServer *server = g_new0(HttpServer, 1);

	server->service = service;
	server->tables = tables;
	server->replies = replies_new(service);
	server->roles = role_table_new(service->settings, error);
	if (server->roles != NULL && start_public(server, error) && start_local(server, error))
		return server;
	http_stop(server);
	return NULL;
}

void http_stop(HttpServer *server)
{
	if (server == NULL)
		return;
	if (server->local != NULL)
		MHD_stop_daemon(server->local);
	if (server->public != NULL)
		MHD_stop_daemon(server->public);
	role_table_free(server->roles);
	replies_free(server->replies);
	if (server->key != NULL)
		explicit_bzero(server->key, strlen(server->key));
	g_free(server->certificate);
	g_free(server->key);
	g_free(server);
}
