/*
 * blobs.h: FOLDER/ab/abcd....zst, one zstd frame a file. A blob is written to FOLDER/tmp under a
 * name of its own, fsynced, renamed and its folder fsynced, so that a file under its digest is
 * whole. What a crash left in tmp goes at the next opening; the 256 folders are made then too, so
 * that no put has to make one durable.
 *
 * Fails: INVALID (digest), NO_SPACE, NOT_FOUND, DAMAGED, UNAVAILABLE. Any number of threads;
 * concurrent puts of the same digest write the same bytes and the last rename stands. One process
 * (the ledger's lock sees to it).
 */
#include "provision/blobs.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zstd.h>

#include "base/error.h"
#include "cms/digest.h"

#define COMPRESSION_LEVEL 3
#define BLOB_BYTES_MAX (1024u * 1024 * 1024)
#define TEMPORARY_FOLDER "tmp"

struct _Blobs {
	char *folder;
	guint64 floor_bytes;
};

static gboolean fail(const char *what, const char *path, GError **error)
{
	int code = errno;

	g_set_error(error, ACUSE_ERROR,
		code == ENOSPC || code == EDQUOT ? ACUSE_ERROR_NO_SPACE : ACUSE_ERROR_UNAVAILABLE,
		"message store: %s %s: %s", what, path, g_strerror(code));
	return FALSE;
}

static gboolean sync_folder(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean ok;

	if (fd < 0)
		return fail("open", path, error);
	ok = fsync(fd) == 0 || fail("fsync", path, error);
	close(fd);
	return ok;
}

static gboolean empty_temporary(const char *path, GError **error)
{
	g_autoptr(GDir) folder = g_dir_open(path, 0, error);
	const char *name;

	if (folder == NULL)
		return FALSE;
	while ((name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		if (g_unlink(file) < 0)
			return fail("remove", file, error);
	}
	return TRUE;
}

static gboolean make_folders(const char *folder, GError **error)
{
	g_autofree char *temporary = g_build_filename(folder, TEMPORARY_FOLDER, NULL);

	if (g_mkdir_with_parents(temporary, 0700) < 0)
		return fail("make", temporary, error);
	for (guint i = 0; i < 256; i++) {
		g_autofree char *path = g_strdup_printf("%s/%02x", folder, i);

		if (g_mkdir(path, 0700) < 0 && errno != EEXIST)
			return fail("make", path, error);
	}
	return empty_temporary(temporary, error) && sync_folder(folder, error);
}

Blobs *blobs_open(const char *folder, guint64 floor_bytes, GError **error)
{
	Blobs *blobs;

	if (!make_folders(folder, error))
		return NULL;
	blobs = g_new0(Blobs, 1);
	blobs->folder = g_strdup(folder);
	blobs->floor_bytes = floor_bytes;
	return blobs;
}

void blobs_close(Blobs *blobs)
{
	if (blobs == NULL)
		return;
	g_free(blobs->folder);
	g_free(blobs);
}

static char *blob_path(Blobs *blobs, const char *sha256)
{
	return g_strdup_printf("%s/%.2s/%s.zst", blobs->folder, sha256, sha256);
}

static gboolean check_name(const char *sha256, GError **error)
{
	if (sha256 != NULL && digest_is_sha256_hex(sha256))
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
		"message store: the name is not a SHA-256 in lower-case hex");
	return FALSE;
}

static gboolean check_digest(
	const char *sha256, const void *bytes, gsize size, AcuseErrorCode code, GError **error)
{
	g_autofree char *actual = digest_sha256_hex(bytes, size);

	if (strcmp(actual, sha256) == 0)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, code, "message store: the bytes do not have the digest %s",
		sha256);
	return FALSE;
}

static gboolean has_room(Blobs *blobs, gsize size, GError **error)
{
	struct statvfs disk;

	if (statvfs(blobs->folder, &disk) < 0)
		return fail("statvfs", blobs->folder, error);
	if ((guint64)disk.f_bavail * disk.f_frsize >= blobs->floor_bytes + size)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NO_SPACE,
		"message store: less than %" G_GUINT64_FORMAT " bytes are free",
		blobs->floor_bytes);
	return FALSE;
}

static GBytes *compress(const void *bytes, gsize size, GError **error)
{
	gsize bound = ZSTD_compressBound(size);
	g_autofree char *buffer = g_malloc(bound);
	gsize used = ZSTD_compress(buffer, bound, bytes, size, COMPRESSION_LEVEL);

	if (!ZSTD_isError(used))
		return g_bytes_new_take(g_steal_pointer(&buffer), used);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INTERNAL, "message store: zstd: %s",
		ZSTD_getErrorName(used));
	return NULL;
}

static gboolean write_all(int fd, const char *bytes, gsize size)
{
	while (size > 0) {
		gssize n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FALSE;
		bytes += n;
		size -= (gsize)n;
	}
	return fsync(fd) == 0;
}

static gboolean write_blob(Blobs *blobs, const char *sha256, GBytes *frame, GError **error)
{
	g_autofree char *path = blob_path(blobs, sha256);
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *temporary =
		g_strdup_printf("%s/%s/%s.XXXXXX", blobs->folder, TEMPORARY_FOLDER, sha256);
	gsize size;
	const char *bytes = g_bytes_get_data(frame, &size);
	int fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);
	gboolean ok;

	if (fd < 0)
		return fail("create", temporary, error);
	ok = write_all(fd, bytes, size) || fail("write", temporary, error);
	if (close(fd) < 0 && ok)
		ok = fail("close", temporary, error);
	if (ok && g_rename(temporary, path) < 0)
		ok = fail("rename", temporary, error);
	if (!ok) {
		g_unlink(temporary);
		return FALSE;
	}
	return sync_folder(folder, error);
}

gboolean blobs_put(Blobs *blobs, const char *sha256, GBytes *bytes, GError **error)
{
	g_autoptr(GBytes) present = NULL;
	g_autoptr(GBytes) frame = NULL;
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);

	if (!check_name(sha256, error) ||
		!check_digest(sha256, data, size, ACUSE_ERROR_INVALID, error))
		return FALSE;
	if (size > BLOB_BYTES_MAX) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE,
			"message store: over %u bytes", BLOB_BYTES_MAX);
		return FALSE;
	}
	present = blobs_has(blobs, sha256) ? blobs_get(blobs, sha256, NULL) : NULL;
	if (present != NULL) {
		/* Another thread may have renamed it and not yet fsynced the folder. */
		g_autofree char *folder = g_strdup_printf("%s/%.2s", blobs->folder, sha256);

		return sync_folder(folder, error);
	}
	if (!has_room(blobs, size, error))
		return FALSE;
	frame = compress(data, size, error);
	return frame != NULL && write_blob(blobs, sha256, frame, error);
}

gboolean blobs_has(Blobs *blobs, const char *sha256)
{
	g_autofree char *path = NULL;

	if (!check_name(sha256, NULL))
		return FALSE;
	path = blob_path(blobs, sha256);
	return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

static GBytes *decompress(const char *frame, gsize frame_size, const char *sha256, GError **error)
{
	unsigned long long size = ZSTD_getFrameContentSize(frame, frame_size);
	g_autofree char *bytes = NULL;
	gsize got;

	if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ||
		size > BLOB_BYTES_MAX) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
			"message store: %s is no zstd frame", sha256);
		return NULL;
	}
	bytes = g_malloc((gsize)size + 1);
	got = ZSTD_decompress(bytes, (gsize)size, frame, frame_size);
	if (ZSTD_isError(got) || got != size) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
			"message store: %s does not decompress", sha256);
		return NULL;
	}
	return g_bytes_new_take(g_steal_pointer(&bytes), (gsize)size);
}

GBytes *blobs_get(Blobs *blobs, const char *sha256, GError **error)
{
	g_autofree char *path = NULL;
	g_autofree char *frame = NULL;
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) bytes = NULL;
	gsize frame_size, size;
	const void *data;

	if (!check_name(sha256, error))
		return NULL;
	path = blob_path(blobs, sha256);
	if (!g_file_get_contents(path, &frame, &frame_size, &failure)) {
		gboolean absent = g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT);

		g_set_error(error, ACUSE_ERROR,
			absent ? ACUSE_ERROR_NOT_FOUND : ACUSE_ERROR_UNAVAILABLE,
			"message store: %s", failure->message);
		return NULL;
	}
	bytes = decompress(frame, frame_size, sha256, error);
	if (bytes == NULL)
		return NULL;
	data = g_bytes_get_data(bytes, &size);
	if (!check_digest(sha256, data, size, ACUSE_ERROR_DAMAGED, error))
		return NULL;
	return g_steal_pointer(&bytes);
}
