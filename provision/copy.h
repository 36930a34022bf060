/* Durable copies of files and folders. */
#ifndef ACUSE_PROVISION_COPY_H
#define ACUSE_PROVISION_COPY_H

#include <glib.h>

/*
 * Copies a plain file to a name that is not there yet, 0600, and makes its bytes durable; its
 * folder is the caller's (copy_sync_folder). NO_SPACE or UNAVAILABLE; what was begun is removed.
 */
gboolean copy_file(const char *from, const char *to, GError **error);

/* The file's digest (hex, a new string) and size; NULL with UNAVAILABLE. */
char *copy_digest(const char *path, guint64 *size, GError **error);

/* All of them into a descriptor that blocks; FALSE: errno says why not. */
gboolean copy_write_all(int fd, const void *bytes, gsize size);

/* Makes the names in a folder durable. NO_SPACE or UNAVAILABLE. */
gboolean copy_sync_folder(const char *path, GError **error);

/* Removes a folder and all under it; no failure when it is absent. */
gboolean copy_remove_tree(const char *path, GError **error);

/* Names in a folder, sorted, as a new strv; NULL with UNAVAILABLE. */
char **copy_names(const char *path, GError **error);

#endif
