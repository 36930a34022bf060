/*
 * What a stranger does without Acuse: the commands of LEEME.txt, run as they stand there. They find
 * nothing wrong with what provisiond gave, and each step finds what was changed under it, even
 * where those before it were left out.
 */
#include "sends_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "api/record_json.h"
#include "provision/bundle_container.h"
#include "provision/bundle_format.h"
#include "provision/proof_files.h"
#include "tests/unit/temporary.h"

#define COMMAND "       "

/* The commands of step 1 and of those from the given one on, with real names for the two that stand
 * for names. */
static char *commands(const Fixture *fixture, guint from)
{
	g_auto(GStrv) lines = g_strsplit(bundle_readme(), "\n", -1);
	GString *script = g_string_new(NULL);
	guint step = 0;

	for (char **line = lines; *line != NULL; line++) {
		if (g_ascii_isdigit((*line)[0]) && (*line)[1] == '.')
			step = (guint)((*line)[0] - '0');
		if (g_str_has_prefix(*line, COMMAND) && (step == 1 || step >= from))
			g_string_append_printf(script, "%s\n", *line + strlen(COMMAND));
	}
	assert_int_equal(step, 8);
	g_string_replace(script, "ARCHIVO", fixture->bundle, 0);
	g_string_replace(script, "AUTORIDAD.pem", fixture->trust_pem, 0);
	return g_string_free(script, FALSE);
}

/* Whether a stranger is content. */
static gboolean run(const Fixture *fixture, guint from, char **said)
{
	g_autofree char *folder = g_build_filename(fixture->folder, "stranger", NULL);
	g_autofree char *script = commands(fixture, from), *out = NULL, *trouble = NULL;
	const char *arguments[] = {"/bin/sh", "-e", "-c", script, NULL};
	int status = -1;

	assert_int_equal(g_mkdir(folder, 0700), 0);
	assert_true(g_spawn_sync(folder, (char **)arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL,
		&out, &trouble, &status, NULL));
	temporary_remove(folder);
	*said = g_strconcat(out, trouble, NULL);
	return status == 0 && strstr(out, "MAL") == NULL;
}

/* A notification among others, so that its leaves stand at odd places of the tree. */
static GHashTable *make_files(Fixture *fixture)
{
	g_autoptr(GBytes) message = NULL, bundle = NULL;
	g_autofree char *first = NULL;
	GHashTable *files;

	for (guint i = 2; i < 7; i++) {
		g_autofree char *id = g_strdup_printf("s-%u", i);
		json_t *other = fixture_intent(id, NULL);

		json_object_set_new(other, "message_id", json_string(id));
		json_decref(fixture_call(
			fixture, routes_sends, "POST", "/v1/sends", NULL, NULL, other, NULL));
	}
	message = fixture_prepare_signed(fixture, "s-1");
	json_decref(fixture_report(fixture, "report of relay", "relayed", NULL));
	bundle = fixture_read(fixture, "/v1/sends/{id}/proof", "s-1", NULL);
	assert_true(g_file_set_contents(fixture->bundle, g_bytes_get_data(bundle, NULL),
		(gssize)g_bytes_get_size(bundle), NULL));
	files = proof_files_read(fixture->bundle, &first, NULL, NULL);
	assert_non_null(files);
	return files;
}

/* The first file whose name begins so, with one byte changed; the old bytes. */
static GBytes *change(GHashTable *files, const char *prefix, char **name)
{
	GHashTableIter iter;
	gpointer key, value;
	guint8 *bytes;
	gsize size;

	g_hash_table_iter_init(&iter, files);
	do
		assert_true(g_hash_table_iter_next(&iter, &key, &value));
	while (!g_str_has_prefix(key, prefix));
	*name = g_strdup(key);
	bytes = g_bytes_unref_to_data(g_bytes_ref(value), &size);
	/* A digit of a digest, a letter of a text. */
	bytes[size * 2 / 3] ^= 0x01;
	value = g_bytes_ref(value);
	g_hash_table_replace(files, g_strdup(key), g_bytes_new_take(bytes, size));
	return value;
}

static void write_files(const Fixture *fixture, GHashTable *files)
{
	g_autoptr(GBytes) zip = bundle_zip(files);

	assert_true(g_file_set_contents(
		fixture->bundle, g_bytes_get_data(zip, NULL), (gssize)g_bytes_get_size(zip), NULL));
}

static void test_changed(void **state)
{
	static const struct {
		const char *file;
		guint from;
	} cases[] = {{"constancia.pdf", 2}, {"LEEME.txt", 2}, {"META-INF/ASiCManifest.xml", 2},
		{"META-INF/signature.p7s", 2}, {"head.json", 3}, {"head.p7s", 3}, {"leaves/", 4},
		{"proofs/", 4}, {"message.eml", 5}, {"message.eml", 6}, {"reports/", 7}};
	Fixture *fixture = *state;
	g_autoptr(GHashTable) files = make_files(fixture);
	g_autofree char *untouched = NULL;

	if (!run(fixture, 2, &untouched))
		fail_msg("%s", untouched);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = NULL, *said = NULL;
		GBytes *before = change(files, cases[i].file, &name);

		write_files(fixture, files);
		if (run(fixture, cases[i].from, &said))
			fail_msg("%s changed, and not found from step %u on: %s", name,
				cases[i].from, said);
		g_hash_table_replace(files, g_steal_pointer(&name), before);
	}
}

/* A file that the manifest does not name, and one that it names and is not there. */
static void test_added_and_lost(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GHashTable) files = make_files(fixture);
	g_autofree char *more = NULL, *less = NULL;

	g_hash_table_insert(files, g_strdup("reports/otro.eml"), g_bytes_new_static("x", 1));
	write_files(fixture, files);
	assert_false(run(fixture, 2, &more));
	g_hash_table_remove(files, "reports/otro.eml");
	g_hash_table_remove(files, "constancia.png");
	write_files(fixture, files);
	assert_false(run(fixture, 2, &less));
}

/* Never prepared, and with one leaf under the head: there are steps for which there is nothing. */
static void test_little(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GBytes) bundle = NULL;
	g_autofree char *said = NULL;

	json_decref(fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL,
		fixture_intent("s-1", NULL), NULL));
	bundle = fixture_read(fixture, "/v1/sends/{id}/proof", "s-1", NULL);
	assert_true(g_file_set_contents(fixture->bundle, g_bytes_get_data(bundle, NULL),
		(gssize)g_bytes_get_size(bundle), NULL));
	if (!run(fixture, 2, &said))
		fail_msg("%s", said);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(test_changed),
		WITH(test_added_and_lost),
		WITH(test_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
