/*
 * Where the groups and keys of a settings file stand. GKeyFile tells no lines and takes a group or
 * a key that is given twice; this looks at the same text beforehand.
 */
#ifndef ACUSE_BASE_SETTINGS_LINES_H
#define ACUSE_BASE_SETTINGS_LINES_H

#include <glib.h>

/*
 * The lines of all groups and keys of the text, for settings_line. Fails with ACUSE_ERROR_INVALID
 * and "FILE:LINE: reason" at the first line that is no UTF-8, neither group, setting nor comment,
 * stands before the first group, or says a group or a key a second time. The caller owns the
 * result.
 */
GHashTable *settings_lines_read(const char *path, const char *text, gsize size, GError **error);

/* The line of a key, of the group when key is NULL; 0: it is not there. From 1. */
guint settings_line(GHashTable *lines, const char *group, const char *key);

#endif
