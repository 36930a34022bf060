/* Addresses and times from outside, one a line: an address, our domain, a token, a time. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "api/record_json.h"
#include "core/return_token.h"
#include "provision/service.h"

#define KEY "0123456789abcdef0123456789abcdef"

static void check_token(const char *address, const char *domain, const char *token)
{
	g_autoptr(GBytes) key = g_bytes_new_static(KEY, 32), other = g_bytes_new_static(KEY, 31);
	g_autofree char *found = return_token_of_address(address, domain);

	if (found != NULL) {
		FUZZ_PROMISE(
			g_ascii_strncasecmp(address, "acuse+", 6) == 0, "token of \"%s\"", address);
		return_token_check(key, found);
	}
	if (return_token_check(key, token)) {
		FUZZ_PROMISE(strlen(token) == RETURN_TOKEN_CHARS, "length of a good token");
		FUZZ_PROMISE(!return_token_check(other, token), "good under another key");
	}
}

/* Whatever 16 bytes are random, their token is found in its address and good. */
static void check_made(const char *text)
{
	g_autoptr(GBytes) key = g_bytes_new_static(KEY, 32);
	guint8 random[RETURN_TOKEN_RANDOM_BYTES] = {0};
	g_autofree char *token = NULL, *address = NULL, *found = NULL;

	memcpy(random, text, MIN(strlen(text), sizeof random));
	token = return_token_make(key, random);
	address = g_strdup_printf("Acuse+%s@MUNI.test", token);
	found = return_token_of_address(address, "muni.test");
	FUZZ_PROMISE(found != NULL && strcmp(found, token) == 0 && return_token_check(key, found),
		"a token made here is refused: %s", token);
}

static void check_address(const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *address = api_address(text, "address", &error);

	fuzz_check_error(address != NULL, error, "api_address");
	FUZZ_PROMISE(address == NULL || (strlen(address) <= 254 && strchr(address, '@') != NULL &&
						strpbrk(address, " \t\r\n<>") == NULL),
		"address \"%s\"", address);
}

static void check_time(const char *text)
{
	g_autofree char *again = NULL;
	gint64 time_s;

	if (!time_from_rfc3339(text, &time_s))
		return;
	again = time_to_rfc3339(time_s);
	FUZZ_PROMISE(again != NULL && strcmp(again, text) == 0, "%s became %s", text, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *address = fuzz_take_line(&data, &size),
			*domain = fuzz_take_line(&data, &size);
	g_autofree char *token = fuzz_take_line(&data, &size), *time = fuzz_take_line(&data, &size);

	check_token(address, domain, token);
	check_made(token);
	check_address(address);
	check_time(time);
	return 0;
}
