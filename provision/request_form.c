/* request_form.h. Every member is checked by one table. A name that gives no account name (A4) is
 * no mistake of the form: an operator decides. Pure; any thread. */
#include "provision/request_form.h"

#include <string.h>

#include "base/error.h"
#include "core/naming.h"
#include "provision/accounts.h"
#include "provision/row.h"

typedef struct {
	const char *name;
	gsize max_chars;
	gboolean required;
} Member;

static const Member members[] = {
	{"given_names", ACCOUNT_NAME_MAX, TRUE},
	{"paternal_surname", ACCOUNT_NAME_MAX, TRUE},
	{"maternal_surname", ACCOUNT_NAME_MAX, FALSE},
	{"dni", 32, TRUE},
	{"phone", 32, FALSE},
	{"post", ACCOUNT_NAME_MAX, TRUE},
	{"unit", ACCOUNT_NAME_MAX, TRUE},
	{"document", ACCOUNT_DOCUMENT_MAX, TRUE},
	{"reason", 32, TRUE},
	{"tramite", REQUEST_TRAMITE_MAX, FALSE},
};

static gboolean not_built(GError **error, const char *text)
{
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_NOT_BUILT, text);
	return FALSE;
}

static gboolean is_one_of(const char *word, const char *const *words)
{
	return word != NULL && g_strv_contains(words, word);
}

static gboolean check_kind(const json_t *body, GError **error)
{
	static const char *const kinds[] = {"person", "office", "activity", "third-party", NULL};
	static const char *const actions[] = {"create", "annul", NULL};
	const char *kind = json_string_value(json_object_get(body, "kind"));
	const char *action = json_string_value(json_object_get(body, "action"));

	if (!is_one_of(kind, kinds))
		return api_invalid(
			error, "kind", "must be person, office, activity or third-party");
	if (!is_one_of(action, actions))
		return api_invalid(error, "action", "must be create or annul");
	if (strcmp(kind, "person") != 0)
		return not_built(error, "kind: requests for other than a person's account are not "
					"part of this version");
	if (strcmp(action, "create") != 0)
		return not_built(error, "action: annulment by request is not part of this version; "
					"HR may cease the person");
	return TRUE;
}

static gboolean check_reason(const char *reason, GError **error)
{
	static const char *const reasons[] = {"joining", "encargatura", "specific-activity",
		"forgotten-password", "exposed-password", "other", NULL};

	if (!is_one_of(reason, reasons))
		return api_invalid(error, "reason",
			"must be joining, encargatura, specific-activity, "
			"forgotten-password, exposed-password or other");
	if (g_str_has_suffix(reason, "-password"))
		return not_built(error, "reason: for a password use the account's reset-password");
	return TRUE;
}

/* Copies one member, tidied, into the row. */
static gboolean read_member(const json_t *body, const Member *member, json_t *row, GError **error)
{
	const char *text;
	g_autofree char *tidy = NULL;

	if (!api_string_optional(body, member->name, member->max_chars, &text, error))
		return FALSE;
	if (text == NULL && member->required)
		return api_invalid(error, member->name, "is missing");
	/* A number is taken as it is: a blank in it is a mistake to be told. */
	if (strcmp(member->name, "dni") == 0)
		tidy = g_strdup(text);
	else
		tidy = text != NULL ? account_text_tidy(text) : NULL;
	if (tidy == NULL && member->required)
		return api_invalid(error, member->name, "must not be empty");
	if (tidy != NULL)
		json_object_set_new(row, member->name, json_string(tidy));
	return TRUE;
}

gboolean request_form_needs_name(const json_t *row)
{
	g_autofree char *name = naming_candidate(row_text(row, "given_names"),
		row_text(row, "paternal_surname"), row_text(row, "maternal_surname"), 0, 1, NULL);

	return name == NULL && row_text(row, "name") == NULL;
}

json_t *request_form_lacks(const json_t *row)
{
	json_t *lacks = json_array();

	if (row_text(row, "tramite") == NULL)
		json_array_append_new(lacks, json_string("tramite"));
	if (request_form_needs_name(row))
		json_array_append_new(lacks, json_string("name"));
	if (row_text(row, "observation") != NULL)
		json_array_append_new(lacks, json_string("answer"));
	return lacks;
}

/* The number alone is kept. */
static gboolean tidy_dni(json_t *row, GError **error)
{
	g_autofree char *dni = account_dni_read(row_text(row, "dni"), error);

	return dni != NULL && json_object_set_new(row, "dni", json_string(dni)) == 0;
}

json_t *request_form_read(const json_t *body, GError **error)
{
	json_t *row;

	if (body == NULL) {
		api_invalid(error, "body", "is missing");
		return NULL;
	}
	if (!api_known(body, error, "kind", "action", "given_names", "paternal_surname",
		    "maternal_surname", "dni", "phone", "post", "unit", "document", "reason",
		    "tramite", NULL) ||
		!check_kind(body, error))
		return NULL;
	row = json_pack("{s:s, s:s}", "kind", "person", "action", "create");
	for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
		if (!read_member(body, &members[i], row, error)) {
			json_decref(row);
			return NULL;
		}
	}
	if (!tidy_dni(row, error) || !check_reason(row_text(row, "reason"), error)) {
		json_decref(row);
		return NULL;
	}
	return row;
}

Account *request_form_account(const json_t *row, const char *uid, const char *domain)
{
	Account *account = account_new();
	const char *maternal = row_text(row, "maternal_surname");

	account->uid = g_strdup(uid);
	account->mail = g_strdup_printf("%s@%s", uid, domain);
	account->kind = ACCOUNT_PERSON;
	account->state = ACCOUNT_PENDING;
	account->dni = g_strdup(row_text(row, "dni"));
	account->given_names = g_strdup(row_text(row, "given_names"));
	account->paternal_surname = g_strdup(row_text(row, "paternal_surname"));
	account->maternal_surname = g_strdup(maternal);
	account->display_name =
		g_strjoin(" ", account->given_names, account->paternal_surname, maternal, NULL);
	account->post = g_strdup(row_text(row, "post"));
	account->unit = g_strdup(row_text(row, "unit"));
	account->phone = g_strdup(row_text(row, "phone"));
	return account;
}
