/* backup_manifest.h. Any thread; no state. */
#include "provision/backup_manifest.h"

#include <string.h>

#include "base/error.h"
#include "core/merkle.h"
#include "provision/copy.h"
#include "provision/row.h"

json_t *backup_files(const char *folder, GError **error)
{
	g_auto(GStrv) names = copy_names(folder, error);
	json_t *files = names == NULL ? NULL : json_array();

	for (char **name = names; files != NULL && *name != NULL; name++) {
		g_autofree char *path = g_build_filename(folder, *name, NULL);
		guint64 size;
		g_autofree char *sha256 = copy_digest(path, &size, error);

		if (sha256 == NULL)
			g_clear_pointer(&files, json_decref);
		else
			json_array_append_new(
				files, json_pack("{s:s, s:I, s:s}", "name", *name, "size",
					       (json_int_t)size, "sha256", sha256));
	}
	return files;
}

static gboolean damaged(GError **error, const char *folder, const char *what, const char *why)
{
	g_set_error(
		error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "backup %s: %s: %s", folder, what, why);
	return FALSE;
}

gboolean backup_files_check(const char *folder, const json_t *files, GError **error)
{
	json_auto_t *found = backup_files(folder, error);
	size_t i;
	json_t *file;

	if (found == NULL)
		return FALSE;
	json_array_foreach(files, i, file) {
		const char *name = row_text(file, "name");

		if (!json_equal(file, json_array_get(found, i)))
			return damaged(error, folder, name != NULL ? name : "?",
				"missing, changed, or another file was added");
	}
	return json_array_size(found) == json_array_size(files) ||
	       damaged(error, folder, row_text(json_array_get(found, i), "name"), "was added");
}

json_t *backup_manifest_read(const char *folder, GError **error)
{
	g_autofree char *path = g_build_filename(folder, BACKUP_MANIFEST, NULL);
	g_autofree char *text = NULL;
	json_t *manifest;
	MerkleHash root;

	if (!g_file_get_contents(path, &text, NULL, NULL)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND,
			"%s is not the folder of a backup: it has no " BACKUP_MANIFEST, folder);
		return NULL;
	}
	manifest = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (json_integer_value(json_object_get(manifest, "v")) == 1 &&
		row_text(manifest, "name") != NULL && row_text(manifest, "time") != NULL &&
		row_text(manifest, "origin") != NULL && row_text(manifest, "root") != NULL &&
		merkle_hash_from_hex(row_text(manifest, "root"), &root) &&
		json_is_integer(json_object_get(manifest, "size")) &&
		json_is_array(json_object_get(manifest, "ledger")) &&
		json_is_array(json_object_get(manifest, "settings")))
		return manifest;
	json_decref(manifest);
	damaged(error, folder, BACKUP_MANIFEST, "cannot be read");
	return NULL;
}
