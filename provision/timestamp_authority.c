/* timestamp_authority.h. Any thread; blocks on the authority. */
#include "provision/timestamp_authority.h"

#include "api/fetch.h"

gboolean timestamp_authority_is_set(const Service *service)
{
	return *settings_string(service->settings, "signing", "tsa_url") != '\0';
}

GBytes *timestamp_authority_ask(
	const Service *service, const TimestampRequest *request, GError **error)
{
	const Settings *settings = service->settings;
	Fetch fetch = {settings_string(settings, "signing", "tsa_url"),
		"application/timestamp-query", timestamp_request_bytes(request),
		TIMESTAMP_MAX_BYTES, (guint)settings_int(settings, "signing", "tsa_timeout_ms")};

	return http_fetch(&fetch, error);
}
