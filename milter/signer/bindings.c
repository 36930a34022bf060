/*
 * bindings.h: one GVariant file, replaced as a whole (temporary file, fsync, rename, folder fsync
 * by GLib). What is in memory is never older than the file. One thread.
 */
#include "signer/bindings.h"
#include "base/error.h"

#include <string.h>

#define FILE_TYPE "(utaa{sv}as)"
#define FILE_FORMAT 1
#define FILE_MAX_BYTES (1024 * 1024)

struct _Bindings {
	char *path;
	guint64 version;
	GVariant *list;	   /* aa{sv} as pushed */
	GPtrArray *parsed; /* Binding * */
	GHashTable *held;  /* labels */
	gboolean unsaved;  /* the file is older */
};

static void binding_free(gpointer data)
{
	Binding *binding = data;

	g_free(binding->token);
	g_free(binding->serial);
	g_free(binding->holder);
	g_strfreev(binding->mailboxes);
	g_free(binding->state);
	g_free(binding);
}

static gboolean is_label(const char *label)
{
	gsize length = strlen(label);

	if (length == 0 || length > BINDINGS_MAX_LABEL)
		return FALSE;
	for (gsize i = 0; i < length; i++)
		if ((unsigned char)label[i] < 0x20 || label[i] == 0x7f || label[i] == '/')
			return FALSE;
	return TRUE;
}

static Binding *binding_parse(GVariant *entry)
{
	g_autoptr(GVariant) mailboxes =
		g_variant_lookup_value(entry, "mailboxes", G_VARIANT_TYPE("as"));
	Binding *binding;
	const char *token, *state, *serial = "", *holder = "";
	gint64 from_s = 0, until_s = 0;
	gboolean personal = FALSE;

	if (mailboxes == NULL || !g_variant_lookup(entry, "token", "&s", &token) ||
		!is_label(token) || !g_variant_lookup(entry, "state", "&s", &state) ||
		*state == '\0')
		return NULL;
	g_variant_lookup(entry, "serial", "&s", &serial);
	g_variant_lookup(entry, "holder", "&s", &holder);
	g_variant_lookup(entry, "from", "x", &from_s);
	g_variant_lookup(entry, "until", "x", &until_s);
	g_variant_lookup(entry, "personal", "b", &personal);
	binding = g_new0(Binding, 1);
	binding->token = g_strdup(token);
	binding->serial = g_strdup(serial);
	binding->holder = g_ascii_strdown(holder, -1);
	binding->state = g_strdup(state);
	binding->from_s = from_s;
	binding->until_s = until_s;
	binding->personal = personal;
	binding->mailboxes = g_variant_dup_strv(mailboxes, NULL);
	for (char **mailbox = binding->mailboxes; *mailbox != NULL; mailbox++) {
		char *lower = g_ascii_strdown(*mailbox, -1);

		g_free(*mailbox);
		*mailbox = lower;
	}
	return binding;
}

static const Binding *find_token(const GPtrArray *parsed, const char *label)
{
	for (guint i = 0; i < parsed->len; i++) {
		const Binding *binding = parsed->pdata[i];

		if (strcmp(binding->token, label) == 0)
			return binding;
	}
	return NULL;
}

static GPtrArray *parse_list(GVariant *list, GError **error)
{
	g_autoptr(GPtrArray) parsed = g_ptr_array_new_with_free_func(binding_free);

	for (gsize i = 0; i < g_variant_n_children(list); i++) {
		g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);
		Binding *binding = binding_parse(entry);

		if (binding == NULL || find_token(parsed, binding->token) != NULL) {
			g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "binding %zu: %s", i,
				binding == NULL ? "malformed" : "its token stands twice");
			g_clear_pointer(&binding, binding_free);
			return NULL;
		}
		g_ptr_array_add(parsed, binding);
	}
	return g_steal_pointer(&parsed);
}

static gboolean write_file(
	const Bindings *bindings, guint64 version, GVariant *list, GHashTable *held, GError **error)
{
	g_autofree const char **labels = (const char **)g_hash_table_get_keys_as_array(held, NULL);
	g_autoptr(GVariant) file = g_variant_ref_sink(
		g_variant_new("(ut@aa{sv}^as)", FILE_FORMAT, version, list, labels));
	g_autoptr(GError) cause = NULL;

	if (g_file_set_contents_full(bindings->path, g_variant_get_data(file),
		    (gssize)g_variant_get_size(file),
		    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &cause))
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "keep the bindings: %s",
		cause->message);
	return FALSE;
}

static gboolean load_file(Bindings *bindings, char *data, gsize size, GError **error)
{
	g_autoptr(GVariant) file = g_variant_ref_sink(g_variant_new_from_data(
		G_VARIANT_TYPE(FILE_TYPE), data, size, FALSE, g_free, data));
	g_autofree const char **held = NULL;
	guint32 format;

	if (size > FILE_MAX_BYTES || !g_variant_is_normal_form(file)) {
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "%s is damaged", bindings->path);
		return FALSE;
	}
	g_clear_pointer(&bindings->list, g_variant_unref);
	g_variant_get(file, "(ut@aa{sv}^a&s)", &format, &bindings->version, &bindings->list, &held);
	if (format != FILE_FORMAT) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, "%s has format %u",
			bindings->path, format);
		return FALSE;
	}
	for (const char **label = held; *label != NULL; label++)
		g_hash_table_add(bindings->held, g_strdup(*label));
	g_clear_pointer(&bindings->parsed, g_ptr_array_unref);
	bindings->parsed = parse_list(bindings->list, error);
	return bindings->parsed != NULL;
}

Bindings *bindings_open(const char *folder, GError **error)
{
	g_autoptr(GError) cause = NULL;
	Bindings *bindings = g_new0(Bindings, 1);
	char *data = NULL;
	gsize size = 0;
	gboolean ok = TRUE;

	bindings->path = g_build_filename(folder, "bindings", NULL);
	bindings->list = g_variant_ref_sink(g_variant_new("aa{sv}", NULL));
	bindings->parsed = g_ptr_array_new_with_free_func(binding_free);
	bindings->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (g_file_get_contents(bindings->path, &data, &size, &cause)) {
		ok = load_file(bindings, data, size, error);
	} else if (!g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT) ||
		   !g_file_test(folder, G_FILE_TEST_IS_DIR)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "the bindings: %s",
			cause->message);
		ok = FALSE;
	}
	if (!ok)
		g_clear_pointer(&bindings, bindings_free);
	return bindings;
}

void bindings_free(Bindings *bindings)
{
	if (bindings == NULL)
		return;
	g_free(bindings->path);
	g_clear_pointer(&bindings->list, g_variant_unref);
	g_clear_pointer(&bindings->parsed, g_ptr_array_unref);
	g_clear_pointer(&bindings->held, g_hash_table_unref);
	g_free(bindings);
}

static GHashTable *copy_held(const Bindings *bindings)
{
	GHashTable *copy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer label;

	g_hash_table_iter_init(&iter, bindings->held);
	while (g_hash_table_iter_next(&iter, &label, NULL))
		g_hash_table_add(copy, g_strdup(label));
	return copy;
}

gboolean bindings_replace(Bindings *bindings, guint64 version, GVariant *list, GError **error)
{
	g_autoptr(GPtrArray) parsed = NULL;
	g_autoptr(GHashTable) held = NULL;

	gboolean same = version == bindings->version && g_variant_equal(list, bindings->list);

	if (same && !bindings->unsaved)
		return TRUE;
	if (version <= bindings->version && !same) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"version %" G_GUINT64_FORMAT " is not newer than %" G_GUINT64_FORMAT,
			version, bindings->version);
		return FALSE;
	}
	parsed = parse_list(list, error);
	if (parsed == NULL)
		return FALSE;
	held = copy_held(bindings);
	for (guint i = 0; i < parsed->len; i++) {
		const Binding *binding = parsed->pdata[i];

		if (strcmp(binding->state, "lost") == 0 || strcmp(binding->state, "ceased") == 0)
			g_hash_table_add(held, g_strdup(binding->token));
	}
	bindings->unsaved = !write_file(bindings, version, list, held, error);
	bindings->version = version;
	g_variant_ref(list);
	g_variant_unref(bindings->list);
	bindings->list = list;
	g_ptr_array_unref(bindings->parsed);
	bindings->parsed = g_steal_pointer(&parsed);
	g_hash_table_unref(bindings->held);
	bindings->held = g_steal_pointer(&held);
	return !bindings->unsaved;
}

guint64 bindings_version(const Bindings *bindings)
{
	return bindings->version;
}

const GPtrArray *bindings_all(const Bindings *bindings)
{
	return bindings->parsed;
}

const Binding *bindings_find_token(const Bindings *bindings, const char *label)
{
	return find_token(bindings->parsed, label);
}

static gboolean is_active(const Binding *binding)
{
	return binding != NULL && strcmp(binding->state, "active") == 0;
}

gboolean binding_may_open(const Binding *binding)
{
	return is_active(binding) || (binding != NULL && strcmp(binding->state, "enrolled") == 0);
}

gboolean binding_signs_for(const Binding *binding, const char *mailbox, gint64 now_s)
{
	return is_active(binding) && now_s >= binding->from_s &&
	       (binding->until_s == 0 || now_s < binding->until_s) &&
	       g_strv_contains((const char *const *)binding->mailboxes, mailbox);
}

GPtrArray *bindings_find_mailbox(
	const Bindings *bindings, const char *mailbox, gint64 now_s, GError **error)
{
	g_autofree char *lower = g_ascii_strdown(mailbox, -1);
	g_autoptr(GPtrArray) found = g_ptr_array_new();

	for (guint i = 0; i < bindings->parsed->len; i++) {
		Binding *binding = bindings->parsed->pdata[i];

		if (binding_signs_for(binding, lower, now_s))
			g_ptr_array_add(found, binding);
	}
	if (found->len > 0)
		return g_steal_pointer(&found);
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_NO_BINDING,
		"no active token is bound to the mailbox");
	return NULL;
}

gboolean bindings_is_held(const Bindings *bindings, const char *label)
{
	return g_hash_table_contains(bindings->held, label);
}

gboolean bindings_set_held(Bindings *bindings, const char *label, gboolean held, GError **error)
{
	g_autoptr(GHashTable) copy = NULL;
	gboolean saved;

	if (bindings_is_held(bindings, label) == held && !bindings->unsaved)
		return TRUE;
	copy = copy_held(bindings);
	if (held)
		g_hash_table_add(copy, g_strdup(label));
	else
		g_hash_table_remove(copy, label);
	saved = write_file(bindings, bindings->version, bindings->list, copy, error);
	if (!saved && !held)
		return FALSE;
	bindings->unsaved = !saved;
	g_hash_table_unref(bindings->held);
	bindings->held = g_steal_pointer(&copy);
	return saved;
}
