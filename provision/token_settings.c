/* token_settings.h. Reads the folders of trusted certificates; keeps nothing. */
#include "provision/token_settings.h"

#include <string.h>

#include "cms/certificate.h"

static gboolean check_folder(const Settings *settings, const char *key, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (certificate_folder_check(settings_string(settings, "signing", key), &cause))
		return TRUE;
	return settings_fail(settings, error, "signing", key, "%s", cause->message);
}

static gboolean check_url(const Settings *settings, GError **error)
{
	const char *text = settings_string(settings, "signing", "tsa_url");
	g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
	const char *scheme = uri != NULL ? g_uri_get_scheme(uri) : "";
	const char *host = uri != NULL ? g_uri_get_host(uri) : NULL;

	if (*text == '\0' || ((strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
				     host != NULL && *host != '\0'))
		return TRUE;
	return settings_fail(settings, error, "signing", "tsa_url",
		"must be an address like http://tsa.gob.pe/");
}

static gboolean check_days(const Settings *settings, GError **error)
{
	const char *const *days = settings_list(settings, "signing", "expiry_warn_days");

	for (; days != NULL && *days != NULL; days++)
		if (!g_ascii_string_to_unsigned(*days, 10, 1, TOKEN_WARN_DAYS_MAX, NULL, NULL))
			return settings_fail(settings, error, "signing", "expiry_warn_days",
				"must be whole numbers from 1 to %d", TOKEN_WARN_DAYS_MAX);
	return TRUE;
}

gboolean token_settings_check(const Settings *settings, GError **error)
{
	return check_folder(settings, "trust", error) &&
	       check_folder(settings, "tsa_trust", error) && check_url(settings, error) &&
	       check_days(settings, error);
}
