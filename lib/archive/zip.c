/*
 * zip.h: libarchive's zip writer into memory. Fails only by size or memory, with NULL. No state of
 * its own; safe in every thread.
 */
#include "archive/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#define SAMPLES 16
#define SAMPLE_BYTES (((gsize)64) * 1024)
#define ENTRY_TIME                                                                                 \
	315619200 /* 1980-01-02T00:00:00Z: the oldest day that a zip knows everywhere              \
		   */

typedef struct archive Zip;

static void zip_free(Zip *zip)
{
	archive_write_free(zip);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Zip, zip_free)

typedef struct {
	GByteArray *bytes;
	gsize max_bytes;
} Out;

static la_ssize_t write_block(Zip *zip, void *data, const void *block, size_t size)
{
	Out *out = data;

	if (size > out->max_bytes - out->bytes->len) {
		archive_set_error(zip, -1, "larger than wanted");
		return -1;
	}
	g_byte_array_append(out->bytes, block, (guint)size);
	return (la_ssize_t)size;
}

static gboolean write_entry(Zip *zip, const char *name, const guint8 *bytes, gsize size)
{
	struct archive_entry *entry = archive_entry_new();
	gboolean done;

	archive_entry_set_pathname_utf8(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_mtime(entry, ENTRY_TIME, 0);
	done = archive_write_header(zip, entry) >= ARCHIVE_WARN &&
	       archive_write_data(zip, bytes, size) == (la_ssize_t)size &&
	       archive_write_finish_entry(zip) == ARCHIVE_OK;
	archive_entry_free(entry);
	return done;
}

GByteArray *zip_one(const char *name, const guint8 *bytes, gsize size, gsize max_bytes)
{
	g_autoptr(Zip) zip = archive_write_new();
	g_autoptr(GByteArray) result = g_byte_array_new();
	Out out = {result, MIN(max_bytes, G_MAXUINT / 2)};

	if (archive_write_set_format_zip(zip) != ARCHIVE_OK ||
		archive_write_set_options(zip, "zip:hdrcharset=UTF-8") != ARCHIVE_OK ||
		archive_write_set_bytes_in_last_block(zip, 1) != ARCHIVE_OK ||
		archive_write_open(zip, &out, NULL, write_block, NULL) != ARCHIVE_OK ||
		!write_entry(zip, name, bytes, size) || archive_write_close(zip) != ARCHIVE_OK)
		return NULL;
	return g_steal_pointer(&result);
}

gsize zip_estimate(const guint8 *bytes, gsize size)
{
	gsize step = size / SAMPLES, taken;
	g_autofree guint8 *sample = NULL;
	g_autoptr(GByteArray) packed = NULL;

	if (size <= SAMPLES * SAMPLE_BYTES) {
		packed = zip_one("a", bytes, size, G_MAXUINT / 2);
		return packed != NULL ? packed->len : size;
	}
	taken = SAMPLES * SAMPLE_BYTES;
	sample = g_malloc(taken);
	for (guint i = 0; i < SAMPLES; i++)
		memcpy(sample + i * SAMPLE_BYTES, bytes + i * step, SAMPLE_BYTES);
	packed = zip_one("a", sample, taken, G_MAXUINT / 2);
	return packed != NULL ? (gsize)((double)packed->len / (double)taken * (double)size) : size;
}
