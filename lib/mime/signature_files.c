/*
 * signature_files.h: templates and logo read once at start. Fails whole, with the setting's name.
 * No shared state.
 */
#include "mime/signature_files.h"

#include <string.h>

static gboolean blame(const Settings *settings, GError **error, const char *key, const char *reason)
{
	return settings_fail(settings, error, "signature", key, "%s", reason);
}

/* Reads one template over the built-in one, if a file is set. */
static gboolean load_template(
	const Settings *settings, const char *key, gboolean html, char **text, GError **error)
{
	const char *path = settings_string(settings, "signature", key);
	g_autofree char *read = NULL;
	g_autoptr(GError) cause = NULL;
	gsize size = 0;

	if (path == NULL)
		return TRUE;
	if (!g_file_get_contents(path, &read, &size, &cause))
		return blame(settings, error, key, cause->message);
	if (strlen(read) != size)
		return blame(settings, error, key, "the template has NUL bytes");
	if (!signature_check_template(read, html, &cause))
		return blame(settings, error, key, cause->message);
	g_free(*text);
	*text = g_steal_pointer(&read);
	return TRUE;
}

static const char *image_type(const char *bytes, gsize size)
{
	if (size > 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0)
		return "image/png";
	if (size > 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0)
		return "image/jpeg";
	return NULL;
}

static gboolean load_logo(const Settings *settings, SignatureSettings *signature, GError **error)
{
	const char *path = settings_string(settings, "signature", "logo");
	g_autoptr(GError) cause = NULL;
	g_autoptr(GBytes) logo = NULL;
	const char *type;
	char *bytes = NULL;
	gsize size = 0;

	if (path == NULL)
		return TRUE;
	if (!g_file_get_contents(path, &bytes, &size, &cause))
		return blame(settings, error, "logo", cause->message);
	logo = g_bytes_new_take(bytes, size);
	type = image_type(bytes, size);
	if (type == NULL)
		return blame(settings, error, "logo", "neither PNG nor JPEG");
	if (size > SIGNATURE_MAX_LOGO_BYTES)
		return blame(settings, error, "logo", "over 64 KiB");
	if (strstr(signature->html_template, "{logo}") == NULL)
		return blame(settings, error, "logo", "html_template has no {logo}");
	signature_set_logo(signature, logo, type);
	return TRUE;
}

SignatureSettings *signature_files_load(const Settings *settings, GError **error)
{
	g_autoptr(SignatureSettings) signature = signature_settings_new();

	if (!load_template(settings, "text_template", FALSE, &signature->text_template, error) ||
		!load_template(settings, "html_template", TRUE, &signature->html_template, error) ||
		!load_logo(settings, signature, error))
		return NULL;
	if (strcmp(settings_string(settings, "signature", "position"), "before_quote") == 0)
		signature->position = SIGNATURE_BEFORE_QUOTE;
	signature->acknowledge = g_strdup(settings_string(settings, "signature", "acknowledge"));
	signature->refuse_protected =
		strcmp(settings_string(settings, "signature", "protected"), "refuse") == 0;
	return g_steal_pointer(&signature);
}
