/*
 * blobs_copy of blobs.h: files of one message store that another lacks. A blob under its name is
 * whole, so names are all that is compared; what a kill left in tmp goes when that store is opened
 * next.
 */
#include "provision/blobs.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "provision/copy.h"

#define TEMPORARY_FOLDER "tmp"

static gboolean copy_one(
	const char *from, const char *to, const char *to_store, const char *name, GError **error)
{
	g_autofree char *temporary =
		g_strdup_printf("%s/" TEMPORARY_FOLDER "/copy-%s", to_store, name);

	if (!copy_file(from, temporary, error))
		return FALSE;
	if (g_rename(temporary, to) == 0)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "rename %s: %s", to,
		g_strerror(errno));
	return FALSE;
}

static gboolean copy_folder(const char *from_store, const char *to_store, const char *part,
	guint64 *copied, GError **error)
{
	g_autofree char *from_folder = g_build_filename(from_store, part, NULL);
	g_autofree char *to_folder = g_build_filename(to_store, part, NULL);
	g_auto(GStrv) names = copy_names(from_folder, error);
	guint64 before = *copied;

	if (names == NULL)
		return FALSE;
	for (char **name = names; *name != NULL; name++) {
		g_autofree char *from = g_build_filename(from_folder, *name, NULL);
		g_autofree char *to = g_build_filename(to_folder, *name, NULL);

		if (g_access(to, F_OK) == 0)
			continue;
		if (!copy_one(from, to, to_store, *name, error))
			return FALSE;
		++*copied;
	}
	return *copied == before || copy_sync_folder(to_folder, error);
}

gboolean blobs_copy(const char *from, const char *to, guint64 *copied, GError **error)
{
	*copied = 0;
	for (guint i = 0; i < 256; i++) {
		char part[3];

		g_snprintf(part, sizeof part, "%02x", i);
		if (!copy_folder(from, to, part, copied, error))
			return FALSE;
	}
	return TRUE;
}
