/*
 * blobs.h: FOLDER/ab/abcd....zst, one zstd frame a file. A blob is written to FOLDER/tmp under a
 * name of its own, fsynced, renamed and its folder fsynced, so that a file under its digest is
 * whole. What a crash left in tmp goes at the next opening; the 256 folders are made then too, so
 * that no put has to make one durable. What comes with its record is the same frame, a row of the
 * store.
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
#include "base/hex.h"
#include "cms/digest.h"
#include "provision/copy.h"

#define COMPRESSION_LEVEL 3
#define BLOB_BYTES_MAX (1024u * 1024 * 1024)
#define TEMPORARY_FOLDER "tmp"
/* RFC 8878, 3.1.1: magic number and the longest frame header. */
#define FRAME_HEAD_BYTES 18

struct _Blobs {
	char *folder;
	Store *store; /* NULL: only files */
	guint64 floor_bytes;
	GMutex collecting; /* a file's age is looked at and judged as one */
};

static gboolean fail(const char *what, const char *path, GError **error)
{
	int code = errno;

	g_set_error(error, ACUSE_ERROR,
		code == ENOSPC || code == EDQUOT ? ACUSE_ERROR_NO_SPACE : ACUSE_ERROR_UNAVAILABLE,
		"message store: %s %s: %s", what, path, g_strerror(code));
	return FALSE;
}

static gboolean empty_temporary(const char *path, GError **error)
{
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	const char *name;

	if (folder == NULL)
		return fail("open", path, error);
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
	return empty_temporary(temporary, error) && copy_sync_folder(folder, error);
}

Blobs *blobs_open(const char *folder, guint64 floor_bytes, GError **error)
{
	Blobs *blobs;

	if (!make_folders(folder, error))
		return NULL;
	blobs = g_new0(Blobs, 1);
	blobs->folder = g_strdup(folder);
	blobs->floor_bytes = floor_bytes;
	g_mutex_init(&blobs->collecting);
	return blobs;
}

void blobs_close(Blobs *blobs)
{
	if (blobs == NULL)
		return;
	g_mutex_clear(&blobs->collecting);
	g_free(blobs->folder);
	g_free(blobs);
}

void blobs_use_store(Blobs *blobs, Store *store)
{
	blobs->store = store;
}

static char *blob_path(Blobs *blobs, const char *sha256)
{
	return g_strdup_printf("%s/%.2s/%s.zst", blobs->folder, sha256, sha256);
}

static gboolean check_name(const char *sha256, GError **error)
{
	if (sha256 != NULL && hex_is_sha256(sha256))
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

static void free_compressor(gpointer context)
{
	ZSTD_freeCCtx(context);
}

/* One a thread: a new one costs more than compressing a small message. */
static GPrivate compressor = G_PRIVATE_INIT(free_compressor);

static GBytes *compress(const void *bytes, gsize size, GError **error)
{
	gsize bound = ZSTD_compressBound(size), used;
	g_autofree char *buffer = g_malloc(bound);
	ZSTD_CCtx *context = g_private_get(&compressor);

	if (context == NULL) {
		context = ZSTD_createCCtx();
		if (context == NULL)
			g_error("message store: no memory for zstd");
		g_private_set(&compressor, context);
	}
	used = ZSTD_compressCCtx(context, buffer, bound, bytes, size, COMPRESSION_LEVEL);
	if (!ZSTD_isError(used))
		return g_bytes_new_take(g_steal_pointer(&buffer), used);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INTERNAL, "message store: zstd: %s",
		ZSTD_getErrorName(used));
	return NULL;
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
	ok = (copy_write_all(fd, bytes, size) && fsync(fd) == 0) || fail("write", temporary, error);
	if (close(fd) < 0 && ok)
		ok = fail("close", temporary, error);
	if (ok && g_rename(temporary, path) < 0)
		ok = fail("rename", temporary, error);
	if (!ok) {
		g_unlink(temporary);
		return FALSE;
	}
	return copy_sync_folder(folder, error);
}

/* What the head of a frame says its content has. */
static gboolean content_size(
	const void *frame, gsize frame_size, const char *sha256, guint64 *size, GError **error)
{
	*size = ZSTD_getFrameContentSize(frame, frame_size);
	if (*size != ZSTD_CONTENTSIZE_UNKNOWN && *size != ZSTD_CONTENTSIZE_ERROR &&
		*size <= BLOB_BYTES_MAX)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "message store: %s is no zstd frame",
		sha256);
	return FALSE;
}

static GBytes *decompress(const char *frame, gsize frame_size, const char *sha256, GError **error)
{
	g_autofree char *bytes = NULL;
	guint64 size;
	gsize got;

	if (!content_size(frame, frame_size, sha256, &size, error))
		return NULL;
	bytes = g_malloc((gsize)size + 1);
	got = ZSTD_decompress(bytes, (gsize)size, frame, frame_size);
	if (ZSTD_isError(got) || got != size) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED,
			"message store: %s does not decompress", sha256);
		return NULL;
	}
	return g_bytes_new_take(g_steal_pointer(&bytes), (gsize)size);
}

/* The bytes of a frame, digest checked. */
static GBytes *open_frame(GBytes *frame, const char *sha256, GError **error)
{
	g_autoptr(GBytes) bytes =
		decompress(g_bytes_get_data(frame, NULL), g_bytes_get_size(frame), sha256, error);

	if (bytes == NULL || !check_digest(sha256, g_bytes_get_data(bytes, NULL),
				     g_bytes_get_size(bytes), ACUSE_ERROR_DAMAGED, error))
		return NULL;
	return g_steal_pointer(&bytes);
}

/* Whether there is a file; it is young again then, so what is about to name it finds it. */
static gboolean has_file(Blobs *blobs, const char *sha256)
{
	g_autofree char *path = blob_path(blobs, sha256);
	gboolean there;

	g_mutex_lock(&blobs->collecting);
	there = utimensat(AT_FDCWD, path, NULL, 0) == 0;
	g_mutex_unlock(&blobs->collecting);
	return there;
}

static GBytes *read_file(Blobs *blobs, const char *sha256, GError **error)
{
	g_autofree char *path = blob_path(blobs, sha256);
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) frame = NULL;
	char *bytes;
	gsize size;

	if (!g_file_get_contents(path, &bytes, &size, &failure)) {
		gboolean absent = g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT);

		g_set_error(error, ACUSE_ERROR,
			absent ? ACUSE_ERROR_NOT_FOUND : ACUSE_ERROR_UNAVAILABLE,
			"message store: %s", failure->message);
		return NULL;
	}
	frame = g_bytes_new_take(bytes, size);
	return open_frame(frame, sha256, error);
}

static gboolean check_bytes(const char *sha256, GBytes *bytes, GError **error)
{
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);

	if (size > BLOB_BYTES_MAX) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE,
			"message store: over %u bytes", BLOB_BYTES_MAX);
		return FALSE;
	}
	return check_name(sha256, error) &&
	       check_digest(sha256, data, size, ACUSE_ERROR_INVALID, error);
}

gboolean blobs_put(Blobs *blobs, const char *sha256, GBytes *bytes, GError **error)
{
	g_autoptr(GBytes) present = NULL;
	g_autoptr(GBytes) frame = NULL;
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);

	if (!check_bytes(sha256, bytes, error))
		return FALSE;
	present = has_file(blobs, sha256) ? read_file(blobs, sha256, NULL) : NULL;
	if (present != NULL) {
		/* Another thread may have renamed it and not yet fsynced the folder. */
		g_autofree char *folder = g_strdup_printf("%s/%.2s", blobs->folder, sha256);

		return copy_sync_folder(folder, error);
	}
	if (!has_room(blobs, size, error))
		return FALSE;
	frame = compress(data, size, error);
	return frame != NULL && write_blob(blobs, sha256, frame, error);
}

GBytes *blobs_pack(Blobs *blobs, const char *sha256, GBytes *bytes, GError **error)
{
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);

	if (!check_bytes(sha256, bytes, error) || !has_room(blobs, size, error))
		return NULL;
	return compress(data, size, error);
}

/* The frame that came with its record, in *frame; NULL: none. */
static gboolean find_row(Blobs *blobs, const char *sha256, GBytes **frame, GError **error)
{
	GError *failure = NULL;

	*frame = blobs->store != NULL ? store_blob(blobs->store, sha256, &failure) : NULL;
	if (failure == NULL)
		return TRUE;
	g_propagate_error(error, failure);
	return FALSE;
}

gboolean blobs_has(Blobs *blobs, const char *sha256)
{
	g_autoptr(GBytes) frame = NULL;

	return check_name(sha256, NULL) &&
	       (has_file(blobs, sha256) ||
		       (find_row(blobs, sha256, &frame, NULL) && frame != NULL));
}

GBytes *blobs_get(Blobs *blobs, const char *sha256, GError **error)
{
	g_autoptr(GBytes) frame = NULL;

	if (!check_name(sha256, error) || !find_row(blobs, sha256, &frame, error))
		return NULL;
	return frame != NULL ? open_frame(frame, sha256, error) : read_file(blobs, sha256, error);
}

static gboolean file_size(Blobs *blobs, const char *sha256, guint64 *size, GError **error)
{
	g_autofree char *path = blob_path(blobs, sha256);
	char head[FRAME_HEAD_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	gssize got = fd >= 0 ? read(fd, head, sizeof head) : -1;
	int code = errno;

	if (fd >= 0)
		close(fd);
	if (got >= 0)
		return content_size(head, (gsize)got, sha256, size, error);
	g_set_error(error, ACUSE_ERROR,
		code == ENOENT ? ACUSE_ERROR_NOT_FOUND : ACUSE_ERROR_UNAVAILABLE,
		"message store: %s: %s", path, g_strerror(code));
	return FALSE;
}

gboolean blobs_size(Blobs *blobs, const char *sha256, guint64 *size, GError **error)
{
	g_autoptr(GBytes) frame = NULL;

	if (!check_name(sha256, error) || !find_row(blobs, sha256, &frame, error))
		return FALSE;
	if (frame == NULL) {
		has_file(blobs, sha256);
		return file_size(blobs, sha256, size, error);
	}
	return content_size(
		g_bytes_get_data(frame, NULL), g_bytes_get_size(frame), sha256, size, error);
}

GPtrArray *blobs_old(Blobs *blobs, guint part, gint64 before_s, GError **error)
{
	g_autofree char *path = g_strdup_printf("%s/%02x", blobs->folder, part);
	g_autoptr(GPtrArray) digests = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	const char *name;

	if (folder == NULL) {
		fail("open", path, error);
		return NULL;
	}
	while ((name = g_dir_read_name(folder)) != NULL) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		g_autofree char *digest = g_strndup(name, strcspn(name, "."));
		struct stat status;

		if (hex_is_sha256(digest) && stat(file, &status) == 0 && status.st_mtime < before_s)
			g_ptr_array_add(digests, g_steal_pointer(&digest));
	}
	return g_steal_pointer(&digests);
}

gboolean blobs_remove_old(
	Blobs *blobs, const char *sha256, gint64 before_s, gboolean *absent, GError **error)
{
	g_autofree char *path = blob_path(blobs, sha256);
	struct stat status;
	gboolean ok = TRUE;

	*absent = FALSE;
	if (!check_name(sha256, error))
		return FALSE;
	g_mutex_lock(&blobs->collecting);
	if (stat(path, &status) < 0)
		ok = *absent = errno == ENOENT;
	else if (status.st_mtime < before_s)
		ok = *absent = g_unlink(path) == 0;
	if (!ok)
		fail("remove", path, error);
	g_mutex_unlock(&blobs->collecting);
	return ok;
}
