/* Folders of their own for tests, gone afterwards. */
#ifndef ACUSE_TESTS_UNIT_TEMPORARY_H
#define ACUSE_TESTS_UNIT_TEMPORARY_H

#include <gio/gio.h>
#include <glib/gstdio.h>

static inline char *temporary_folder(void)
{
	char *folder = g_dir_make_tmp("acuse-test-XXXXXX", NULL);

	if (folder == NULL)
		g_error("no temporary folder");
	return folder;
}

static inline void temporary_remove(const char *folder)
{
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR) &&
			!g_file_test(path, G_FILE_TEST_IS_SYMLINK))
			temporary_remove(path);
		else
			g_unlink(path);
	}
	if (dir != NULL)
		g_dir_close(dir);
	g_rmdir(folder);
}

#endif
