/*
 * settings.h over GKeyFile. Loading walks the file for lines, then for unknown keys, then the table
 * for values, so an object that exists is valid as a whole. Not found is a programming error: the
 * table is const.
 */
#include "base/settings.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/settings_lines.h"

#include <pwd.h>
#include <stdarg.h>
#include <string.h>

struct _Settings {
	char *path;
	GHashTable *lines;  /* settings_lines.h */
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

gboolean settings_fail(const Settings *settings, GError **error, const char *group, const char *key,
	const char *format, ...)
{
	guint line = settings_line(settings->lines, group, key);
	g_autofree char *number = line > 0 ? g_strdup_printf(":%u", line) : g_strdup("");
	g_autofree char *reason = NULL;
	va_list values;

	va_start(values, format);
	reason = g_strdup_vprintf(format, values);
	va_end(values);
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s%s: [%s]%s%s: %s", settings->path,
		number, group, key != NULL ? " " : "", key != NULL ? key : "", reason);
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
	const Settings *settings, const SettingRow *row, const char *value, GError **error)
{
	gint64 number;
	guint uid;

	switch (row->type) {
	case SETTING_PATH:
		if (value[0] == '/')
			return TRUE;
		return settings_fail(
			settings, error, row->group, row->key, "must be an absolute path");
	case SETTING_INT:
		if (g_ascii_string_to_signed(value, 10, row->min, row->max, &number, NULL))
			return TRUE;
		return settings_fail(settings, error, row->group, row->key,
			"must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
			row->min, row->max);
	case SETTING_CHOICE:
		if (is_choice(row->choices, value))
			return TRUE;
		return settings_fail(
			settings, error, row->group, row->key, "must be one of: %s", row->choices);
	case SETTING_USER:
		if (settings_user_id(value, &uid))
			return TRUE;
		return settings_fail(
			settings, error, row->group, row->key, "no such user: %s", value);
	case SETTING_STRING:
	case SETTING_LIST:
		return TRUE;
	}
	return settings_fail(settings, error, row->group, row->key, "has an unknown type");
}

static gboolean is_known_group(const char *group)
{
	gsize size = strcspn(group, " ");

	for (const SettingRow *row = settings_table; row->group != NULL; row++)
		if (strcmp(row->group, group) == 0 ||
			(row->scoped && group[size] == ' ' && strlen(row->group) == size &&
				strncmp(row->group, group, size) == 0))
			return TRUE;
	return FALSE;
}

static gboolean blame_group(const Settings *settings, const char *group, GError **error)
{
	g_autofree char *name = g_strstrip(g_strdup(group));
	Nearest nearest = {.word = name};

	for (const SettingRow *row = settings_table; row->group != NULL; row++)
		nearest_offer(&nearest, row->group);
	if (nearest.best == NULL)
		return settings_fail(settings, error, group, NULL, "no such group");
	return settings_fail(
		settings, error, group, NULL, "no such group; the nearest is [%s]", nearest.best);
}

/* The same name in another group, else the nearest one in this group. */
static gboolean blame_key(
	const Settings *settings, const char *group, const char *key, GError **error)
{
	g_autofree char *general = g_strndup(group, strcspn(group, " "));
	gboolean scoped = strlen(general) < strlen(group);
	Nearest nearest = {.word = key};

	if (scoped && find_row(general, key) != NULL)
		return settings_fail(settings, error, group, key,
			"no such setting in a group of its own; it stands in [%s]", general);
	for (const SettingRow *row = settings_table; row->group != NULL; row++) {
		if (strcmp(row->key, key) == 0)
			return settings_fail(settings, error, group, key,
				"no such setting; that of [%s] has this name", row->group);
		if (strcmp(row->group, general) == 0 && (row->scoped || !scoped))
			nearest_offer(&nearest, row->key);
	}
	if (nearest.best == NULL)
		return settings_fail(settings, error, group, key, "no such setting");
	return settings_fail(
		settings, error, group, key, "no such setting; the nearest is %s", nearest.best);
}

static gboolean check_names(const Settings *settings, GKeyFile *file, GError **error)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

	for (char **group = groups; *group != NULL; group++) {
		g_auto(GStrv) keys = g_key_file_get_keys(file, *group, NULL, NULL);

		if (!is_known_group(*group))
			return blame_group(settings, *group, error);
		for (char **key = keys; keys != NULL && *key != NULL; key++)
			if (find_row(*group, *key) == NULL && find_scoped_row(*group, *key) == NULL)
				return blame_key(settings, *group, *key, error);
	}
	return TRUE;
}

/* What GKeyFile cannot read has a reason, and is not taken for absent. */
static gboolean read_value(const Settings *settings, GKeyFile *file, const SettingRow *row,
	char **value, GError **error)
{
	g_autoptr(GError) cause = NULL;

	*value = NULL;
	if (!g_key_file_has_key(file, row->group, row->key, NULL))
		return TRUE;
	*value = g_key_file_get_string(file, row->group, row->key, &cause);
	if (cause != NULL) {
		g_clear_pointer(value, g_free);
		return settings_fail(settings, error, row->group, row->key,
			"a backslash is written \\\\, a line \\n, a tab \\t");
	}
	return check_value(settings, row, g_strstrip(*value), error);
}

static gboolean take_row(Settings *settings, GKeyFile *file, const SettingRow *row, GError **error)
{
	g_autofree char *name = g_strdup_printf("%s.%s", row->group, row->key);
	g_autofree char *value = NULL;

	if (!read_value(settings, file, row, &value, error))
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

static gboolean take_scoped(Settings *settings, GKeyFile *file, const char *group, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);

	g_ptr_array_add(settings->scoped, g_strdup(group));
	for (char **key = keys; keys != NULL && *key != NULL; key++) {
		SettingRow row = *find_scoped_row(group, *key);

		row.group = group;
		if (!take_row(settings, file, &row, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean take_all_scoped(Settings *settings, GKeyFile *file, GError **error)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

	for (char **group = groups; *group != NULL; group++)
		if (strchr(*group, ' ') != NULL && !take_scoped(settings, file, *group, error))
			return FALSE;
	return TRUE;
}

static gboolean load(Settings *settings, GKeyFile *file, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *text = NULL;
	gsize size = 0;

	if (!g_file_get_contents(settings->path, &text, &size, &cause)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s", cause->message);
		return FALSE;
	}
	settings->lines = settings_lines_read(settings->path, text, size, error);
	if (settings->lines == NULL)
		return FALSE;
	if (size > 0 && !g_key_file_load_from_data(file, text, size, G_KEY_FILE_NONE, &cause)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s: %s", settings->path,
			cause->message);
		return FALSE;
	}
	return check_names(settings, file, error);
}

Settings *settings_load(const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(Settings) settings = g_new0(Settings, 1);

	settings->path = g_strdup(path);
	settings->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	settings->lists =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
	settings->scoped = g_ptr_array_new_with_free_func(g_free);
	if (!load(settings, file, error))
		return NULL;
	for (const SettingRow *row = settings_table; row->group != NULL; row++)
		if (!take_row(settings, file, row, error))
			return NULL;
	return take_all_scoped(settings, file, error) ? g_steal_pointer(&settings) : NULL;
}

void settings_free(Settings *settings)
{
	if (settings == NULL)
		return;
	g_free(settings->path);
	g_clear_pointer(&settings->lines, g_hash_table_unref);
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
		g_auto(GStrv) words = g_strsplit(name, ".", 2);

		complete = (value != NULL && *value != '\0') ||
			   settings_fail(settings, error, words[0], words[1], "must be given");
	}
	va_end(names);
	return complete;
}
