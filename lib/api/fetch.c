/* fetch.h over libcurl, one connection a question: they are few. No shared state of its own. */
#include "api/fetch.h"

#include <curl/curl.h>

#include "base/error.h"

typedef struct {
	GByteArray *bytes;
	gsize max_bytes;
	gboolean too_large;
} Arriving;

static size_t take_bytes(char *bytes, size_t size, size_t count, void *data)
{
	Arriving *arriving = data;
	gsize given = size * count;

	if (arriving->bytes->len + given > arriving->max_bytes) {
		arriving->too_large = TRUE;
		return 0;
	}
	g_byte_array_append(arriving->bytes, (const guint8 *)bytes, (guint)given);
	return given;
}

static void ask(CURL *curl, const Fetch *fetch, struct curl_slist *headers, Arriving *arriving)
{
	curl_easy_setopt(curl, CURLOPT_URL, fetch->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)fetch->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, arriving);
	if (fetch->body != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
			(curl_off_t)g_bytes_get_size(fetch->body));
		curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, g_bytes_get_data(fetch->body, NULL));
	}
}

GBytes *http_fetch(const Fetch *fetch, GError **error)
{
	g_autofree char *type = g_strconcat(
		"Content-Type: ", fetch->content_type != NULL ? fetch->content_type : "", NULL);
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	Arriving arriving = {g_byte_array_new(), fetch->max_bytes, FALSE};
	CURL *curl = curl_easy_init();
	CURLcode result;
	long status = 0;

	if (fetch->content_type != NULL)
		headers = curl_slist_append(headers, type);
	ask(curl, fetch, headers, &arriving);
	result = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	if (result == CURLE_OK && status == 200)
		return g_byte_array_free_to_bytes(arriving.bytes);
	g_byte_array_unref(arriving.bytes);
	if (arriving.too_large)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE, "%s: too large", fetch->url);
	else if (result == CURLE_UNSUPPORTED_PROTOCOL || result == CURLE_URL_MALFORMAT)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s: not of HTTP", fetch->url);
	else
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "%s: %s (%ld)", fetch->url,
			curl_easy_strerror(result), status);
	return NULL;
}
