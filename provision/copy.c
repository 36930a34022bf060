/* copy.h: read, write, fsync. Any thread; no state. */
#include "provision/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define CHUNK_BYTES (256 * 1024)
#define OPEN_FOLDERS 16

static gboolean fail(const char *what, const char *path, GError **error)
{
	int code = errno;

	g_set_error(error, ACUSE_ERROR,
		code == ENOSPC || code == EDQUOT ? ACUSE_ERROR_NO_SPACE : ACUSE_ERROR_UNAVAILABLE,
		"%s %s: %s", what, path, g_strerror(code));
	return FALSE;
}

gboolean copy_write_all(int fd, const void *bytes, gsize size)
{
	const guint8 *at = bytes;

	while (size > 0) {
		gssize written = write(fd, at, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written == 0)
			errno = EIO;
		if (written <= 0)
			return FALSE;
		at += written;
		size -= (gsize)written;
	}
	return TRUE;
}

/* To the end of `from`; to < 0 and sum NULL: not there. -1: failed, else how many bytes. */
static gint64 pass_on(int from, int to, GChecksum *sum)
{
	g_autofree char *chunk = g_malloc(CHUNK_BYTES);
	gint64 size = 0;
	gssize n;

	while ((n = read(from, chunk, CHUNK_BYTES)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (to >= 0 && !copy_write_all(to, chunk, (gsize)n)))
			return -1;
		if (sum != NULL)
			g_checksum_update(sum, (const guchar *)chunk, n);
		size += n;
	}
	return size;
}

gboolean copy_file(const char *from, const char *to, GError **error)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out;
	gboolean ok;

	if (in < 0)
		return fail("open", from, error);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ok = out >= 0 && pass_on(in, out, NULL) >= 0 && fsync(out) == 0;
	if (!ok)
		fail("copy to", to, error);
	close(in);
	if (out >= 0)
		close(out);
	if (!ok && out >= 0)
		g_unlink(to);
	return ok;
}

char *copy_digest(const char *path, guint64 *size, GError **error)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	int in = open(path, O_RDONLY | O_CLOEXEC);
	gint64 read = in >= 0 ? pass_on(in, -1, sum) : -1;

	if (read < 0)
		fail("read", path, error);
	if (in >= 0)
		close(in);
	*size = (guint64)MAX(read, 0);
	return read < 0 ? NULL : g_strdup(g_checksum_get_string(sum));
}

gboolean copy_sync_folder(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		fail("fsync", path, error);
	if (fd >= 0)
		close(fd);
	return ok;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

gboolean copy_remove_tree(const char *path, GError **error)
{
	return nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT ||
	       fail("remove", path, error);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **copy_names(const char *path, GError **error)
{
	GDir *folder = g_dir_open(path, 0, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	if (folder == NULL) {
		fail("open", path, error);
		return NULL;
	}
	while ((name = g_dir_read_name(folder)) != NULL)
		g_ptr_array_add(names, g_strdup(name));
	g_dir_close(folder);
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}
