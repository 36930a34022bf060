/*
 * The tramite's folder: YEAR/EXPEDIENTE/KEY/ with manifest.json and the files it names. They are
 * written and fsynced in a folder ".acuse-KEY" beside, which is renamed at the end: who sees KEY
 * sees all of it. A repetition finds KEY and does nothing; what a crash left is begun anew. Fails
 * with UNAVAILABLE or NO_SPACE, so that a share that is away or full is waited for. One thread.
 */
#include "provision/tramite.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "provision/copy.h"

#define FOLDER_MODE 0750
#define FILE_MODE 0640

static gboolean failed(const char *what, const char *path, GError **error)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "tramite: %s %s: %s", what, path,
		g_strerror(errno));
	return FALSE;
}

static gboolean write_file(const char *folder, const char *name, GBytes *bytes, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);
	gboolean done;

	if (fd < 0)
		return failed("open", path, error);
	done = (copy_write_all(fd, data, size) && fsync(fd) == 0) || failed("write", path, error);
	if (close(fd) != 0 && done)
		done = failed("close", path, error);
	return done;
}

/* Each level below root, with its name made durable in the one above. */
static gboolean make_folders(const char *root, const char *below, char **path, GError **error)
{
	g_auto(GStrv) levels = g_strsplit(below, "/", -1);
	g_autofree char *at = g_strdup(root);

	for (guint i = 0; levels[i] != NULL; i++) {
		g_autofree char *next = g_build_filename(at, levels[i], NULL);

		if (g_mkdir(next, FOLDER_MODE) == 0) {
			if (!copy_sync_folder(at, error))
				return FALSE;
		} else if (errno != EEXIST) {
			return failed("mkdir", next, error);
		}
		g_free(at);
		at = g_steal_pointer(&next);
	}
	*path = g_steal_pointer(&at);
	return TRUE;
}

static gboolean write_files(const TramiteParcel *parcel, const char *folder, GError **error)
{
	if (g_mkdir(folder, FOLDER_MODE) != 0 && errno != EEXIST)
		return failed("mkdir", folder, error);
	for (guint i = 0; i < parcel->n_files; i++)
		if (!write_file(folder, parcel->files[i].name, parcel->files[i].bytes, error))
			return FALSE;
	return copy_sync_folder(folder, error);
}

static gboolean carry_out(Service *service, const json_t *body, GError **error)
{
	const char *root = settings_string(service->settings, "tramite", "folder");
	g_autofree char *parent = NULL, *hidden = NULL, *temporary = NULL, *final = NULL;
	g_autoptr(TramiteParcel) parcel = NULL;

	if (root == NULL || *root == '\0') {
		api_invalid(error, "[tramite] folder", "is not set any more");
		return FALSE;
	}
	parcel = tramite_parcel_new(service, body, error);
	if (parcel == NULL || !make_folders(root, parcel->folder, &parent, error))
		return FALSE;
	final = g_build_filename(parent, parcel->key, NULL);
	if (g_file_test(final, G_FILE_TEST_IS_DIR))
		return copy_sync_folder(parent, error);
	hidden = g_strconcat(".acuse-", parcel->key, NULL);
	temporary = g_build_filename(parent, hidden, NULL);
	if (!write_files(parcel, temporary, error))
		return FALSE;
	if (rename(temporary, final) != 0)
		return failed("rename", temporary, error);
	return copy_sync_folder(parent, error);
}

const OutboxKind outbox_kinds_tramite_folder[] = {
	{"tramite.folder", carry_out, OUTBOX_TRAMITE}, {NULL}};
