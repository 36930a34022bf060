/* bundle_fixture.h. */
#include "bundle_fixture.h"

#include <string.h>

#include "provision/proof_check.h"

/* Without fsync: it is written some thousand times. */
void bundle_write_bytes(Fixture *fixture, const void *bytes, gsize size)
{
	assert_true(g_file_set_contents_full(
		fixture->bundle, bytes, (gssize)size, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

void bundle_write(Fixture *fixture, GBytes *bytes)
{
	bundle_write_bytes(fixture, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

/* A signed and reported notification among other sends, and its bundle. */
GBytes *bundle_prepare(Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) message = NULL;
	GBytes *bundle;
	json_t *other = fixture_intent("s-0", NULL);

	json_object_set_new(other, "message_id", json_string("m0@muni.test"));
	json_decref(
		fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, other, NULL));
	message = fixture_prepare_signed(fixture, "s-1");
	json_decref(fixture_report(fixture, "report of delay", "delayed", "250 2.0.0 Ok"));
	json_decref(fixture_report(fixture, "report of relay", "relayed", "250 2.0.0 Ok"));
	bundle = fixture_read(fixture, "/v1/sends/{id}/proof", "s-1", &error);
	assert_null(error);
	bundle_write(fixture, bundle);
	return bundle;
}

gboolean bundle_is_good(Fixture *fixture, const char *received, char **text, GError **error)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	gboolean good = proof_check(fixture->bundle, fixture->trust_pem, received, lines, error);

	g_ptr_array_add(lines, NULL);
	if (text != NULL)
		*text = g_strjoinv("\n", (char **)lines->pdata);
	return good;
}
