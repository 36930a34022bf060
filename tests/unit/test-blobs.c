/*
 * The message store: what goes in comes out, a wrong digest and a full disk are refused, damage is
 * found and mended by a new put, concurrent puts of the same bytes all succeed, leftovers of a
 * crash go.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "cms/digest.h"
#include "provision/blobs.h"
#include "tests/unit/temporary.h"

#define MAIL "From: rmoralesa@muni.test\r\n\r\nBuenos dias.\r\n"

static char *mail_digest(void)
{
	return digest_sha256_hex(MAIL, strlen(MAIL));
}

static void assert_code(GError **error, AcuseErrorCode code)
{
	assert_non_null(*error);
	assert_true(g_error_matches(*error, ACUSE_ERROR, (int)code));
	g_clear_error(error);
}

static void test_round_trip(void **state)
{
	g_autofree char *folder = temporary_folder();
	g_autofree char *digest = mail_digest();
	g_autofree char *empty_digest = digest_sha256_hex("", 0);
	g_autoptr(GBytes) mail = g_bytes_new_static(MAIL, strlen(MAIL));
	g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
	g_autoptr(GBytes) back = NULL;
	g_autoptr(GBytes) nothing = NULL;
	g_autoptr(GError) error = NULL;
	Blobs *blobs = blobs_open(folder, 0, NULL);

	(void)state;
	assert_non_null(blobs);
	assert_false(blobs_has(blobs, digest));
	assert_null(blobs_get(blobs, digest, &error));
	assert_code(&error, ACUSE_ERROR_NOT_FOUND);
	assert_true(blobs_put(blobs, digest, mail, NULL));
	assert_true(blobs_put(blobs, digest, mail, NULL));
	assert_true(blobs_put(blobs, empty_digest, empty, NULL));
	blobs_close(blobs);
	blobs = blobs_open(folder, 0, NULL);
	assert_true(blobs_has(blobs, digest));
	back = blobs_get(blobs, digest, NULL);
	assert_true(g_bytes_equal(back, mail));
	nothing = blobs_get(blobs, empty_digest, NULL);
	assert_int_equal(g_bytes_get_size(nothing), 0);
	blobs_close(blobs);
	temporary_remove(folder);
}

static void test_refused(void **state)
{
	static const char *const names[] = {"", "../../etc/passwd", "ABCD", "zz",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	g_autofree char *folder = temporary_folder();
	g_autofree char *digest = mail_digest();
	g_autoptr(GBytes) other = g_bytes_new_static("x", 1);
	g_autoptr(GBytes) mail = g_bytes_new_static(MAIL, strlen(MAIL));
	g_autoptr(GError) error = NULL;
	Blobs *blobs = blobs_open(folder, 0, NULL);

	(void)state;
	assert_false(blobs_put(blobs, digest, other, &error));
	assert_code(&error, ACUSE_ERROR_INVALID);
	assert_false(blobs_has(blobs, digest));
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		assert_false(blobs_put(blobs, names[i], mail, &error));
		assert_code(&error, ACUSE_ERROR_INVALID);
		assert_false(blobs_has(blobs, names[i]));
		assert_null(blobs_get(blobs, names[i], &error));
		assert_code(&error, ACUSE_ERROR_INVALID);
	}
	blobs_close(blobs);
	blobs = blobs_open(folder, G_MAXINT64, NULL);
	assert_false(blobs_put(blobs, digest, mail, &error));
	assert_code(&error, ACUSE_ERROR_NO_SPACE);
	assert_false(blobs_has(blobs, digest));
	blobs_close(blobs);
	temporary_remove(folder);
}

static void test_damage(void **state)
{
	g_autofree char *folder = temporary_folder();
	g_autofree char *digest = mail_digest();
	g_autofree char *path = g_strdup_printf("%s/%.2s/%s.zst", folder, digest, digest);
	g_autofree char *leftover = g_strdup_printf("%s/tmp/%s.abcdef", folder, digest);
	g_autofree char *frame = NULL;
	gsize size;
	g_autoptr(GBytes) mail = g_bytes_new_static(MAIL, strlen(MAIL));
	g_autoptr(GBytes) back = NULL;
	g_autoptr(GError) error = NULL;
	Blobs *blobs = blobs_open(folder, 0, NULL);

	(void)state;
	assert_true(blobs_put(blobs, digest, mail, NULL));
	assert_true(g_file_get_contents(path, &frame, &size, NULL));
	for (gsize i = 0; i < size; i++) {
		frame[i] = (char)(frame[i] ^ 0x55);
		assert_true(g_file_set_contents(path, frame, (gssize)size, NULL));
		frame[i] = (char)(frame[i] ^ 0x55);
		back = blobs_get(blobs, digest, &error);
		/* A header bit that changes nothing may pass; then the bytes are right. */
		if (back == NULL)
			assert_code(&error, ACUSE_ERROR_DAMAGED);
		else
			assert_true(g_bytes_equal(back, mail));
		g_clear_pointer(&back, g_bytes_unref);
	}
	assert_true(g_file_set_contents(path, frame, (gssize)size / 2, NULL));
	assert_null(blobs_get(blobs, digest, &error));
	assert_code(&error, ACUSE_ERROR_DAMAGED);
	assert_true(blobs_put(blobs, digest, mail, NULL));
	back = blobs_get(blobs, digest, NULL);
	assert_true(back != NULL && g_bytes_equal(back, mail));
	blobs_close(blobs);
	assert_true(g_file_set_contents(leftover, "half", 4, NULL));
	blobs = blobs_open(folder, 0, NULL);
	assert_false(g_file_test(leftover, G_FILE_TEST_EXISTS));
	blobs_close(blobs);
	temporary_remove(folder);
}

typedef struct {
	GBytes *packed;
	const char *digest;
	gboolean fail;
} Row;

static gboolean put_row(StoreTxn *txn, gpointer data, GError **error)
{
	Row *row = data;

	if (!store_put_blob(txn, row->digest, row->packed, error))
		return FALSE;
	if (row->fail)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "on purpose");
	return !row->fail;
}

/* With its record: not there when the change failed, there after it, and after a restart. */
static void test_in_the_store(void **state)
{
	g_autofree char *folder = temporary_folder(), *digest = mail_digest();
	g_autofree char *files = g_build_filename(folder, "store", NULL);
	g_autofree char *ledger = g_build_filename(folder, "ledger", NULL);
	g_autoptr(GBytes) mail = g_bytes_new_static(MAIL, strlen(MAIL));
	g_autoptr(GBytes) wrong = g_bytes_new_static("x", 1);
	g_autoptr(GBytes) packed = NULL;
	g_autoptr(GBytes) back = NULL;
	g_autoptr(GError) error = NULL;
	Blobs *blobs = blobs_open(files, 0, NULL);
	Store *store = store_open(ledger, NULL);
	guint64 size = 0;
	Row row = {NULL, digest, TRUE};

	(void)state;
	store_set_floor(store, 0);
	blobs_use_store(blobs, store);
	assert_null(blobs_pack(blobs, digest, wrong, &error));
	assert_code(&error, ACUSE_ERROR_INVALID);
	row.packed = packed = blobs_pack(blobs, digest, mail, NULL);
	assert_false(store_run(store, put_row, &row, &error));
	assert_code(&error, ACUSE_ERROR_CONFLICT);
	assert_false(blobs_has(blobs, digest));
	assert_false(blobs_size(blobs, digest, &size, &error));
	assert_code(&error, ACUSE_ERROR_NOT_FOUND);
	row.fail = FALSE;
	assert_true(store_run(store, put_row, &row, NULL));
	assert_true(store_run(store, put_row, &row, NULL));
	store_close(store);
	assert_true(store_verify(ledger, NULL));
	store = store_open(ledger, NULL);
	blobs_use_store(blobs, store);
	assert_true(blobs_has(blobs, digest));
	assert_true(blobs_size(blobs, digest, &size, NULL));
	assert_int_equal(size, strlen(MAIL));
	back = blobs_get(blobs, digest, NULL);
	assert_true(g_bytes_equal(back, mail));
	store_close(store);
	blobs_close(blobs);
	temporary_remove(folder);
}

typedef struct {
	Blobs *blobs;
	GBytes *bytes;
	char *digest;
} Putting;

static gpointer put_one(gpointer data)
{
	Putting *putting = data;
	g_autoptr(GBytes) back = NULL;

	if (!blobs_put(putting->blobs, putting->digest, putting->bytes, NULL))
		return NULL;
	back = blobs_get(putting->blobs, putting->digest, NULL);
	return back != NULL && g_bytes_equal(back, putting->bytes) ? putting : NULL;
}

static void test_concurrent(void **state)
{
	g_autofree char *folder = temporary_folder();
	g_autofree guint8 *bytes = g_malloc(300000);
	Putting putting = {.blobs = blobs_open(folder, 0, NULL)};
	GThread *threads[24];

	(void)state;
	random_bytes(bytes, 300000);
	putting.bytes = g_bytes_new_static(bytes, 300000);
	putting.digest = digest_sha256_hex(bytes, 300000);
	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("put", put_one, &putting);
	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		assert_non_null(g_thread_join(threads[i]));
	g_bytes_unref(putting.bytes);
	g_free(putting.digest);
	blobs_close(putting.blobs);
	temporary_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_in_the_store),
		cmocka_unit_test(test_concurrent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
