/*
 * Client of provisiond's API over its Unix socket, or over TLS (libcurl). Bodies are jansson
 * values. Every POST gets an Idempotency-Key. One ApiClient serves one thread at a time; it keeps
 * its connection.
 */
#ifndef ACUSE_API_CLIENT_H
#define ACUSE_API_CLIENT_H

#include <glib.h>
#include <jansson.h>

typedef struct _ApiClient ApiClient;

/* actor: who speaks when root or sudo runs the program (header Acuse-Actor); NULL otherwise. */
ApiClient *api_client_new(const char *socket_path, guint timeout_ms, const char *actor);
/* What is public of it, over TLS: url "https://..." without a path; ca_file PEM, NULL: whom the
 * system trusts. NULL with INVALID: not such a URL. */
ApiClient *api_client_new_remote(
	const char *url, const char *ca_file, guint timeout_ms, GError **error);
/* For the calls that follow: what is left of a deadline. */
void api_client_set_timeout(ApiClient *client, guint timeout_ms);
void api_client_free(ApiClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ApiClient, api_client_free)

/*
 * method "GET" "POST" "PUT"; body may be NULL (not consumed). The answer is a new reference
 * (json_decref), an empty object when there is no content. A problem document (RFC 9457) becomes a
 * GError whose code is the row named by its "code" member and whose message is its "detail". No
 * answer: ACUSE_ERROR_UNAVAILABLE or TIMEOUT.
 */
json_t *api_call(ApiClient *client, const char *method, const char *path, const json_t *body,
	GError **error);

/* A POST whose JSON is followed by the bytes of a message, in one durable step with what the call
 * records; from 1 to API_MESSAGE_BYTES_MAX bytes. message NULL: api_call. */
#define API_MESSAGE_SIZE "Acuse-Message-Size"
#define API_MESSAGE_BYTES_MAX (32 * 1024)
json_t *api_call_with_message(ApiClient *client, const char *method, const char *path,
	const json_t *body, GBytes *message, GError **error);
/* PUT /v1/blobs/{sha256}; repeats are harmless. */
gboolean api_put_blob(ApiClient *client, const char *sha256, GBytes *bytes, GError **error);
/* Raw bytes of a GET. */
GBytes *api_get_bytes(ApiClient *client, const char *path, GError **error);

/* "/v1/x/%s/%s" with each argument percent-escaped. */
char *api_path(const char *format, ...) G_GNUC_PRINTF(1, 2);

#endif
