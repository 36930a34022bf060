/*
 * The API's server with real connections over the Unix socket: roles by uid (when root runs the
 * test), unknown paths, bodies that are too large, malformed or no objects, parameters,
 * idempotency keys, secrets, who may name another actor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/client.h"
#include "base/error.h"
#include "provision/http.h"
#include "tests/unit/temporary.h"

#define UID_OUTGOING 54321
#define UID_NOBODY 54399

#define ROSA "{\"name\":\"Rosa\"}"

typedef struct {
	char *folder, *socket;
	Settings *settings;
	Service service;
	HttpServer *server;
} World;

typedef struct {
	const char *method, *path, *body;
	gssize body_size; /* -1: strlen */
	const char *key, *actor, *message_size;
} Ask;

typedef struct {
	long status;
	json_t *json;
	GString *text;
	char *type;
} Answer;

static gint calls;

static gint64 fixed_now(void)
{
	return 1795000000;
}

static gboolean do_echo(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const char *name;

	if (!api_known(request->body, error, "name", NULL))
		return FALSE;
	name = api_string(request->body, "name", 10, error);
	if (name == NULL)
		return FALSE;
	response->status = 201;
	response->json = json_pack("{s:s, s:s, s:s, s:s?, s:i}", "name", name, "argument",
		request->arguments[0], "actor", request->actor, "query",
		request->query(request->http, "q"), "calls", g_atomic_int_add(&calls, 1) + 1);
	return TRUE;
}

static gboolean do_secret(const ApiRequest *request, ApiResponse *response, GError **error)
{
	(void)request;
	(void)error;
	response->secret = TRUE;
	response->json = json_pack("{s:s}", "password", "Clave-1234");
	return TRUE;
}

static gboolean do_fail(const ApiRequest *request, ApiResponse *response, GError **error)
{
	(void)request;
	(void)response;
	g_atomic_int_inc(&calls);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_EXPEDIENTE_UNKNOWN, "2026-000123");
	return FALSE;
}

static gboolean do_raw(const ApiRequest *request, ApiResponse *response, GError **error)
{
	(void)error;
	response->content_type = "message/rfc822";
	response->bytes =
		g_bytes_new(g_bytes_get_data(request->raw, NULL), g_bytes_get_size(request->raw));
	return TRUE;
}

/* How much came behind the JSON; -1: nothing. */
static gboolean do_message(const ApiRequest *request, ApiResponse *response, GError **error)
{
	GBytes *message = request->message;

	(void)error;
	response->json =
		json_pack("{s:i}", "size", message == NULL ? -1 : (int)g_bytes_get_size(message));
	return TRUE;
}

static const Route routes_test[] = {
	{"POST", "/v1/message", ROLE_OTIC, FALSE, do_message, TRUE, TRUE},
	{"POST", "/v1/echo/{argument}", ROLE_OTIC, FALSE, do_echo},
	{"POST", "/v1/secret", ROLE_OTIC, FALSE, do_secret},
	{"POST", "/v1/fail", ROLE_OTIC, FALSE, do_fail},
	{"PUT", "/v1/raw", ROLE_OTIC | ROLE_OUTGOING, TRUE, do_raw},
	{"POST", "/v1/public", ROLE_PUBLIC, FALSE, do_fail},
	{NULL, NULL, 0, FALSE, NULL},
};

static const Route *const tables[] = {routes_test, NULL};

static int set_up(void **state)
{
	World *world = g_new0(World, 1);
	g_autofree char *path = NULL;
	g_autofree char *text = NULL;

	world->folder = temporary_folder();
	chmod(world->folder, 0755);
	world->socket = g_build_filename(world->folder, "api.sock", NULL);
	path = g_build_filename(world->folder, "acuse.conf", NULL);
	text = g_strdup_printf(
		"[institution]\nname=Muni\ndomain=muni.test\n[api]\nsocket=%s\n"
		"outgoing_user=%d\notic_users=%u\n[milter]\nmax_message_bytes=65536\n",
		world->socket, UID_OUTGOING, (unsigned)getuid());
	g_file_set_contents(path, text, -1, NULL);
	world->settings = settings_load(path, NULL);
	assert_non_null(world->settings);
	world->service.settings = world->settings;
	world->service.now_s = fixed_now;
	path = (g_free(path), g_build_filename(world->folder, "ledger", NULL));
	world->service.store = store_open(path, NULL);
	assert_non_null(world->service.store);
	world->server = http_start(&world->service, tables, NULL);
	assert_non_null(world->server);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	World *world = *state;

	http_stop(world->server);
	store_close(world->service.store);
	settings_free(world->settings);
	temporary_remove(world->folder);
	g_free(world->folder);
	g_free(world->socket);
	g_free(world);
	return 0;
}

static size_t take_bytes(char *bytes, size_t size, size_t n, void *data)
{
	g_string_append_len(data, bytes, (gssize)(size * n));
	return size * n;
}

static struct curl_slist *add_header(
	struct curl_slist *headers, const char *name, const char *value)
{
	g_autofree char *line = g_strdup_printf("%s: %s", name, value);

	return curl_slist_append(headers, line);
}

static Answer ask(World *world, Ask what)
{
	CURL *curl = curl_easy_init();
	g_autofree char *url = g_strconcat("http://acuse", what.path, NULL);
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	Answer answer = {.text = g_string_new(NULL)};
	char *type = NULL;

	if (what.key != NULL)
		headers = add_header(headers, "Idempotency-Key", what.key);
	if (what.message_size != NULL)
		headers = add_header(headers, "Acuse-Message-Size", what.message_size);
	if (what.actor != NULL)
		headers = add_header(headers, "Acuse-Actor", what.actor);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, world->socket);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, what.method);
	if (what.body != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
			(curl_off_t)(what.body_size < 0 ? (gssize)strlen(what.body)
							: what.body_size));
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, what.body);
	}
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer.text);
	assert_int_equal(curl_easy_perform(curl), CURLE_OK);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	answer.type = g_strdup(type);
	answer.json = json_loadb(answer.text->str, answer.text->len, 0, NULL);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	return answer;
}

static void answer_clear(Answer *answer)
{
	json_decref(answer->json);
	g_string_free(answer->text, TRUE);
	g_free(answer->type);
}

static const char *member(const Answer *answer, const char *name)
{
	return json_string_value(json_object_get(answer->json, name));
}

static void test_answers(void **state)
{
	g_autofree char *huge = g_strnfill(1024 * 1024, ' ');
	g_autofree char *huge_json = g_strconcat(ROSA, huge, NULL);
	const struct {
		const char *name;
		Ask ask;
		long status;
		const char *code, *detail;
	} cases[] = {
		{"good", {"POST", "/v1/echo/x", ROSA, -1}, 201, NULL, NULL},
		{"unknown path", {"POST", "/v1/nothing", "{}", -1}, 404, "not-found", NULL},
		{"deeper path", {"POST", "/v1/echo/x/y", "{}", -1}, 404, "not-found", NULL},
		{"empty argument", {"POST", "/v1/echo/", "{}", -1}, 404, "not-found", NULL},
		{"other method", {"GET", "/v1/echo/x", NULL, -1}, 404, "not-found", NULL},
		{"bad escape", {"POST", "/v1/echo/%zz", "{}", -1}, 400, "invalid", NULL},
		{"NUL in path", {"POST", "/v1/echo/a%00b", "{}", -1}, 400, "invalid", NULL},
		{"bad UTF-8", {"POST", "/v1/echo/%ff", "{}", -1}, 400, "invalid", NULL},
		{"repeated parameter", {"POST", "/v1/echo/x?q=1&q=2", "{}", -1}, 400, "invalid",
			NULL},
		{"unknown member", {"POST", "/v1/echo/x", "{\"name\":\"Rosa\",\"nmae\":1}", -1},
			400, "invalid", "nmae: no such member"},
		{"missing member", {"POST", "/v1/echo/x", "{}", -1}, 400, "invalid",
			"name: is missing"},
		{"no body", {"POST", "/v1/echo/x", NULL, -1}, 400, "invalid", "name: is missing"},
		{"too long member", {"POST", "/v1/echo/x", "{\"name\":\"0123456789a\"}", -1}, 400,
			"invalid", "name: must have at most 10 characters"},
		{"longest member", {"POST", "/v1/echo/x", "{\"name\":\"0123456789\"}", -1}, 201,
			NULL, NULL},
		{"control character", {"POST", "/v1/echo/x", "{\"name\":\"a\\nb\"}", -1}, 400,
			"invalid", "name: must have no control characters"},
		{"wrong type", {"POST", "/v1/echo/x", "{\"name\":1}", -1}, 400, "invalid",
			"name: must be a string"},
		{"twice the same member",
			{"POST", "/v1/echo/x", "{\"name\":\"a\",\"name\":\"b\"}", -1}, 400,
			"invalid", NULL},
		{"half JSON", {"POST", "/v1/echo/x", "{\"name\":", -1}, 400, "invalid", NULL},
		{"no object", {"POST", "/v1/echo/x", "[]", -1}, 400, "invalid",
			"the body is not a JSON object"},
		{"huge body", {"POST", "/v1/echo/x", huge_json, -1}, 413, "too-large", NULL},
		{"error of the table", {"POST", "/v1/fail", "{}", -1}, 409, "expediente-unknown",
			"2026-000123"},
		{"public call from here", {"POST", "/v1/public", "{}", -1}, 403, "forbidden", NULL},
		{"largest raw", {"PUT", "/v1/raw", huge, 65536, NULL, NULL}, 200, NULL, NULL},
		{"raw over the limit", {"PUT", "/v1/raw", huge, 65537, NULL, NULL}, 413,
			"too-large", NULL},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Answer answer = ask(*state, cases[i].ask);
		const char *detail = member(&answer, "detail");

		if (answer.status != cases[i].status)
			fail_msg("%s: %ld %s", cases[i].name, answer.status, answer.text->str);
		if (cases[i].code != NULL) {
			assert_string_equal(answer.type, "application/problem+json");
			assert_string_equal(member(&answer, "code"), cases[i].code);
		}
		if (cases[i].detail != NULL && g_strcmp0(detail, cases[i].detail) != 0)
			fail_msg("%s: %s", cases[i].name, detail);
		answer_clear(&answer);
	}
}

static void test_message(void **state)
{
	g_autofree char *spaces = g_strnfill(32768 + 1, ' ');
	g_autofree char *largest = g_strconcat(ROSA, spaces + 1, NULL),
			*larger = g_strconcat(ROSA, spaces, NULL);
	const struct {
		const char *name, *path, *body, *size;
		int got; /* bytes; 0: refused, -1: no message */
	} cases[] = {
		{"none", "/v1/message", ROSA, NULL, -1},
		{"one byte", "/v1/message", ROSA "x", "1", 1},
		{"largest", "/v1/message", largest, "32768", API_MESSAGE_BYTES_MAX},
		{"one over", "/v1/message", larger, "32769", 0},
		{"looks like JSON", "/v1/message", ROSA "{}", "2", 2},
		{"without the header", "/v1/message", ROSA "x", NULL, 0},
		{"empty", "/v1/message", ROSA, "0", 0},
		{"no number", "/v1/message", ROSA "x", "1x", 0},
		{"whole body", "/v1/message", "{}", "2", 0},
		{"more than the body", "/v1/message", "{}", "3", 0},
		{"no body", "/v1/message", NULL, "3", 0},
		{"cuts the JSON", "/v1/message", ROSA "x", "2", 0},
		{"other call", "/v1/echo/x", ROSA "x", "1", 0},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Answer answer = ask(*state,
			(Ask){"POST", cases[i].path, cases[i].body, -1, NULL, NULL, cases[i].size});

		if (answer.status != (cases[i].got == 0 ? 400 : 200))
			fail_msg("%s: %ld %s", cases[i].name, answer.status, answer.text->str);
		assert_int_equal(
			json_integer_value(json_object_get(answer.json, "size")), cases[i].got);
		answer_clear(&answer);
	}
}

static void test_decoding(void **state)
{
	Answer answer = ask(
		*state, (Ask){"POST", "/v1/echo/a%2Fb%40c?q=x%2By+z%20%26z", ROSA, -1, NULL, NULL});

	assert_int_equal(answer.status, 201);
	assert_string_equal(member(&answer, "argument"), "a/b@c");
	assert_string_equal(member(&answer, "query"), "x+y z &z");
	answer_clear(&answer);
}

static void test_actor(void **state)
{
	g_autofree char *uid = g_strdup_printf("uid:%u", (unsigned)getuid());
	Answer answer = ask(*state, (Ask){"POST", "/v1/echo/x", ROSA, -1, NULL, "rmoralesa"});

	assert_int_equal(answer.status, 201);
	assert_string_equal(member(&answer, "actor"), getuid() == 0 ? "rmoralesa" : uid);
	answer_clear(&answer);
	if (getuid() != 0)
		return;
	answer = ask(*state, (Ask){"POST", "/v1/echo/x", "{\"name\":\"R\"}", -1, NULL, "a b"});
	assert_int_equal(answer.status, 400);
	answer_clear(&answer);
}

static void test_idempotent(void **state)
{
	const Ask first = {"POST", "/v1/echo/x", ROSA, -1, "key-1", NULL};
	Ask other = first;
	Answer a = ask(*state, first), b = ask(*state, first), c, d;

	assert_int_equal(a.status, 201);
	assert_int_equal(b.status, 201);
	assert_true(json_equal(a.json, b.json));
	other.body = "{\"name\":\"Ana\"}";
	c = ask(*state, other);
	assert_int_equal(c.status, 409);
	assert_string_equal(member(&c, "code"), "conflict");
	other.key = "key-2";
	d = ask(*state, other);
	assert_int_equal(d.status, 201);
	assert_false(json_equal(a.json, d.json));
	answer_clear(&a);
	answer_clear(&b);
	answer_clear(&c);
	answer_clear(&d);
}

/* A failure changed nothing: the same key tries again. */
static void test_failure_not_kept(void **state)
{
	const Ask same = {"POST", "/v1/fail", "{}", -1, "key-fail", NULL};
	gint before = g_atomic_int_get(&calls);

	for (guint i = 0; i < 2; i++) {
		Answer answer = ask(*state, same);

		assert_int_equal(answer.status, 409);
		answer_clear(&answer);
	}
	assert_int_equal(g_atomic_int_get(&calls), before + 2);
}

static gboolean find_password(const char *key, const char *value, gpointer data)
{
	(void)key;
	*(gboolean *)data = *(gboolean *)data || strstr(value, "Clave-1234") != NULL;
	return TRUE;
}

static void test_secret(void **state)
{
	World *world = *state;
	const Ask same = {"POST", "/v1/secret", "{}", -1, "key-secret", NULL};
	Answer first = ask(world, same), second = ask(world, same);
	gboolean found = FALSE;

	assert_int_equal(first.status, 200);
	assert_string_equal(member(&first, "password"), "Clave-1234");
	assert_int_equal(second.status, 409);
	assert_true(store_scan(
		world->service.store, TABLE_REPLIES, "", NULL, FALSE, find_password, &found, NULL));
	assert_false(found);
	answer_clear(&first);
	answer_clear(&second);
}

typedef struct {
	World *world;
	gint numbers[8];
	gint next;
} Same;

static gpointer ask_same(gpointer data)
{
	Same *same = data;
	Answer answer =
		ask(same->world, (Ask){"POST", "/v1/echo/x", ROSA, -1, "key-together", NULL});
	gint at = g_atomic_int_add(&same->next, 1);

	same->numbers[at] = (gint)json_integer_value(json_object_get(answer.json, "calls"));
	answer_clear(&answer);
	return NULL;
}

static void test_together(void **state)
{
	Same same = {.world = *state};
	GThread *threads[8];

	for (gsize i = 0; i < 8; i++)
		threads[i] = g_thread_new("ask", ask_same, &same);
	for (gsize i = 0; i < 8; i++)
		g_thread_join(threads[i]);
	for (gsize i = 0; i < 8; i++)
		assert_true(same.numbers[i] > 0 && same.numbers[i] == same.numbers[0]);
}

/* The status that a process of that uid gets; told by a pipe, for how it ends valgrind may say. */
static int status_as(World *world, uid_t uid, Ask what)
{
	int ends[2], status = -1;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (setgid(uid) == 0 && setuid(uid) == 0)
			status = (int)ask(world, what).status;
		_exit(write(ends[1], &status, sizeof status) != sizeof status);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &status, sizeof status), sizeof status);
	close(ends[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	return status;
}

static void test_roles(void **state)
{
	const Ask raw = {"PUT", "/v1/raw", "x", -1, NULL, NULL};
	const Ask echo = {"POST", "/v1/echo/x", ROSA, -1, NULL, NULL};

	if (getuid() != 0)
		skip();
	assert_int_equal(status_as(*state, UID_OUTGOING, raw), 200);
	assert_int_equal(status_as(*state, UID_OUTGOING, echo), 403);
	assert_int_equal(status_as(*state, UID_NOBODY, raw), 403);
	assert_int_equal(status_as(*state, UID_NOBODY, echo), 403);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_decoding),
		cmocka_unit_test(test_actor),
		cmocka_unit_test(test_idempotent),
		cmocka_unit_test(test_failure_not_kept),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_roles),
	};

	curl_global_init(CURL_GLOBAL_DEFAULT);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
