/*
 * smtp.h over libcurl, one connection a message: notices are few. No shared state of its own.
 */
#include "api/smtp.h"

#include <curl/curl.h>
#include <string.h>

#include "base/error.h"

typedef struct {
	const char *at;
	gsize left;
} Rest;

static size_t give_bytes(char *buffer, size_t size, size_t count, void *data)
{
	Rest *rest = data;
	gsize given = MIN(size * count, rest->left);

	memcpy(buffer, rest->at, given);
	rest->at += given;
	rest->left -= given;
	return given;
}

/* What the server says goes nowhere but into its code. */
static size_t drop_bytes(char *bytes, size_t size, size_t count, void *data)
{
	(void)bytes;
	(void)data;
	return size * count;
}

static gboolean judge(CURLcode result, long code, const char *reason, GError **error)
{
	gboolean for_good = code >= 500 && code < 600;

	if (result == CURLE_OK)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, for_good ? ACUSE_ERROR_INVALID : ACUSE_ERROR_UNAVAILABLE,
		"SMTP: %s (%ld)", *reason != '\0' ? reason : curl_easy_strerror(result), code);
	return FALSE;
}

gboolean smtp_send(const SmtpMail *mail, GError **error)
{
	CURL *curl = curl_easy_init();
	g_autofree char *url = g_strdup_printf("smtp://%s/localhost", mail->server);
	g_autofree char *recipient = g_strdup_printf("<%s>", mail->recipient);
	struct curl_slist *recipients = curl_slist_append(NULL, recipient);
	char reason[CURL_ERROR_SIZE] = "";
	gsize size;
	Rest rest = {g_bytes_get_data(mail->message, &size), 0};
	CURLcode result;
	gboolean sent;
	long code = 0;

	rest.left = size;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)mail->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, mail->sender);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_bytes);
	curl_easy_setopt(curl, CURLOPT_READDATA, &rest);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_bytes);
	result = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	sent = judge(result, code, reason, error);
	curl_slist_free_all(recipients);
	curl_easy_cleanup(curl);
	return sent;
}
