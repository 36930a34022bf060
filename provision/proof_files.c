/* Reads a zip into memory (proof_files.h). Any thread. */
#include "provision/proof_files.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/error.h"
#include "provision/bundle_format.h"

#define BLOCK 65536

typedef struct archive Reader;

static void reader_free(Reader *reader)
{
	archive_read_free(reader);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reader, reader_free)

static gboolean refuse(AcuseErrorCode code, const char *reason, GError **error)
{
	g_set_error(error, ACUSE_ERROR, code, "bundle: %s", reason);
	return FALSE;
}

static GBytes *read_entry(Reader *reader, gsize *left, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autofree guint8 *block = g_malloc(BLOCK);

	for (;;) {
		la_ssize_t got = archive_read_data(reader, block, BLOCK);

		if (got < 0) {
			refuse(ACUSE_ERROR_INVALID, archive_error_string(reader), error);
			return NULL;
		}
		if (got == 0)
			return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
		if ((gsize)got > *left) {
			refuse(ACUSE_ERROR_TOO_LARGE, "too many bytes", error);
			return NULL;
		}
		*left -= (gsize)got;
		g_byte_array_append(bytes, block, (guint)got);
	}
}

static gboolean add_entry(
	Reader *reader, struct archive_entry *entry, GHashTable *files, gsize *left, GError **error)
{
	const char *name = archive_entry_pathname(entry);
	GBytes *bytes;

	if (name == NULL || archive_entry_filetype(entry) != AE_IFREG)
		return refuse(ACUSE_ERROR_INVALID, "something in it is no plain file", error);
	if (archive_entry_is_encrypted(entry))
		return refuse(ACUSE_ERROR_INVALID, "a file in it is encrypted", error);
	if (g_hash_table_contains(files, name))
		return refuse(ACUSE_ERROR_INVALID, "two files have one name", error);
	if (g_hash_table_size(files) >= BUNDLE_MAX_FILES)
		return refuse(ACUSE_ERROR_TOO_LARGE, "too many files", error);
	bytes = read_entry(reader, left, error);
	if (bytes == NULL)
		return FALSE;
	g_hash_table_insert(files, g_strdup(name), bytes);
	return TRUE;
}

/* size: of the zip; ours are stored, so what becomes more than that is a bomb. */
static GHashTable *read_entries(Reader *reader, gsize size, char **first, GError **error)
{
	g_autoptr(GHashTable) files = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
	g_autofree char *name = NULL;
	struct archive_entry *entry;
	gsize left = MIN(BUNDLE_MAX_BYTES, size);
	int status;

	while ((status = archive_read_next_header(reader, &entry)) == ARCHIVE_OK) {
		if (name == NULL)
			name = g_strdup(archive_entry_pathname(entry));
		if (!add_entry(reader, entry, files, &left, error))
			return NULL;
	}
	if (status != ARCHIVE_EOF) {
		refuse(ACUSE_ERROR_INVALID, archive_error_string(reader), error);
		return NULL;
	}
	*first = g_steal_pointer(&name);
	return g_steal_pointer(&files);
}

GHashTable *proof_files_read(const char *path, char **first, GBytes **zip, GError **error)
{
	g_autoptr(Reader) reader = archive_read_new();
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GError) local = NULL;
	GHashTable *files;
	GMappedFile *file;

	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "%s: no such file", path);
		return NULL;
	}
	file = g_mapped_file_new(path, FALSE, &local);
	if (file == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "%s", local->message);
		return NULL;
	}
	bytes = g_mapped_file_get_bytes(file);
	g_mapped_file_unref(file);
	archive_read_support_format_zip(reader);
	if (archive_read_open_memory(
		    reader, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)) != ARCHIVE_OK) {
		refuse(ACUSE_ERROR_INVALID, archive_error_string(reader), error);
		return NULL;
	}
	files = read_entries(reader, g_bytes_get_size(bytes), first, error);
	if (files != NULL && zip != NULL)
		*zip = g_steal_pointer(&bytes);
	return files;
}
