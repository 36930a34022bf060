/* The proof bundle: what is made passes its check; any file changed, lost or added does not. */
#include "bundle_fixture.h"

#include <archive.h>
#include <archive_entry.h>
#include <glib/gstdio.h>
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "provision/bundle_container.h"
#include "provision/proof_check.h"
#include "provision/proof_files.h"

typedef struct {
	char *name;
	GByteArray *bytes;
} Member;

static void member_free(gpointer data)
{
	Member *member = data;

	g_free(member->name);
	g_byte_array_unref(member->bytes);
	g_free(member);
}

static int by_name(const void *a, const void *b)
{
	const Member *left = *(Member *const *)a, *right = *(Member *const *)b;

	/* mimetype stands first in a bundle. */
	if (strcmp(left->name, "mimetype") == 0 || strcmp(right->name, "mimetype") == 0)
		return strcmp(left->name, "mimetype") == 0 ? -1 : 1;
	return strcmp(left->name, right->name);
}

static GPtrArray *read_members(Fixture *fixture)
{
	GPtrArray *members = g_ptr_array_new_with_free_func(member_free);
	g_autofree char *first = NULL;
	g_autoptr(GHashTable) files = proof_files_read(fixture->bundle, &first, NULL, NULL);
	GHashTableIter iter;
	gpointer name, bytes;

	assert_string_equal(first, "mimetype");
	g_hash_table_iter_init(&iter, files);
	while (g_hash_table_iter_next(&iter, &name, &bytes)) {
		Member *member = g_new0(Member, 1);

		member->name = g_strdup(name);
		member->bytes = g_byte_array_new();
		g_byte_array_append(member->bytes, g_bytes_get_data(bytes, NULL),
			(guint)g_bytes_get_size(bytes));
		g_ptr_array_add(members, member);
	}
	g_ptr_array_sort(members, by_name);
	return members;
}

/* As acuse itself writes it, so that nothing but the change is to be found. */
static void write_canonical(Fixture *fixture, const GPtrArray *members, const char *left_out)
{
	g_autoptr(GHashTable) files =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_bytes_unref);
	g_autoptr(GBytes) zip = NULL;

	for (guint i = 0; i < members->len; i++) {
		Member *member = members->pdata[i];

		if (g_strcmp0(member->name, left_out) != 0)
			g_hash_table_insert(files, member->name,
				g_bytes_new(member->bytes->data, member->bytes->len));
	}
	zip = bundle_zip(files);
	bundle_write(fixture, zip);
}

static void write_members(
	Fixture *fixture, const GPtrArray *members, const char *left_out, const char *added)
{
	struct archive *zip = archive_write_new();
	struct archive_entry *entry = archive_entry_new();

	archive_write_set_format_zip(zip);
	archive_write_open_filename(zip, fixture->bundle);
	for (guint i = 0; i <= members->len; i++) {
		const Member *member = i < members->len ? members->pdata[i] : NULL;
		const char *name = member != NULL ? member->name : added;

		if (name == NULL || g_strcmp0(name, left_out) == 0)
			continue;
		archive_entry_clear(entry);
		archive_entry_set_pathname(entry, name);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		archive_entry_set_size(entry, member != NULL ? member->bytes->len : 1);
		archive_write_header(zip, entry);
		if (member != NULL)
			archive_write_data(zip, member->bytes->data, member->bytes->len);
		else
			archive_write_data(zip, "x", 1);
	}
	archive_entry_free(entry);
	archive_write_close(zip);
	archive_write_free(zip);
}

static void test_good(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

	g_bytes_unref(bundle_prepare(fixture));
	if (!bundle_is_good(fixture, NULL, &text, &error))
		fail_msg("%s", error->message);
	assert_non_null(strstr(text, "Secretaria General"));
	assert_non_null(strstr(text, "Reportes originales: 2"));
	/* Without an authority the check says so. */
	assert_true(proof_check(fixture->bundle, NULL, NULL, lines, &error));
	assert_non_null(strstr(lines->pdata[1], "AVISO"));
}

static void test_flipped_bytes(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GPtrArray) members = NULL;

	g_bytes_unref(bundle_prepare(fixture));
	members = read_members(fixture);
	assert_true(members->len > 15);
	for (guint i = 0; i < members->len; i++) {
		Member *member = members->pdata[i];
		const guint places[] = {
			0, member->bytes->len / 3, member->bytes->len / 2, member->bytes->len - 1};

		for (gsize j = 0; j < G_N_ELEMENTS(places); j++) {
			g_autoptr(GError) error = NULL;

			member->bytes->data[places[j]] ^= 0x20;
			write_canonical(fixture, members, NULL);
			if (bundle_is_good(fixture, NULL, NULL, &error))
				fail_msg("%s: byte %u changed and not found", member->name,
					places[j]);
			member->bytes->data[places[j]] ^= 0x20;
		}
	}
	write_canonical(fixture, members, NULL);
	assert_true(bundle_is_good(fixture, NULL, NULL, NULL));
}

/* Not one byte of these may change: they are made again, or their digest is under the head. */
G_GNUC_UNUSED static void test_every_byte(void **state)
{
	static const char *const names[] = {"send.json", "openings/", "proofs/", "leaves/"};
	Fixture *fixture = *state;
	g_autoptr(GPtrArray) members = NULL;

	g_bytes_unref(bundle_prepare(fixture));
	members = read_members(fixture);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		Member *member = NULL;

		for (guint j = 0; member == NULL; j++)
			if (g_str_has_prefix(((Member *)members->pdata[j])->name, names[i]))
				member = members->pdata[j];
		for (guint j = 0; j < MIN(member->bytes->len, 250); j++) {
			member->bytes->data[j] ^= j % 2 == 0 ? 0x20 : 0x01;
			write_canonical(fixture, members, NULL);
			if (bundle_is_good(fixture, NULL, NULL, NULL))
				fail_msg("%s: byte %u changed and not found", member->name, j);
			member->bytes->data[j] ^= j % 2 == 0 ? 0x20 : 0x01;
		}
	}
}

static void test_lost_and_added(void **state)
{
	static const char *const added[] = {"extra.txt", "../outside", "leaves/x.json",
		"leaves/99.json", "openings/99.json", "reports/x.eml", "mimetype", "leaves/",
		"leaves/1.json.json"};
	Fixture *fixture = *state;
	g_autoptr(GPtrArray) members = NULL;

	g_bytes_unref(bundle_prepare(fixture));
	members = read_members(fixture);
	for (guint i = 0; i < members->len; i++) {
		const char *name = ((Member *)members->pdata[i])->name;

		write_canonical(fixture, members, name);
		if (bundle_is_good(fixture, NULL, NULL, NULL))
			fail_msg("%s lost and not missed", name);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(added); i++) {
		write_members(fixture, members, NULL, added[i]);
		if (bundle_is_good(fixture, NULL, NULL, NULL))
			fail_msg("%s added and not found", added[i]);
	}
}

static void test_received(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) message = NULL;
	g_autofree char *path = g_build_filename(fixture->folder, "received.eml", NULL),
			*text = NULL;
	char *body;

	g_bytes_unref(bundle_prepare(fixture));
	message = fixture_read(fixture, "/v1/sends/{id}/message", "s-1", &error);
	/* What the way adds on top changes nothing of what was signed. */
	text = g_strconcat("Received: from gateway.muni.test\r\n", NULL);
	text = g_realloc(text, strlen(text) + g_bytes_get_size(message) + 1);
	body = text + strlen(text);
	memcpy(body, g_bytes_get_data(message, NULL), g_bytes_get_size(message));
	body[g_bytes_get_size(message)] = '\0';
	assert_true(g_file_set_contents(path, text, -1, NULL));
	if (!bundle_is_good(fixture, path, NULL, &error))
		fail_msg("%s", error->message);
	*strstr(text, "notifica.") = 'N';
	assert_true(g_file_set_contents(path, text, -1, NULL));
	assert_false(bundle_is_good(fixture, path, NULL, &error));
	assert_error(error, ACUSE_ERROR_DAMAGED);
}

/* Not one byte of the zip's own may change either: all of both ends, and many in between. */
G_GNUC_UNUSED static void test_zip_bytes(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GBytes) bundle = bundle_prepare(fixture);
	gsize size;
	const guint8 *data = g_bytes_get_data(bundle, &size);
	g_autofree guint8 *copy = g_memdup2(data, size);

	for (gsize i = 0; i < size; i += i < 200 || i + 2500 > size ? 1 : 8191) {
		g_autoptr(GError) error = NULL;

		copy[i] ^= 0x11;
		bundle_write_bytes(fixture, copy, size);
		if (bundle_is_good(fixture, NULL, NULL, &error))
			fail_msg("byte %" G_GSIZE_FORMAT " of the zip changed and not found", i);
		copy[i] ^= 0x11;
	}
	for (guint i = 0; i < 2; i++) {
		g_autofree guint8 *longer = g_malloc0(size + 1);

		memcpy(longer + i, data, size);
		bundle_write_bytes(fixture, longer, size + 1);
		assert_false(bundle_is_good(fixture, NULL, NULL, NULL));
	}
}

/* Renamed, put in another order, or packed again by another program: no bundle any more. */
static void test_renamed(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GPtrArray) members = NULL;

	g_bytes_unref(bundle_prepare(fixture));
	members = read_members(fixture);
	for (guint i = 0; i < members->len; i++) {
		Member *member = members->pdata[i];
		g_autofree char *name = member->name;

		member->name = g_strconcat(name, "x", NULL);
		write_canonical(fixture, members, NULL);
		if (bundle_is_good(fixture, NULL, NULL, NULL))
			fail_msg("%s renamed and not found", name);
		g_free(member->name);
		member->name = g_steal_pointer(&name);
	}
	write_members(fixture, members, NULL, NULL);
	assert_false(bundle_is_good(fixture, NULL, NULL, NULL));
}

/* The same send, the same bytes, as long as nothing more happened. */
static void test_same_bytes(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) first = bundle_prepare(fixture), second = NULL, third = NULL;

	fixture_now_s += 100;
	second = fixture_read(fixture, "/v1/sends/{id}/proof", "s-1", &error);
	assert_null(error);
	assert_true(g_bytes_equal(first, second));
	json_decref(fixture_report(fixture, "one more report", "relayed", "250 2.0.0 Ok"));
	third = fixture_read(fixture, "/v1/sends/{id}/proof", "s-1", &error);
	assert_null(error);
	assert_false(g_bytes_equal(first, third));
}

/* A few bytes that become many are no bundle, whatever they say. */
static void test_bomb(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GPtrArray) members = NULL;
	g_autoptr(GError) error = NULL;
	Member *first;

	g_bytes_unref(bundle_prepare(fixture));
	members = read_members(fixture);
	first = members->pdata[1];
	g_byte_array_set_size(first->bytes, 8 * 1024 * 1024);
	memset(first->bytes->data, ' ', first->bytes->len);
	write_members(fixture, members, NULL, NULL);
	assert_false(bundle_is_good(fixture, NULL, NULL, &error));
	assert_error(error, ACUSE_ERROR_TOO_LARGE);
}

static void test_no_bundle(void **state)
{
	Fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	assert_false(bundle_is_good(fixture, NULL, NULL, &error));
	assert_error(error, ACUSE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	assert_true(g_file_set_contents(fixture->bundle, "garbage", -1, NULL));
	assert_false(bundle_is_good(fixture, NULL, NULL, &error));
	assert_error(error, ACUSE_ERROR_INVALID);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(test_good),
		WITH(test_flipped_bytes),
		WITH(test_lost_and_added),
#ifndef __SANITIZE_THREAD__ /* thousands of checks in one thread */
		WITH(test_every_byte),
		WITH(test_zip_bytes),
#endif
		WITH(test_renamed),
		WITH(test_same_bytes),
		WITH(test_received),
		WITH(test_bomb),
		WITH(test_no_bundle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
