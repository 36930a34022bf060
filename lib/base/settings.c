/*
 * settings.h over GKeyFile. Loading walks the file for unknown keys and then the table for values,
 * so an object that exists is valid as a whole. Not found is a programming error: the table is
 * const.
 */
#include "base/settings.h"
#include "base/error.h"

#include <pwd.h>
#include <stdarg.h>
#include <string.h>

struct _Settings {
	GHashTable *values; /* "group.key" -> char * */
	GHashTable *lists;  /* "group.key" -> GStrv */
	GPtrArray *scoped;  /* char *: groups "group scope", in the order of the file */
};

static const SettingRow *find_row(const char *group, const char *key)
{
	for (const SettingRow *row = settings_table; row->group != NULL; row++)
		if (strcmp(row->group, group) == 0 && strcmp(row->key, key) == 0)
			return row;
	return NULL;
}

/* The row that a key of "[group scope]" is of, or NULL. */
static const SettingRow *find_scoped_row(const char *group, const char *key)
{
	const char *blank = strchr(group, ' ');
	g_autofree char *general = blank != NULL ? g_strndup(group, (gsize)(blank - group)) : NULL;
	const SettingRow *row = general != NULL ? find_row(general, key) : NULL;

	return row != NULL && row->scoped ? row : NULL;
}

static gboolean fail(GError **error, const char *path, const SettingRow *row, const char *reason)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s: [%s] %s: %s", path, row->group,
		row->key, reason);
	return FALSE;
}

gboolean settings_user_id(const char *user, guint *uid)
{
	struct passwd entry, *found = NULL;
	char buffer[16384];
	guint64 number;

	if (g_ascii_string_to_unsigned(user, 10, 0, G_MAXUINT32 - 1, &number, NULL)) {
		*uid = (guint)number;
		return TRUE;
	}
	if (getpwnam_r(user, &entry, buffer, sizeof buffer, &found) != 0 || found == NULL)
		return FALSE;
	*uid = found->pw_uid;
	return TRUE;
}

static gboolean is_choice(const char *choices, const char *value)
{
	g_auto(GStrv) words = g_strsplit(choices, " ", -1);

	return g_strv_contains((const char *const *)words, value);
}

static gboolean check_value(
	const char *path, const SettingRow *row, const char *value, GError **error)
{
	g_autofree char *reason = NULL;
	gint64 number;

	switch (row->type) {
	case SETTING_PATH:
		if (value[0] == '/')
			return TRUE;
		return fail(error, path, row, "must be an absolute path");
	case SETTING_INT:
		if (g_ascii_string_to_signed(value, 10, row->min, row->max, &number, NULL))
			return TRUE;
		reason = g_strdup_printf("must be a whole number from %" G_GINT64_FORMAT
					 " to %" G_GINT64_FORMAT,
			row->min, row->max);
		return fail(error, path, row, reason);
	case SETTING_CHOICE:
		if (is_choice(row->choices, value))
			return TRUE;
		reason = g_strdup_printf("must be one of: %s", row->choices);
		return fail(error, path, row, reason);
	case SETTING_STRING:
	case SETTING_LIST:
	case SETTING_USER:
		return TRUE;
	}
	return fail(error, path, row, "has an unknown type");
}

static gboolean check_names(const char *path, GKeyFile *file, GError **error)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

	for (char **group = groups; *group != NULL; group++) {
		g_auto(GStrv) keys = g_key_file_get_keys(file, *group, NULL, NULL);

		for (char **key = keys; keys != NULL && *key != NULL; key++) {
			if (find_row(*group, *key) != NULL || find_scoped_row(*group, *key) != NULL)
				continue;
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
				"%s: [%s] %s: no such setting", path, *group, *key);
			return FALSE;
		}
	}
	return TRUE;
}

static gboolean take_row(
	Settings *settings, const char *path, GKeyFile *file, const SettingRow *row, GError **error)
{
	g_autofree char *value = g_key_file_get_string(file, row->group, row->key, NULL);
	g_autofree char *name = g_strdup_printf("%s.%s", row->group, row->key);

	if (value != NULL && !check_value(path, row, g_strstrip(value), error))
		return FALSE;
	if (value == NULL)
		value = g_strdup(row->fallback);
	if (row->type == SETTING_LIST) {
		GStrv words = g_strsplit(value != NULL ? value : "", ";", -1);
		g_autoptr(GStrvBuilder) kept = g_strv_builder_new();

		for (char **word = words; *word != NULL; word++)
			if (*g_strstrip(*word) != '\0')
				g_strv_builder_add(kept, *word);
		g_strfreev(words);
		g_hash_table_insert(settings->lists, g_strdup(name), g_strv_builder_end(kept));
	}
	if (value != NULL)
		g_hash_table_insert(
			settings->values, g_steal_pointer(&name), g_steal_pointer(&value));
	return TRUE;
}

static gboolean take_scoped(
	Settings *settings, const char *path, GKeyFile *file, const char *group, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);

	g_ptr_array_add(settings->scoped, g_strdup(group));
	for (char **key = keys; keys != NULL && *key != NULL; key++) {
		SettingRow row = *find_scoped_row(group, *key);

		row.group = group;
		if (!take_row(settings, path, file, &row, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean take_all_scoped(
	Settings *settings, const char *path, GKeyFile *file, GError **error)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

	for (char **group = groups; *group != NULL; group++)
		if (strchr(*group, ' ') != NULL &&
			!take_scoped(settings, path, file, *group, error))
			return FALSE;
	return TRUE;
}

Settings *settings_load(const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(Settings) settings = NULL;
	g_autoptr(GError) cause = NULL;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &cause)) {
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s: %s", path, cause->message);
		return NULL;
	}
	if (!check_names(path, file, error))
		return NULL;
	settings = g_new0(Settings, 1);
	settings->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	settings->lists =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
	settings->scoped = g_ptr_array_new_with_free_func(g_free);
	for (const SettingRow *row = settings_table; row->group != NULL; row++)
		if (!take_row(settings, path, file, row, error))
			return NULL;
	if (!take_all_scoped(settings, path, file, error))
		return NULL;
	return g_steal_pointer(&settings);
}

void settings_free(Settings *settings)
{
	if (settings == NULL)
		return;
	g_hash_table_unref(settings->values);
	g_hash_table_unref(settings->lists);
	g_ptr_array_unref(settings->scoped);
	g_free(settings);
}

static gpointer look_up(GHashTable *table, const char *group, const char *key)
{
	g_autofree char *name = g_strdup_printf("%s.%s", group, key);

	if (find_row(group, key) == NULL)
		g_error("setting %s is not in the table", name);
	return g_hash_table_lookup(table, name);
}

const char *settings_string(const Settings *settings, const char *group, const char *key)
{
	return look_up(settings->values, group, key);
}

gint64 settings_int(const Settings *settings, const char *group, const char *key)
{
	const char *value = settings_string(settings, group, key);

	return value != NULL ? g_ascii_strtoll(value, NULL, 10) : 0;
}

const char *const *settings_list(const Settings *settings, const char *group, const char *key)
{
	return look_up(settings->lists, group, key);
}

GStrv settings_scopes(const Settings *settings, const char *group)
{
	g_autoptr(GStrvBuilder) scopes = g_strv_builder_new();
	g_autofree char *prefix = g_strconcat(group, " ", NULL);

	for (guint i = 0; i < settings->scoped->len; i++)
		if (g_str_has_prefix(settings->scoped->pdata[i], prefix))
			g_strv_builder_add(
				scopes, (char *)settings->scoped->pdata[i] + strlen(prefix));
	return g_strv_builder_end(scopes);
}

const char *settings_scoped(
	const Settings *settings, const char *group, const char *scope, const char *key)
{
	g_autofree char *name = g_strdup_printf("%s %s.%s", group, scope, key);

	return g_hash_table_lookup(settings->values, name);
}

guint settings_uid(const Settings *settings, const char *group, const char *key)
{
	const char *name = settings_string(settings, group, key);
	guint uid;

	if (name == NULL || !settings_user_id(name, &uid))
		return (guint)-1;
	return uid;
}

gboolean settings_require(const Settings *settings, GError **error, ...)
{
	const char *name;
	gboolean complete = TRUE;
	va_list names;

	va_start(names, error);
	while (complete && (name = va_arg(names, const char *)) != NULL) {
		const char *value = g_hash_table_lookup(settings->values, name);

		if (value != NULL && *value != '\0')
			continue;
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "setting %s is missing", name);
		complete = FALSE;
	}
	va_end(names);
	return complete;
}
