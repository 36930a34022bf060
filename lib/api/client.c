/*
 * Client of the API over its Unix socket or TLS (client.h). Every failure is a GError: what
 * provisiond says in a problem document, or that it does not answer. One client serves one thread
 * at a time; libcurl keeps the connection between calls and opens it anew when provisiond was
 * restarted.
 */
#include "api/client.h"

#include <curl/curl.h>
#include <string.h>

#include "base/error.h"

#define MAX_ANSWER_BYTES (64 * 1024 * 1024)
#define URL_PREFIX "http://localhost"
#define REMOTE_PREFIX "https://"

struct _ApiClient {
	CURL *curl;
	char *socket_path, *actor; /* of a remote one NULL */
	char *url, *ca_file;	   /* ca_file may be NULL */
	guint timeout_ms;
};

typedef struct {
	const char *method, *path, *content_type;
	const void *body;
	gsize body_size;
	gsize message_size; /* of the message at the end of the body; 0: none */
} Call;

typedef struct {
	long status;
	GByteArray *body;
	gboolean too_large;
} Answer;

static gpointer init_curl(gpointer unused)
{
	(void)unused;
	return GINT_TO_POINTER(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

ApiClient *api_client_new(const char *socket_path, guint timeout_ms, const char *actor)
{
	static GOnce once = G_ONCE_INIT;
	ApiClient *client = g_new0(ApiClient, 1);

	g_once(&once, init_curl, NULL);
	client->curl = curl_easy_init();
	client->url = g_strdup(URL_PREFIX);
	client->socket_path = g_strdup(socket_path);
	client->actor = g_strdup(actor);
	client->timeout_ms = timeout_ms;
	return client;
}

ApiClient *api_client_new_remote(
	const char *url, const char *ca_file, guint timeout_ms, GError **error)
{
	ApiClient *client;
	gsize length = strlen(url);

	if (length > 0 && url[length - 1] == '/')
		length--;
	if (!g_str_has_prefix(url, REMOTE_PREFIX) || length <= strlen(REMOTE_PREFIX) ||
		memchr(url + strlen(REMOTE_PREFIX), '/', length - strlen(REMOTE_PREFIX)) != NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"%s: not like https://correo.muni.gob.pe:8443", url);
		return NULL;
	}
	client = api_client_new(NULL, timeout_ms, NULL);
	g_free(client->url);
	client->url = g_strndup(url, length);
	client->ca_file = g_strdup(ca_file);
	return client;
}

void api_client_set_timeout(ApiClient *client, guint timeout_ms)
{
	client->timeout_ms = timeout_ms;
}

void api_client_free(ApiClient *client)
{
	if (client == NULL)
		return;
	if (client->curl != NULL)
		curl_easy_cleanup(client->curl);
	g_free(client->socket_path);
	g_free(client->actor);
	g_free(client->url);
	g_free(client->ca_file);
	g_free(client);
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *data)
{
	Answer *answer = data;
	size_t total = size * count;

	if (total > MAX_ANSWER_BYTES - answer->body->len) {
		answer->too_large = TRUE;
		return 0;
	}
	g_byte_array_append(answer->body, (const guint8 *)bytes, (guint)total);
	return total;
}

static struct curl_slist *add_header(
	struct curl_slist *headers, const char *name, const char *value)
{
	g_autofree char *line = g_strdup_printf("%s: %s", name, value);

	return curl_slist_append(headers, line);
}

static struct curl_slist *make_headers(const ApiClient *client, const Call *call)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");

	if (call->content_type != NULL)
		headers = add_header(headers, "Content-Type", call->content_type);
	if (client->actor != NULL)
		headers = add_header(headers, "Acuse-Actor", client->actor);
	if (call->message_size > 0) {
		g_autofree char *size = g_strdup_printf("%" G_GSIZE_FORMAT, call->message_size);

		headers = add_header(headers, API_MESSAGE_SIZE, size);
	}
	if (strcmp(call->method, "POST") == 0) {
		g_autofree char *key = g_uuid_string_random();

		headers = add_header(headers, "Idempotency-Key", key);
	}
	return headers;
}

static void set_options(ApiClient *client, const Call *call, const char *url,
	struct curl_slist *headers, Answer *answer)
{
	CURL *curl = client->curl;

	curl_easy_reset(curl); /* keeps the connection */
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket_path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(
		curl, CURLOPT_PROTOCOLS_STR, client->socket_path != NULL ? "http" : "https");
	if (client->ca_file != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)client->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	if (strcmp(call->method, "GET") == 0)
		return;
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_size);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
}

static gboolean set_curl_error(CURLcode code, const Answer *answer, GError **error)
{
	if (code == CURLE_OK)
		return TRUE;
	if (answer->too_large)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE,
			"the API's answer is over %d bytes", MAX_ANSWER_BYTES);
	else
		g_set_error(error, ACUSE_ERROR,
			code == CURLE_OPERATION_TIMEDOUT ? ACUSE_ERROR_TIMEOUT
							 : ACUSE_ERROR_UNAVAILABLE,
			"the API does not answer: %s", curl_easy_strerror(code));
	return FALSE;
}

/* Status 2xx, or the error that the problem document names. */
static gboolean check_status(const Answer *answer, GError **error)
{
	const char *name = NULL, *detail = NULL;
	const AcuseErrorRow *row;
	json_t *problem;

	if (answer->status >= 200 && answer->status < 300)
		return TRUE;
	problem = json_loadb((const char *)answer->body->data, answer->body->len, 0, NULL);
	name = json_string_value(json_object_get(problem, "code"));
	detail = json_string_value(json_object_get(problem, "detail"));
	row = name != NULL ? acuse_error_by_name(name) : NULL;
	if (row != NULL)
		g_set_error_literal(
			error, ACUSE_ERROR, (gint)row->code, detail != NULL ? detail : row->text);
	else
		g_set_error(error, ACUSE_ERROR,
			answer->status == 503 ? ACUSE_ERROR_UNAVAILABLE : ACUSE_ERROR_INTERNAL,
			"the API answered %ld without a known problem", answer->status);
	json_decref(problem);
	return FALSE;
}

/* A path is a target as api_path makes it: visible ASCII only. */
static gboolean check_path(const char *path, GError **error)
{
	gboolean good = *path == '/';

	for (const char *at = path; good && *at != '\0'; at++)
		good = g_ascii_isgraph(*at) && *at != '#';
	if (!good)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "not a path of the API");
	return good;
}

/* The body of a 2xx answer (a new reference), or NULL with error. */
static GByteArray *perform(ApiClient *client, const Call *call, GError **error)
{
	g_autoptr(GByteArray) body = g_byte_array_new();
	g_autofree char *url = NULL;
	Answer answer = {0, body, FALSE};
	struct curl_slist *headers;
	CURLcode code;

	if (!check_path(call->path, error))
		return NULL;
	if (client->curl == NULL) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_INTERNAL, "libcurl does not start");
		return NULL;
	}
	url = g_strconcat(client->url, call->path, NULL);
	headers = make_headers(client, call);
	set_options(client, call, url, headers, &answer);
	code = curl_easy_perform(client->curl);
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &answer.status);
	curl_slist_free_all(headers);
	if (!set_curl_error(code, &answer, error) || !check_status(&answer, error))
		return NULL;
	return g_steal_pointer(&body);
}

static gboolean is_known_method(const char *method)
{
	static const char *const methods[] = {"GET", "POST", "PUT", NULL};

	return g_strv_contains(methods, method);
}

static json_t *parse_answer(const GByteArray *answer, GError **error)
{
	json_error_t fault;
	json_t *json;

	if (answer->len == 0)
		return json_object();
	json = json_loadb((const char *)answer->data, answer->len, JSON_REJECT_DUPLICATES, &fault);
	if (json == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INTERNAL,
			"the API's answer is not JSON: %s", fault.text);
	return json;
}

static int append_text(const char *text, size_t size, void *data)
{
	g_byte_array_append(data, (const guint8 *)text, (guint)size);
	return 0;
}

json_t *api_call_with_message(ApiClient *client, const char *method, const char *path,
	const json_t *body, GBytes *message, GError **error)
{
	g_autoptr(GByteArray) text = g_byte_array_new();
	g_autoptr(GByteArray) answer = NULL;
	Call call = {method, path, NULL, "", 0, 0};

	if (!is_known_method(method)) {
		g_set_error_literal(
			error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "not a method of the API");
		return NULL;
	}
	if (body != NULL) {
		json_dump_callback(body, append_text, text, JSON_COMPACT | JSON_ENCODE_ANY);
		call.content_type = "application/json";
	}
	if (message != NULL) {
		call.message_size = g_bytes_get_size(message);
		g_byte_array_append(
			text, g_bytes_get_data(message, NULL), (guint)call.message_size);
	}
	if (text->len > 0) {
		call.body = text->data;
		call.body_size = text->len;
	}
	answer = perform(client, &call, error);
	return answer != NULL ? parse_answer(answer, error) : NULL;
}

json_t *api_call(
	ApiClient *client, const char *method, const char *path, const json_t *body, GError **error)
{
	return api_call_with_message(client, method, path, body, NULL, error);
}

gboolean api_put_blob(ApiClient *client, const char *sha256, GBytes *bytes, GError **error)
{
	g_autofree char *path = api_path("/v1/blobs/%s", sha256);
	Call call = {"PUT", path, "application/octet-stream", "", 0, 0};
	g_autoptr(GByteArray) answer = NULL;
	gsize size;
	gconstpointer data = g_bytes_get_data(bytes, &size);

	if (size > 0)
		call.body = data;
	call.body_size = size;
	answer = perform(client, &call, error);
	return answer != NULL;
}

GBytes *api_get_bytes(ApiClient *client, const char *path, GError **error)
{
	Call call = {"GET", path, NULL, "", 0, 0};
	GByteArray *answer = perform(client, &call, error);

	return answer != NULL ? g_byte_array_free_to_bytes(answer) : NULL;
}

/* Formats the one conversion at `at` and moves it on. */
static char *format_argument(const char **at, va_list *arguments)
{
	gboolean is_long = (*at)[1] == 'l';
	char kind = (*at)[is_long ? 2 : 1];

	*at += is_long ? 3 : 2;
	if (kind == 's' && !is_long)
		return g_strdup(va_arg(*arguments, const char *));
	if (kind == 'u')
		return is_long ? g_strdup_printf("%lu", va_arg(*arguments, unsigned long))
			       : g_strdup_printf("%u", va_arg(*arguments, unsigned));
	if (kind == 'd')
		return is_long ? g_strdup_printf("%ld", va_arg(*arguments, long))
			       : g_strdup_printf("%d", va_arg(*arguments, int));
	g_error("api_path: only %%s, %%u, %%d, %%lu, %%ld and %%%% are known");
}

char *api_path(const char *format, ...)
{
	g_autoptr(GString) path = g_string_new(NULL);
	va_list arguments;

	va_start(arguments, format);
	for (const char *at = format; *at != '\0';) {
		g_autofree char *argument = NULL;

		if (*at != '%' || at[1] == '%') {
			g_string_append_c(path, *at);
			at += *at == '%' ? 2 : 1;
			continue;
		}
		argument = format_argument(&at, &arguments);
		if (argument != NULL)
			g_string_append_uri_escaped(path, argument, NULL, FALSE);
	}
	va_end(arguments);
	return g_strdup(path->str);
}
