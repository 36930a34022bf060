/*
 * Settings: /etc/acuse/acuse.conf, a GKeyFile. One const table (settings_table.c) names each key,
 * its type, default, range and help; acuse.conf(5) is checked against it. A loaded Settings is
 * immutable and may be read by every thread; they are read at start only.
 */
#ifndef ACUSE_BASE_SETTINGS_H
#define ACUSE_BASE_SETTINGS_H

#include <glib.h>

typedef enum {
	SETTING_STRING,
	SETTING_PATH,	/* absolute */
	SETTING_INT,	/* min..max; the unit is in the key's name */
	SETTING_CHOICE, /* one of the words of `choices` */
	SETTING_LIST,	/* words between semicolons, as GKeyFile has them */
	SETTING_USER	/* a user name or a numeric uid */
} SettingType;

typedef struct {
	const char *group;
	const char *key;
	SettingType type;
	const char *fallback; /* NULL: must be given by whoever reads it */
	gint64 min, max;      /* SETTING_INT */
	const char *choices;  /* SETTING_CHOICE: "off log warn enforce" */
	const char *help;     /* English, one sentence */
	gboolean scoped;      /* may stand in groups "[GROUP SCOPE]" too */
} SettingRow;

/* Ends with a row whose group is NULL. */
extern const SettingRow settings_table[];

typedef struct _Settings Settings;

/*
 * Reads and checks the whole file. Groups or keys that are unknown or stand twice, wrong types and
 * values out of range fail with ACUSE_ERROR_INVALID and a message "FILE:LINE: [group] key: reason",
 * with the nearest known name. The caller owns the result.
 */
Settings *settings_load(const char *path, GError **error);
void settings_free(Settings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_free)

/*
 * Values; strings belong to the Settings. A key that is not in the table is a programming error and
 * aborts. A key without fallback that the file lacks gives NULL (or 0): use settings_require first.
 */
const char *settings_string(const Settings *settings, const char *group, const char *key);
gint64 settings_int(const Settings *settings, const char *group, const char *key);
const char *const *settings_list(const Settings *settings, const char *group, const char *key);
/*
 * A scoped key may be set once more for a part of what its group is about, in a group
 * "[policy unit:Gerencia Municipal]"; what the words of a scope mean is for its reader to say. The
 * scopes of a group as a new NULL-terminated array, in the order of the file; and the value of a
 * key in one of them, NULL when it is not set there.
 */
GStrv settings_scopes(const Settings *settings, const char *group);
const char *settings_scoped(
	const Settings *settings, const char *group, const char *scope, const char *key);

/* The uid of a SETTING_USER; (uid_t)-1 when it is not set. */
guint settings_uid(const Settings *settings, const char *group, const char *key);

/* The uid of a user name or of a number; FALSE: there is no such user. */
gboolean settings_user_id(const char *user, guint *uid);

/*
 * For who reads a value and finds it wrong: sets ACUSE_ERROR_INVALID with the message of
 * settings_load, without LINE when the file does not say it; a NULL key: of the group. Always
 * FALSE.
 */
gboolean settings_fail(const Settings *settings, GError **error, const char *group, const char *key,
	const char *format, ...) G_GNUC_PRINTF(5, 6);

/* Fails with ACUSE_ERROR_INVALID when one of the "group.key" names (NULL-terminated) has no value.
 */
gboolean settings_require(const Settings *settings, GError **error, ...) G_GNUC_NULL_TERMINATED;

#endif
