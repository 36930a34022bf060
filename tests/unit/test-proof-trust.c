/* Whose signature a proof bundle has, under which head, and whether it shows all of its send. */
#include "bundle_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "provision/proof_check.h"
#include "provision/send_record.h"

/* A folder of certificates, the signer's own among them; one of strangers; years later. */
static void test_trust(void **state)
{
	Fixture *fixture = *state;
	g_autofree char *good = g_build_filename(fixture->folder, "good", NULL),
			*bad = g_build_filename(fixture->folder, "bad", NULL),
			*pem = g_build_filename(good, "sello.pem", NULL), *text = NULL;
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;

	g_bytes_unref(bundle_prepare(fixture));
	g_mkdir(good, 0700);
	g_mkdir(bad, 0700);
	assert_true(g_file_get_contents(fixture->trust_pem, &text, NULL, NULL));
	assert_true(g_file_set_contents(pem, text, -1, NULL));
	if (!proof_check(fixture->bundle, good, NULL, lines, &error))
		fail_msg("%s", error->message);
	/* Of no certificates at all nothing follows. */
	assert_false(proof_check(fixture->bundle, bad, NULL, lines, &error));
	assert_error(error, ACUSE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	assert_false(proof_check(fixture->bundle, fixture->stranger_pem, NULL, lines, &error));
	assert_error(error, ACUSE_ERROR_DAMAGED);
}

/* An authority vouches for many: what another one's seal signed in our name is not ours. */
static void test_seals_of_others(void **state)
{
	static const struct {
		const char *email;
		gboolean good;
	} cases[] = {{"sello@muni.test", TRUE}, {"sello@REGISTRO.muni.test", TRUE},
		{"sello@otra.test", FALSE}, {"sello@otramuni.test", FALSE},
		{"sello@muni.test.otra.test", FALSE}};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		Fixture *fixture;

		fixture_teardown(state);
		fixture_seal_email = cases[i].email;
		fixture_setup(state);
		fixture_seal_email = "sello@muni.test";
		fixture = *state;
		g_bytes_unref(bundle_prepare(fixture));
		if (bundle_is_good(fixture, NULL, NULL, &error) != cases[i].good)
			fail_msg("%s", cases[i].email);
		assert_true(cases[i].good || strstr(error->message, "signed by CN=Sello") != NULL);
	}
}

static gboolean hide_leaf(StoreTxn *txn, gpointer data, GError **error)
{
	json_auto_t *send = send_record_load(txn, "s-1", error);

	(void)data;
	json_array_remove(json_object_get(send, "leaves"), 4);
	return send_record_save(txn, send, error);
}

/* Who has the database makes a send forget what came back: its proof shows the gap. */
static void test_hidden_leaf(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bundle = NULL;

	g_bytes_unref(bundle_prepare(fixture));
	assert_true(store_run(fixture->service.store, hide_leaf, NULL, NULL));
	bundle = fixture_read(fixture, "/v1/sends/{id}/proof", "s-1", &error);
	assert_null(error);
	/* It is shorter, and written over the other one. */
	g_unlink(fixture->bundle);
	bundle_write(fixture, bundle);
	assert_false(bundle_is_good(fixture, NULL, NULL, &error));
	assert_error(error, ACUSE_ERROR_DAMAGED);
	assert_non_null(strstr(error->message, "left out"));
}

static void test_not_signed_head(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	fixture_prepare(fixture, "s-1", "Subject: x\r\n\r\nbytes");
	fixture_sealed = FALSE;
	assert_null(fixture_read(fixture, "/v1/sends/{id}/proof", "s-1", &error));
	assert_error(error, ACUSE_ERROR_TOKEN_LOCKED);
}

/* Unsigned, and never prepared: there is a proof of what there is. */
static void test_lesser_sends(void **state)
{
	Fixture *fixture = *state;
	json_t *intent = fixture_intent("s-2", NULL);

	fixture_prepare(fixture, "s-1", "Subject: x\r\n\r\nbytes");
	json_object_set_new(intent, "message_id", json_string("m2@muni.test"));
	json_decref(
		fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, intent, NULL));
	for (int i = 1; i <= 2; i++) {
		g_autofree char *id = g_strdup_printf("s-%d", i);
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) bundle =
			fixture_read(fixture, "/v1/sends/{id}/proof", id, &error);

		assert_null(error);
		bundle_write(fixture, bundle);
		if (!bundle_is_good(fixture, NULL, NULL, &error))
			fail_msg("%s: %s", id, error->message);
	}
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(test_trust),
		WITH(test_seals_of_others),
		WITH(test_hidden_leaf),
		WITH(test_not_signed_head),
		WITH(test_lesser_sends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
