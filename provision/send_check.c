/*
 * What a body of the sends' routes must look like: strict, so that nothing unforeseen gets into the
 * ledger. Fails with INVALID and the member's name. Pure; any thread.
 */
#include "provision/sends.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/hex.h"
#include "core/plan.h"
#include "core/return_token.h"
#include "provision/send_record.h"

#define MAX_SUBJECT (64 * 1024)
#define MAX_MESSAGE_ID 4096
#define MAX_DATE 1000
#define MAX_THREAD 50
#define MAX_FINDINGS 64
#define MAX_FINDING 2000
#define BASE32 "abcdefghijklmnopqrstuvwxyz234567"
#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static gboolean is_hex_or_null(const char *text)
{
	return text == NULL || hex_is_sha256(text);
}

/* Of the form local@domain; the policy and Postfix judged it before. */
static gboolean is_address(const char *text)
{
	const char *at = text == NULL ? NULL : strrchr(text, '@');

	return at != NULL && at != text && at[1] != '\0' && strlen(text) <= SEND_MAX_ADDRESS &&
	       strpbrk(text, " \t\r\n<>") == NULL && g_utf8_validate(text, -1, NULL);
}

/* As the client gave them to Postfix, which took them: quoted or without a domain they are
 * recipients all the same. */
static gboolean check_recipients(const json_t *body, GError **error)
{
	const json_t *list = json_object_get(body, "recipients");
	json_t *address;
	size_t i;

	if (json_array_size(list) < 1 || json_array_size(list) > SEND_MAX_RECIPIENTS)
		return api_invalid(error, "recipients", "from 1 to 1000 addresses");
	json_array_foreach(list, i, address) {
		const char *text = json_string_value(address);

		if (text == NULL || *text == '\0' || strlen(text) > SEND_MAX_ADDRESS ||
			strpbrk(text, "\r\n") != NULL)
			return api_invalid(error, "recipients", "must be addresses");
	}
	return TRUE;
}

/* The word of a mail client, which may have tabs and worse in it: JSON escapes them, whoever prints
 * cleans them. */
static gboolean check_foreign(const json_t *body, const char *name, gsize max_bytes, GError **error)
{
	const json_t *value = json_object_get(body, name);

	if (value == NULL || json_is_null(value))
		return TRUE;
	if (!json_is_string(value))
		return api_invalid(error, name, "must be a string");
	return json_string_length(value) <= max_bytes || api_invalid(error, name, "is too long");
}

/* The mails that it answers, as the client names them. */
static gboolean check_thread(const json_t *body, GError **error)
{
	const json_t *ids = json_object_get(body, "in_reply_to");
	json_t *id;
	size_t i;

	if (ids == NULL)
		return TRUE;
	if (!json_is_array(ids) || json_array_size(ids) > MAX_THREAD)
		return api_invalid(error, "in_reply_to", "must be an array, and not of too many");
	json_array_foreach(ids, i, id)
		if (!json_is_string(id) || json_string_length(id) > MAX_MESSAGE_ID)
			return api_invalid(error, "in_reply_to", "must be Message-IDs");
	return TRUE;
}

/* Text members: name, most characters, which characters (NULL: any printable), optional. */
static const struct {
	const char *name;
	gsize max_chars;
	const char *alphabet;
	gboolean optional;
} intent_texts[] = {
	{"id", 64, ALNUM "-_", FALSE},
	{"token", RETURN_TOKEN_CHARS, BASE32, FALSE},
	{"class", 16, NULL, FALSE},
	{"login", SEND_MAX_ADDRESS, NULL, FALSE},
	{"mailbox", SEND_MAX_ADDRESS, NULL, FALSE},
	{"document_type", 100, NULL, TRUE},
	{"document_number", 200, NULL, TRUE},
	{"exception", 200, NULL, TRUE},
	{"exception_id", 40, ALNUM, TRUE},
	{"pdf_signature", 16, NULL, TRUE},
	{"document_signed", 20, NULL, TRUE},
	{"expediente", 40, ALNUM "-._/", TRUE},
	{"queue_id", 40, ALNUM, FALSE},
	{"client_address", 64, NULL, TRUE},
	{"content_sha256", 64, NULL, FALSE},
	{"entity_sha256", 64, NULL, TRUE},
	{"block", 16, NULL, TRUE},
};

static gboolean check_texts(const json_t *body, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(intent_texts); i++) {
		const char *name = intent_texts[i].name, *alphabet = intent_texts[i].alphabet;
		const char *text;

		if (!api_string_optional(body, name, intent_texts[i].max_chars, &text, error))
			return FALSE;
		if (text == NULL && !intent_texts[i].optional)
			return api_invalid(error, name, "is missing");
		if (text == NULL)
			continue;
		if (*text == '\0' && !intent_texts[i].optional)
			return api_invalid(error, name, "is empty");
		if (alphabet != NULL && text[strspn(text, alphabet)] != '\0')
			return api_invalid(error, name, "has characters that are not allowed");
	}
	return TRUE;
}

/* What the policy found and let through (P13). */
static gboolean check_findings(const json_t *body, GError **error)
{
	const json_t *findings = json_object_get(body, "findings");
	RuleMode mode;
	json_t *row;
	size_t i;

	if (findings == NULL)
		return TRUE;
	if (!json_is_array(findings) || json_array_size(findings) > MAX_FINDINGS)
		return api_invalid(error, "findings", "must be an array, and not of too many");
	json_array_foreach(findings, i, row) {
		if (!api_known(row, error, "rule", "mode", "article", "text", NULL) ||
			api_string(row, "rule", 16, error) == NULL ||
			api_string(row, "article", 200, error) == NULL ||
			!check_foreign(row, "text", MAX_FINDING, error))
			return FALSE;
		if (row_text(row, "text") == NULL)
			return api_invalid(error, "findings", "one of them has no text");
		if (!rule_mode_parse(row_text(row, "mode"), &mode) ||
			(mode != MODE_LOG && mode != MODE_WARN))
			return api_invalid(error, "mode", "must be log or warn");
	}
	return TRUE;
}

/* What became of the signature block (P4). */
static gboolean is_block_word(const char *text)
{
	static const char *const words[] = {"added", "present", "protected", "absent", NULL};

	return text == NULL || g_strv_contains(words, text);
}

gboolean send_check_intent(const json_t *body, GError **error)
{
	const json_t *sign = json_object_get(body, "sign");
	SendClass send_class;
	gint64 signed_s;

	if (body == NULL)
		return api_invalid(error, "body", "is missing");
	if (!api_known(body, error, "id", "token", "class", "login", "mailbox", "message_id",
		    "date", "subject", "document_type", "document_number", "exception",
		    "exception_id", "pdf_signature", "document_signed", "expediente", "recipients",
		    "queue_id", "client_address", "content_sha256", "entity_sha256", "sign",
		    "prepared", "block", "date_original", "findings", "in_reply_to", NULL) ||
		!check_texts(body, error) ||
		!check_foreign(body, "message_id", MAX_MESSAGE_ID, error) ||
		!check_foreign(body, "date", MAX_DATE, error) ||
		!check_foreign(body, "date_original", MAX_DATE, error) ||
		!check_foreign(body, "subject", MAX_SUBJECT, error) ||
		!check_recipients(body, error) || !check_findings(body, error) ||
		!check_thread(body, error))
		return FALSE;
	if (row_text(body, "document_signed") != NULL &&
		!time_from_rfc3339(row_text(body, "document_signed"), &signed_s))
		return api_invalid(error, "document_signed", "must be a time");
	if (!send_class_parse(row_text(body, "class"), &send_class))
		return api_invalid(error, "class", "no such class");
	if (strlen(row_text(body, "token")) != RETURN_TOKEN_CHARS)
		return api_invalid(error, "token", "has another length");
	if (!is_address(row_text(body, "mailbox")))
		return api_invalid(error, "mailbox", "must be an address");
	if (!hex_is_sha256(row_text(body, "content_sha256")))
		return api_invalid(error, "content_sha256", "must be a SHA-256 in hex");
	if (!is_hex_or_null(row_text(body, "entity_sha256")))
		return api_invalid(error, "entity_sha256", "must be a SHA-256 in hex");
	if (!is_block_word(row_text(body, "block")))
		return api_invalid(error, "block", "no such word");
	if (!json_is_boolean(sign))
		return api_invalid(error, "sign", "must be true or false");
	if (json_is_true(sign) && row_text(body, "entity_sha256") == NULL)
		return api_invalid(error, "entity_sha256", "must be there when sign is true");
	return TRUE;
}

gboolean send_check_prepared(const json_t *body, Prepared *prepared, GError **error)
{
	const json_t *size = json_object_get(body, "size");

	if (body == NULL)
		return api_invalid(error, "body", "is missing");
	if (!api_known(body, error, "message_sha256", "size", "queue_id", "certificate_sha256",
		    "cms_sha256", "unsigned", NULL) ||
		!api_string_optional(body, "unsigned", 32, &prepared->unsigned_reason, error))
		return FALSE;
	prepared->message_sha256 = api_string(body, "message_sha256", 64, error);
	if (prepared->message_sha256 == NULL)
		return FALSE;
	prepared->queue_id = api_string(body, "queue_id", 40, error);
	if (prepared->queue_id == NULL ||
		!api_string_optional(
			body, "certificate_sha256", 64, &prepared->certificate_sha256, error) ||
		!api_string_optional(body, "cms_sha256", 64, &prepared->cms_sha256, error))
		return FALSE;
	if (!hex_is_sha256(prepared->message_sha256) ||
		!is_hex_or_null(prepared->certificate_sha256) ||
		!is_hex_or_null(prepared->cms_sha256))
		return api_invalid(error, "message_sha256, certificate_sha256, cms_sha256",
			"must be a SHA-256 in hex");
	if (*prepared->queue_id == '\0' ||
		prepared->queue_id[strspn(prepared->queue_id, ALNUM)] != '\0')
		return api_invalid(error, "queue_id", "is no queue id");
	if (prepared->unsigned_reason != NULL &&
		acuse_error_by_name(prepared->unsigned_reason) == NULL)
		return api_invalid(error, "unsigned", "must be the name of an error");
	if (!json_is_integer(size) || json_integer_value(size) < 1)
		return api_invalid(error, "size", "must be a number of bytes");
	prepared->size = json_integer_value(size);
	return TRUE;
}
