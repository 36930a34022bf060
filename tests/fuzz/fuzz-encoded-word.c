/* The value of one header field: encoded words, addresses, ids, dates, parameters. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "mime/facts.h"
#include "core/address.h"
#include "mime/addresses.h"
#include "mime/header.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	mime_init();
	return 0;
}

/* Printable ASCII without an encoded word: nothing to decode, nothing to clean. */
static gboolean is_plain(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if (!g_ascii_isprint(*c))
			return FALSE;
	return strstr(text, "=?") == NULL;
}

static void check_decoded(const char *value)
{
	gboolean sure = FALSE;
	g_autofree char *decoded = header_decode(value, &sure);
	g_autofree char *plain = header_unfold(value);

	FUZZ_PROMISE(decoded != NULL, "nothing decoded");
	fuzz_check_utf8(decoded, "decoded");
	FUZZ_PROMISE(strpbrk(decoded, "\r\n") == NULL, "decoded: more than one line");
	if (!is_plain(plain))
		return;
	FUZZ_PROMISE(sure, "ASCII without encoded words is not sure");
	FUZZ_PROMISE(strcmp(decoded, plain) == 0, "ASCII without encoded words was changed");
}

static void check_parameter(const char *value)
{
	g_autofree char *once = header_set_parameter(value, "charset", "utf-8");
	g_autofree char *twice = NULL;

	if (once == NULL)
		return;
	FUZZ_PROMISE(strstr(once, "utf-8") != NULL, "the parameter is not there");
	twice = header_set_parameter(once, "charset", "utf-8");
	FUZZ_PROMISE(twice != NULL && strcmp(once, twice) == 0, "the parameter was set twice");
}

/* What is shown beside the one address is one line, and any of it can be judged. */
static void check_display_name(const char *value, const char *address)
{
	g_autofree char *name = header_display_name(value, address);
	const char *own[] = {address, NULL};

	if (name == NULL)
		return;
	fuzz_check_utf8(name, "display name");
	FUZZ_PROMISE(strpbrk(name, "\r\n") == NULL, "display name of two lines");
	address_shown_is_foreign(name, own);
}

static void check_addresses(const char *value)
{
	g_autoptr(GPtrArray) loose = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) strict = g_ptr_array_new_with_free_func(g_free);

	header_addresses(value, loose);
	if (!header_addresses_strict(value, strict))
		return;
	for (guint i = 0; i < strict->len; i++) {
		fuzz_check_utf8(strict->pdata[i], "address");
		FUZZ_PROMISE(strpbrk(strict->pdata[i], "\r\n") == NULL, "address of two lines");
		FUZZ_PROMISE(g_ptr_array_find_with_equal_func(
				     loose, strict->pdata[i], g_str_equal, NULL),
			"the strict reader sees another address");
	}
	if (strict->len == 1)
		check_display_name(value, strict->pdata[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *value = fuzz_take_rest(data, size);
	g_auto(GStrv) ids = header_ids(value);
	gint64 seconds;

	for (guint i = 0; ids != NULL && ids[i] != NULL; i++)
		FUZZ_PROMISE(strpbrk(ids[i], "<>") == NULL, "id with brackets");
	check_decoded(value);
	check_parameter(value);
	check_addresses(value);
	header_date(value, &seconds);
	header_count_parameters(value);
	return 0;
}
