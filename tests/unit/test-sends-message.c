/*
 * The final message of a send: with the call that records it, or put before; its digest and size
 * are compared with what is recorded, and it is given back byte by byte. What was refused left
 * nothing.
 */
#include "tests/unit/sends_fixture.h"

#include <cmocka.h>
#include <string.h>

#include "api/client.h"
#include "base/error.h"
#include "cms/digest.h"
#include "route.h"

#define MESSAGE "From: rmoralesa@muni.test\r\n\r\nBuenos dias.\r\n"

static gboolean post(Fixture *fixture, const char *path, const char *id, json_t *body,
	GBytes *message, GError **error)
{
	ApiResponse response;
	gboolean done = route_call_with(&fixture->service, routes_sends, "POST", path, id, NULL,
		body, message, &response, error);

	json_decref(response.json);
	return done;
}

static json_t *prepared(const char *digest, gsize size)
{
	return json_pack("{s:s, s:I, s:s, s:n, s:n}", "message_sha256", digest, "size",
		(json_int_t)size, "queue_id", "sQ1", "certificate_sha256", "cms_sha256");
}

static json_t *intent_with(json_t *prepared)
{
	json_t *body = fixture_intent("s-1", NULL);

	if (prepared != NULL)
		json_object_set_new(body, "prepared", prepared);
	return body;
}

static void assert_message(Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = fixture_read(fixture, "/v1/sends/{id}/message", "s-1", &error);

	assert_null(error);
	assert_int_equal(g_bytes_get_size(bytes), strlen(MESSAGE));
	assert_memory_equal(g_bytes_get_data(bytes, NULL), MESSAGE, strlen(MESSAGE));
}

/* Asked again it is the same answer, and one record. */
static void test_with_the_intent(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GBytes) message = g_bytes_new_static(MESSAGE, strlen(MESSAGE));
	g_autofree char *digest = digest_sha256_hex(MESSAGE, strlen(MESSAGE));
	g_autoptr(GError) error = NULL;
	guint64 size = 0;

	for (int i = 0; i < 2; i++) {
		assert_true(post(fixture, "/v1/sends", NULL,
			intent_with(prepared(digest, strlen(MESSAGE))), message, &error));
		assert_null(error);
	}
	assert_int_equal(fixture_count_leaves(fixture, "send.prepared"), 1);
	assert_true(blobs_has(fixture->service.blobs, digest));
	assert_true(blobs_size(fixture->service.blobs, digest, &size, NULL));
	assert_int_equal(size, strlen(MESSAGE));
	assert_message(fixture);
}

/* The same after the intent; a second send names the stored bytes without carrying them. */
static void test_after_the_intent(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GBytes) message = g_bytes_new_static(MESSAGE, strlen(MESSAGE));
	g_autofree char *digest = digest_sha256_hex(MESSAGE, strlen(MESSAGE));
	g_autoptr(GError) error = NULL;
	json_t *other = fixture_intent("s-2", NULL), *body = prepared(digest, strlen(MESSAGE));

	assert_true(post(fixture, "/v1/sends", NULL, intent_with(NULL), NULL, &error));
	assert_true(post(fixture, "/v1/sends/{id}/prepared", "s-1",
		prepared(digest, strlen(MESSAGE)), message, &error));
	assert_null(error);
	assert_message(fixture);
	json_object_set_new(other, "message_id", json_string("m2@muni.test"));
	json_object_set_new(body, "queue_id", json_string("sQ2"));
	json_object_set_new(other, "prepared", body);
	assert_true(post(fixture, "/v1/sends", NULL, other, NULL, &error));
	assert_null(error);
}

/* carried: with the call, or put before as a file. */
static void test_refused(void **state)
{
	static const struct {
		const char *name;
		gboolean carried, prepared, right_digest;
		int more; /* than the true size */
	} cases[] = {
		{"carried, one byte too few", TRUE, TRUE, TRUE, -1},
		{"carried, one byte too many", TRUE, TRUE, TRUE, 1},
		{"carried, other digest", TRUE, TRUE, FALSE, 0},
		{"carried, nothing prepared", TRUE, FALSE, TRUE, 0},
		{"put, one byte too few", FALSE, TRUE, TRUE, -1},
		{"put, one byte too many", FALSE, TRUE, TRUE, 1},
		{"put, other digest", FALSE, TRUE, FALSE, 0},
	};
	Fixture *fixture = *state;
	g_autoptr(GBytes) message = g_bytes_new_static(MESSAGE, strlen(MESSAGE));
	g_autofree char *put = fixture_put_blob(fixture, MESSAGE, strlen(MESSAGE));
	g_autofree char *other = digest_sha256_hex("other", 5);

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		json_t *body = cases[i].prepared ? prepared(cases[i].right_digest ? put : other,
							   strlen(MESSAGE) + (gsize)cases[i].more)
						 : NULL;

		if (post(fixture, "/v1/sends", NULL, intent_with(body),
			    cases[i].carried ? message : NULL, &error))
			fail_msg("%s was taken", cases[i].name);
		if (!g_error_matches(error, ACUSE_ERROR, ACUSE_ERROR_INVALID))
			fail_msg("%s: %s", cases[i].name, error->message);
	}
	assert_int_equal(store_tree_size(fixture->service.store), 0);
	assert_false(blobs_has(fixture->service.blobs, other));
}

/* A file that is no frame is no message, whatever its name says. */
static void test_damaged_file(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *digest = fixture_put_blob(fixture, MESSAGE, strlen(MESSAGE));
	g_autofree char *path =
		g_strdup_printf("%s/store/%.2s/%s.zst", fixture->folder, digest, digest);
	g_autoptr(GError) error = NULL;

	assert_true(g_file_set_contents(path, "no frame", 8, NULL));
	assert_false(post(fixture, "/v1/sends", NULL,
		intent_with(prepared(digest, strlen(MESSAGE))), NULL, &error));
	assert_error(error, ACUSE_ERROR_DAMAGED);
	assert_int_equal(store_tree_size(fixture->service.store), 0);
}

/* No room for mail: the message is refused, the ledger's own floor is lower. */
static void test_no_space(void **state)
{
	Fixture *fixture = *state;
	Blobs *roomy = fixture->service.blobs;
	g_autofree char *folder = g_build_filename(fixture->folder, "full", NULL);
	g_autoptr(GBytes) message = g_bytes_new_static(MESSAGE, strlen(MESSAGE));
	g_autofree char *digest = digest_sha256_hex(MESSAGE, strlen(MESSAGE));
	g_autoptr(GError) error = NULL;

	fixture->service.blobs = blobs_open(folder, G_MAXINT64, NULL);
	assert_false(post(fixture, "/v1/sends", NULL,
		intent_with(prepared(digest, strlen(MESSAGE))), message, &error));
	assert_error(error, ACUSE_ERROR_NO_SPACE);
	assert_int_equal(store_tree_size(fixture->service.store), 0);
	blobs_close(fixture->service.blobs);
	fixture->service.blobs = roomy;
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(test_with_the_intent),
		WITH(test_after_the_intent),
		WITH(test_refused),
		WITH(test_damaged_file),
		WITH(test_no_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
