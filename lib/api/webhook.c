/* webhook.h over libcurl, one connection a POST: they are few. No shared state of its own. */
#include "api/webhook.h"

#include <curl/curl.h>

#include "base/error.h"

static size_t drop_bytes(char *bytes, size_t size, size_t count, void *data)
{
	(void)bytes;
	(void)data;
	return size * count;
}

static gboolean judge(CURLcode result, long code, const char *reason, GError **error)
{
	gboolean hopeless = code == 400 || code == 413 || code == 415 || code == 422;

	if (result == CURLE_OK && code >= 200 && code < 300)
		return TRUE;
	if (result == CURLE_OK)
		g_set_error(error, ACUSE_ERROR,
			hopeless ? ACUSE_ERROR_INVALID : ACUSE_ERROR_UNAVAILABLE,
			"webhook: answered with %ld", code);
	else
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "webhook: %s",
			*reason != '\0' ? reason : curl_easy_strerror(result));
	return FALSE;
}

static struct curl_slist *list_of(const char *const *fields)
{
	/* Without it a large body waits a second for a "100 Continue". */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (guint i = 0; fields[i] != NULL; i++)
		list = curl_slist_append(list, fields[i]);
	return list;
}

gboolean webhook_post(const WebhookPost *post, GError **error)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *fields = list_of(post->fields);
	char reason[CURL_ERROR_SIZE] = "";
	CURLcode result;
	gboolean done;
	long code = 0;
	gsize size;
	const void *data = g_bytes_get_data(post->body, &size);

	curl_easy_setopt(curl, CURLOPT_URL, post->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)post->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, data);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_bytes);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	if (post->certificate != NULL)
		curl_easy_setopt(curl, CURLOPT_SSLCERT, post->certificate);
	if (post->certificate_key != NULL)
		curl_easy_setopt(curl, CURLOPT_SSLKEY, post->certificate_key);
	if (post->ca != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, post->ca);
	result = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	done = judge(result, code, reason, error);
	curl_slist_free_all(fields);
	curl_easy_cleanup(curl);
	return done;
}
