/* The API client against a server of our own: requests as they go out, answers and faults as they
 * come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "api/client.h"
#include "base/error.h"
#include "http-stub.h"

#define LIMIT (64 * 1024 * 1024)

static GBytes *make_answer(int status, const char *body, gsize size)
{
	GByteArray *answer = g_byte_array_new();
	g_autofree char *head = g_strdup_printf(
		"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		status, size);

	g_byte_array_append(answer, (const guint8 *)head, (guint)strlen(head));
	g_byte_array_append(answer, (const guint8 *)body, (guint)size);
	return g_byte_array_free_to_bytes(answer);
}

static GBytes *make_text(int status, const char *body)
{
	return make_answer(status, body, strlen(body));
}

static gboolean asks(const StubRequest *request, const char *path)
{
	const char *at = strchr(request->head, ' ');

	return g_str_has_prefix(at + 1, path) && at[1 + strlen(path)] == ' ';
}

static GBytes *answer(const StubRequest *request)
{
	static const struct {
		const char *path;
		int status;
		const char *body;
	} table[] = {
		{"/v1/object", 200, "{\"a\":1}"},
		{"/v1/list", 200, "[1,2]"},
		{"/v1/empty", 200, ""},
		{"/v1/not-json", 200, "{\"a\":"},
		{"/v1/twice", 200, "{\"a\":1,\"a\":2}"},
		{"/v1/locked", 409,
			"{\"type\":\"urn:acuse:error:token-locked\",\"code\":\"token-locked\","
			"\"detail\":\"token X\"}"},
		{"/v1/no-detail", 404, "{\"code\":\"not-found\"}"},
		{"/v1/odd-problem", 500, "{\"code\":\"nonsense\",\"detail\":\"x\"}"},
		{"/v1/odd-type", 500, "{\"code\":7}"},
		{"/v1/html", 503, "<html>"},
		{"/v1/nothing", 500, ""},
		{"/v1/moved", 302, ""},
	};

	if (asks(request, "/v1/close"))
		return g_bytes_new(NULL, 0);
	if (asks(request, "/v1/hang"))
		return NULL;
	if (asks(request, "/v1/limit") || asks(request, "/v1/over")) {
		gsize size = asks(request, "/v1/over") ? LIMIT + 1 : LIMIT;
		g_autofree char *body = g_malloc0(size);

		return make_answer(200, body, size);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (asks(request, table[i].path))
			return make_text(table[i].status, table[i].body);
	}
	return make_text(201, "{}");
}

static char *find_field(const StubRequest *request, const char *name)
{
	g_auto(GStrv) lines = g_strsplit(request->head, "\r\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		if (g_str_has_prefix(*line, name) && (*line)[strlen(name)] == ':')
			return g_strdup(g_strstrip(*line + strlen(name) + 1));
	}
	return NULL;
}

static void assert_field(const StubRequest *request, const char *name, const char *expected)
{
	g_autofree char *value = find_field(request, name);

	if (g_strcmp0(value, expected) != 0)
		fail_msg("%s: %s", name, value);
}

static void assert_body(const StubRequest *request, const char *expected)
{
	gsize size;
	gconstpointer body = g_bytes_get_data(request->body, &size);

	assert_int_equal(size, strlen(expected));
	if (size > 0)
		assert_memory_equal(body, expected, size);
}

static void test_requests(void **state)
{
	g_autoptr(HttpStub) stub = http_stub_new(answer);
	g_autoptr(ApiClient) client = api_client_new(http_stub_path(stub), 5000, "rmoralesa");
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) blob = g_bytes_new_static("a\0b", 3);
	g_autofree char *first_key = NULL, *second_key = NULL;
	json_t *body = json_pack("{s:s}", "subject", "Notificación"), *json;
	const StubRequest *request;
	gsize size;

	(void)state;
	json = api_call(client, "POST", "/v1/sends", body, &error);
	assert_true(json_is_object(json));
	json_decref(json);
	json = api_call(client, "POST", "/v1/sends", NULL, &error);
	assert_non_null(json);
	json_decref(json);
	json = api_call(client, "GET", "/v1/object", NULL, &error);
	assert_int_equal(json_integer_value(json_object_get(json, "a")), 1);
	json_decref(json);
	assert_true(api_put_blob(client, "00ff", blob, &error));
	json_decref(body);

	request = http_stub_request(stub, 0);
	assert_true(g_str_has_prefix(request->head, "POST /v1/sends HTTP/1.1\r\n"));
	assert_field(request, "Content-Type", "application/json");
	assert_field(request, "Acuse-Actor", "rmoralesa");
	assert_field(request, "Expect", NULL);
	assert_body(request, "{\"subject\":\"Notificación\"}");
	first_key = find_field(request, "Idempotency-Key");
	assert_true(g_uuid_string_is_valid(first_key));
	request = http_stub_request(stub, 1);
	second_key = find_field(request, "Idempotency-Key");
	assert_true(g_uuid_string_is_valid(second_key));
	assert_string_not_equal(first_key, second_key);
	assert_body(request, "");
	request = http_stub_request(stub, 2);
	assert_true(g_str_has_prefix(request->head, "GET /v1/object HTTP/1.1\r\n"));
	assert_field(request, "Idempotency-Key", NULL);
	assert_field(request, "Content-Length", NULL);
	request = http_stub_request(stub, 3);
	assert_true(g_str_has_prefix(request->head, "PUT /v1/blobs/00ff HTTP/1.1\r\n"));
	assert_field(request, "Content-Type", "application/octet-stream");
	assert_memory_equal(g_bytes_get_data(request->body, &size), "a\0b", 3);
	assert_int_equal(size, 3);
	/* All on one connection. */
	assert_int_equal(request->connection, 0);
}

/* The message stands behind the JSON, and a header says how long it is. */
static void test_message(void **state)
{
	g_autoptr(HttpStub) stub = http_stub_new(answer);
	g_autoptr(ApiClient) client = api_client_new(http_stub_path(stub), 5000, NULL);
	g_autoptr(GBytes) message = g_bytes_new_static("a\0b", 3);
	json_t *body = json_pack("{s:s}", "subject", "x");
	const StubRequest *request;
	const char expected[] = "{\"subject\":\"x\"}a\0b";

	(void)state;
	json_decref(api_call_with_message(client, "POST", "/v1/sends", body, message, NULL));
	json_decref(api_call_with_message(client, "POST", "/v1/sends", body, NULL, NULL));
	json_decref(body);
	request = http_stub_request(stub, 0);
	assert_field(request, "Acuse-Message-Size", "3");
	assert_field(request, "Content-Type", "application/json");
	assert_int_equal(g_bytes_get_size(request->body), sizeof expected - 1);
	assert_memory_equal(g_bytes_get_data(request->body, NULL), expected, sizeof expected - 1);
	request = http_stub_request(stub, 1);
	assert_field(request, "Acuse-Message-Size", NULL);
	assert_body(request, "{\"subject\":\"x\"}");
}

/* A large body goes out at once, without asking first (FACTS 29). */
static void test_large_blob(void **state)
{
	g_autoptr(HttpStub) stub = http_stub_new(answer);
	g_autoptr(ApiClient) client = api_client_new(http_stub_path(stub), 60000, NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *bytes = g_strnfill(3000000, 'x');
	g_autoptr(GBytes) blob = g_bytes_new_static(bytes, 3000000);
	g_autoptr(GBytes) nothing = g_bytes_new(NULL, 0);

	(void)state;
	assert_true(api_put_blob(client, "00ff", blob, &error));
	assert_true(api_put_blob(client, "00fe", nothing, &error));
	assert_true(g_bytes_equal(http_stub_request(stub, 0)->body, blob));
	assert_field(http_stub_request(stub, 0), "Expect", NULL);
	assert_field(http_stub_request(stub, 0), "Acuse-Actor", NULL);
	assert_body(http_stub_request(stub, 1), "");
	assert_field(http_stub_request(stub, 1), "Content-Length", "0");
}

static void test_answers(void **state)
{
	static const struct {
		const char *path, *message; /* message NULL: success */
		AcuseErrorCode code;
	} cases[] = {
		{"/v1/object", NULL, 0},
		{"/v1/list", NULL, 0},
		{"/v1/empty", NULL, 0},
		{"/v1/not-json", "not JSON", ACUSE_ERROR_INTERNAL},
		{"/v1/twice", "not JSON", ACUSE_ERROR_INTERNAL},
		{"/v1/locked", "token X", ACUSE_ERROR_TOKEN_LOCKED},
		{"/v1/no-detail", "No existe", ACUSE_ERROR_NOT_FOUND},
		{"/v1/odd-problem", "answered 500", ACUSE_ERROR_INTERNAL},
		{"/v1/odd-type", "answered 500", ACUSE_ERROR_INTERNAL},
		{"/v1/html", "answered 503", ACUSE_ERROR_UNAVAILABLE},
		{"/v1/nothing", "answered 500", ACUSE_ERROR_INTERNAL},
		{"/v1/moved", "answered 302", ACUSE_ERROR_INTERNAL},
		{"/v1/close", "does not answer", ACUSE_ERROR_UNAVAILABLE},
		{"/v1/object", NULL, 0},
		{"v1/object", "not a path", ACUSE_ERROR_INVALID},
		{"/v1/a b", "not a path", ACUSE_ERROR_INVALID},
		{"/v1/a\r\nX: y", "not a path", ACUSE_ERROR_INVALID},
		{"/v1/ñ", "not a path", ACUSE_ERROR_INVALID},
	};
	g_autoptr(HttpStub) stub = http_stub_new(answer);
	g_autoptr(ApiClient) client = api_client_new(http_stub_path(stub), 5000, NULL);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		json_t *json = api_call(client, "GET", cases[i].path, NULL, &error);

		if ((json != NULL) != (cases[i].message == NULL))
			fail_msg("%s: %s", cases[i].path,
				error != NULL ? error->message : "no error");
		json_decref(json);
		if (cases[i].message == NULL)
			continue;
		if (!g_error_matches(error, ACUSE_ERROR, (gint)cases[i].code) ||
			strstr(error->message, cases[i].message) == NULL)
			fail_msg("%s: %s", cases[i].path, error->message);
	}
}

static void test_no_answer(void **state)
{
	g_autoptr(HttpStub) stub = http_stub_new(answer);
	g_autoptr(ApiClient) hasty = api_client_new(http_stub_path(stub), 200, NULL);
	g_autoptr(ApiClient) lost = api_client_new("/nonexistent/api.sock", 5000, NULL);
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(api_call(hasty, "POST", "/v1/hang", NULL, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TIMEOUT));
	g_clear_error(&error);
	assert_null(api_call(lost, "GET", "/v1/object", NULL, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE));
	g_clear_error(&error);
	assert_null(api_call(hasty, "DELETE", "/v1/object", NULL, &error));
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID));
}

static void test_size_limit(void **state)
{
	g_autoptr(HttpStub) stub = http_stub_new(answer);
	g_autoptr(ApiClient) client = api_client_new(http_stub_path(stub), 30000, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) limit = api_get_bytes(client, "/v1/limit", &error);
	g_autoptr(GBytes) over = NULL;

	(void)state;
	assert_non_null(limit);
	assert_int_equal(g_bytes_get_size(limit), LIMIT);
	over = api_get_bytes(client, "/v1/over", &error);
	assert_null(over);
	assert_true(g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE));
}

static void test_paths(void **state)
{
	g_autofree char *plain = api_path("/v1/accounts/%s", "rmoralesa");
	g_autofree char *escaped = api_path("/v1/x/%s/%s?a=1", "a/b?c#d %", "ñ@muni.test");
	g_autofree char *number = api_path("/v1/x?limit=%u&after=%s&n=%lu&m=%d", 100u, "", 5ul, -3);
	g_autofree char *percent = api_path("/v1/%%41");

	(void)state;
	assert_string_equal(plain, "/v1/accounts/rmoralesa");
	assert_string_equal(escaped, "/v1/x/a%2Fb%3Fc%23d%20%25/%C3%B1%40muni.test?a=1");
	assert_string_equal(number, "/v1/x?limit=100&after=&n=5&m=-3");
	assert_string_equal(percent, "/v1/%41");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_large_blob),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
