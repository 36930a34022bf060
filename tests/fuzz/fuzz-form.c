/* FORM-01 as a unit files it: what is taken is tidy text, a DNI of eight digits and an account. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/naming.h"
#include "provision/request_form.h"
#include "provision/row.h"

static void check_text(const char *name, const char *text)
{
	FUZZ_PROMISE(text != NULL && *text != '\0', "%s is no text", name);
	fuzz_check_utf8(text, name);
	for (const char *c = text; *c != '\0'; c++)
		FUZZ_PROMISE(!g_ascii_iscntrl(*c), "a control character in %s", name);
	FUZZ_PROMISE(*text != ' ' && !g_str_has_suffix(text, " ") && strstr(text, "  ") == NULL,
		"blanks of %s: \"%s\"", name, text);
}

static void check_account(const json_t *row)
{
	g_autofree char *uid = naming_candidate(row_text(row, "given_names"),
		row_text(row, "paternal_surname"), row_text(row, "maternal_surname"), 0, 1, NULL);
	g_autoptr(Account) account = NULL;

	/* A password and an annulment are about an account that has its name. */
	FUZZ_PROMISE(uid == NULL || !request_form_by_rule(row) || !request_form_needs_name(row),
		"who names the account");
	if (uid == NULL || !request_form_by_rule(row) || !request_form_is(row, "create"))
		return;
	account = request_form_account(row, uid, "muni.test");
	FUZZ_PROMISE(account->state == ACCOUNT_PENDING && account->display_name != NULL, "account");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_auto_t *body = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	g_autoptr(GError) error = NULL;
	json_auto_t *row = NULL, *lacks = NULL;
	const char *name, *dni;
	json_t *member;

	if (!json_is_object(body))
		return 0;
	row = request_form_read(body, &error);
	fuzz_check_error(row != NULL, error, "request_form_read");
	if (row == NULL)
		return 0;
	json_object_foreach(row, name, member)
		check_text(name, json_string_value(member));
	dni = row_text(row, "dni");
	FUZZ_PROMISE(strlen(dni) == 8 && strspn(dni, "0123456789") == 8, "DNI \"%s\"", dni);
	lacks = request_form_lacks(row);
	FUZZ_PROMISE(json_is_array(lacks), "what it lacks");
	check_account(row);
	return 0;
}
