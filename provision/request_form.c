/* request_form.h. Every member is checked by one table. A name that gives no account name (A4) is
 * no mistake of the form: an operator decides. Pure; any thread. */
#include "provision/request_form.h"

#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "core/calendar.h"
#include "core/fold.h"
#include "core/naming.h"
#include "provision/accounts.h"
#include "provision/row.h"

enum { PERSON = 1, OFFICE = 2, ACTIVITY = 4, THIRD = 8, ANY_KIND = 15 };
enum { CREATE = 1, ANNUL = 2, EXTEND = 4, PASSWORD = 8, ANY_ACTION = 15 };

typedef struct {
	const char *name;
	int bit;
	int allowed; /* actions of a kind */
} Word;

static const Word kinds[] = {
	{"person", PERSON, CREATE | ANNUL | PASSWORD},
	{"office", OFFICE, CREATE | ANNUL},
	{"activity", ACTIVITY, ANY_ACTION},
	{"third-party", THIRD, ANY_ACTION},
};
static const Word actions[] = {{"create", CREATE, 0}, {"annul", ANNUL, 0}, {"extend", EXTEND, 0},
	{"password", PASSWORD, 0}};

typedef enum { TEXT, NUMBER, DATE, DIGEST } MemberType;

/* What each kind of request has to say, and what it may. */
typedef struct {
	const char *name;
	MemberType type;
	gsize max_chars;
	int kinds, actions;
	gboolean required;
} Member;

static const Member members[] = {
	{"given_names", TEXT, ACCOUNT_NAME_MAX, ANY_KIND, ANY_ACTION, TRUE},
	{"paternal_surname", TEXT, ACCOUNT_NAME_MAX, ANY_KIND, ANY_ACTION, TRUE},
	{"maternal_surname", TEXT, ACCOUNT_NAME_MAX, ANY_KIND, ANY_ACTION, FALSE},
	{"dni", NUMBER, 32, ANY_KIND, ANY_ACTION, TRUE},
	{"phone", TEXT, 32, ANY_KIND, ANY_ACTION, FALSE},
	{"post", TEXT, ACCOUNT_NAME_MAX, ANY_KIND, ANY_ACTION, TRUE},
	{"unit", TEXT, ACCOUNT_NAME_MAX, ANY_KIND, ANY_ACTION, TRUE},
	{"document", TEXT, ACCOUNT_DOCUMENT_MAX, ANY_KIND, ANY_ACTION, TRUE},
	{"reason", TEXT, 32, ANY_KIND, ANY_ACTION, TRUE},
	{"tramite", TEXT, REQUEST_TRAMITE_MAX, ANY_KIND, ANY_ACTION, FALSE},
	{"scan", DIGEST, 64, ANY_KIND, ANY_ACTION, FALSE},
	{"signed_form", DIGEST, 64, ANY_KIND, ANY_ACTION, FALSE},
	{"signature", DIGEST, 64, ANY_KIND, ANY_ACTION, FALSE},
	{"title", TEXT, ACCOUNT_NAME_MAX, OFFICE | ACTIVITY, CREATE, TRUE},
	{"until", DATE, CALENDAR_DATE_CHARS, ACTIVITY | THIRD, CREATE | EXTEND, TRUE},
	{"terms", DIGEST, 64, THIRD, CREATE, FALSE},
	{"date", DATE, CALENDAR_DATE_CHARS, ANY_KIND, ANNUL, FALSE},
	{"account", TEXT, NAMING_MAX_CHARS, ANY_KIND - PERSON, ANY_ACTION - CREATE, TRUE},
};

static const Word *find_word(const Word *words, gsize n, const char *name)
{
	for (gsize i = 0; name != NULL && i < n; i++)
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

static const Word *find_kind(const json_t *body)
{
	return find_word(kinds, G_N_ELEMENTS(kinds), row_text(body, "kind"));
}

/* A reason of a password is an action of its own: the form's box says nothing else. */
static const Word *find_action(const json_t *body)
{
	const char *action = row_text(body, "action"), *reason = row_text(body, "reason");

	if (g_strcmp0(action, "create") == 0 && reason != NULL &&
		g_str_has_suffix(reason, "-password"))
		action = "password";
	return find_word(actions, G_N_ELEMENTS(actions), action);
}

static gboolean check_kind(const json_t *body, GError **error)
{
	const Word *kind = find_kind(body), *action = find_action(body);

	if (kind == NULL)
		return api_invalid(
			error, "kind", "must be person, office, activity or third-party");
	if (action == NULL)
		return api_invalid(error, "action", "must be create, annul, extend or password");
	if ((kind->allowed & action->bit) == 0)
		return api_invalid(error, "action", "is not for this kind of account");
	return TRUE;
}

static gboolean check_reason(const json_t *row, GError **error)
{
	static const char *const reasons[] = {"joining", "encargatura", "specific-activity",
		"forgotten-password", "exposed-password", "other", NULL};
	const char *reason = row_text(row, "reason");

	if (!g_strv_contains(reasons, reason))
		return api_invalid(error, "reason",
			"must be joining, encargatura, specific-activity, "
			"forgotten-password, exposed-password or other");
	if (g_str_has_suffix(reason, "-password") !=
		(strcmp(row_text(row, "action"), "password") == 0))
		return api_invalid(error, "reason", "does not go with this action");
	return TRUE;
}

static gboolean check_type(const Member *member, const char *text, GError **error)
{
	if (member->type == DATE && !calendar_is_date(text))
		return api_invalid(error, member->name, "must be YYYY-MM-DD");
	if (member->type == DIGEST && !hex_is_sha256(text))
		return api_invalid(error, member->name, "must be the SHA-256 of a stored document");
	return TRUE;
}

/* Copies one member, tidied, into the row. */
static gboolean read_member(
	const json_t *body, const Member *member, gboolean fits, json_t *row, GError **error)
{
	const char *text;
	g_autofree char *tidy = NULL;

	if (!api_string_optional(body, member->name, member->max_chars, &text, error))
		return FALSE;
	if (text != NULL && !fits)
		return api_invalid(error, member->name, "is not for this kind of request");
	if (text == NULL)
		return !fits || !member->required || api_invalid(error, member->name, "is missing");
	/* A number is taken as it is: a blank in it is a mistake to be told. */
	tidy = member->type == TEXT ? account_text_tidy(text) : g_strdup(text);
	if (tidy == NULL)
		return !member->required || api_invalid(error, member->name, "must not be empty");
	if (!check_type(member, tidy, error))
		return FALSE;
	json_object_set_new(row, member->name, json_string(tidy));
	return TRUE;
}

static gboolean is_kind(const json_t *row, int mask)
{
	const Word *kind = find_kind(row);

	return kind != NULL && (kind->bit & mask) != 0;
}

gboolean request_form_is(const json_t *row, const char *action)
{
	return g_strcmp0(row_text(row, "action"), action) == 0;
}

gboolean request_form_takes_dni(const json_t *row)
{
	return request_form_is(row, "create") && is_kind(row, PERSON | THIRD);
}

gboolean request_form_by_rule(const json_t *row)
{
	return is_kind(row, PERSON | THIRD);
}

gboolean request_form_needs_name(const json_t *row)
{
	g_autofree char *name = NULL;

	if (!request_form_is(row, "create") || row_text(row, "name") != NULL)
		return FALSE;
	if (!request_form_by_rule(row))
		return TRUE;
	name = naming_candidate(row_text(row, "given_names"), row_text(row, "paternal_surname"),
		row_text(row, "maternal_surname"), 0, 1, NULL);
	return name == NULL;
}

/* The head's signature, or the paper with it in the tramite. */
static void add_lacking_signature(const json_t *row, json_t *lacks)
{
	if (json_is_object(json_object_get(row, "signer")))
		return;
	if (row_text(row, "tramite") == NULL)
		json_array_append_new(lacks, json_string("tramite"));
	if (row_text(row, "scan") == NULL && !json_is_true(json_object_get(row, "scan_optional")))
		json_array_append_new(lacks, json_string("scan"));
}

json_t *request_form_lacks(const json_t *row)
{
	json_t *lacks = json_array();

	add_lacking_signature(row, lacks);
	if (request_form_needs_name(row))
		json_array_append_new(lacks, json_string("name"));
	if (is_kind(row, THIRD) && request_form_is(row, "create") && row_text(row, "terms") == NULL)
		json_array_append_new(lacks, json_string("terms"));
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

static gboolean check_known(const json_t *body, GError **error)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)body, name, value) {
		gboolean known = strcmp(name, "kind") == 0 || strcmp(name, "action") == 0;

		for (size_t i = 0; !known && i < G_N_ELEMENTS(members); i++)
			known = strcmp(name, members[i].name) == 0;
		if (!known)
			return api_invalid(error, name, "no such member");
	}
	return TRUE;
}

static gboolean read_members(const json_t *body, json_t *row, GError **error)
{
	const Word *kind = find_kind(body), *action = find_action(body);

	for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
		const Member *member = &members[i];
		gboolean fits =
			(member->kinds & kind->bit) != 0 && (member->actions & action->bit) != 0;

		if (!read_member(body, member, fits, row, error))
			return FALSE;
	}
	return tidy_dni(row, error) && check_reason(row, error);
}

json_t *request_form_read(const json_t *body, GError **error)
{
	json_t *row;

	if (body == NULL) {
		api_invalid(error, "body", "is missing");
		return NULL;
	}
	if (!check_known(body, error) || !check_kind(body, error))
		return NULL;
	row = json_pack(
		"{s:s, s:s}", "kind", row_text(body, "kind"), "action", find_action(body)->name);
	if (read_members(body, row, error))
		return row;
	json_decref(row);
	return NULL;
}

Account *request_form_account(const json_t *row, const char *uid, const char *domain)
{
	Account *account = account_new();
	const char *maternal = row_text(row, "maternal_surname"), *title = row_text(row, "title");

	account->uid = g_strdup(uid);
	account->mail = g_strdup_printf("%s@%s", uid, domain);
	account_kind_parse(row_text(row, "kind"), &account->kind);
	account->state = ACCOUNT_PENDING;
	account->dni = g_strdup(row_text(row, "dni"));
	account->unit = g_strdup(row_text(row, "unit"));
	account->phone = g_strdup(row_text(row, "phone"));
	account->display_name = g_strdup(title);
	/* An activity's account is nobody's own: its DNI is that of who answers for it. */
	if (title != NULL)
		return account;
	account->given_names = g_strdup(row_text(row, "given_names"));
	account->paternal_surname = g_strdup(row_text(row, "paternal_surname"));
	account->maternal_surname = g_strdup(maternal);
	account->display_name =
		g_strjoin(" ", account->given_names, account->paternal_surname, maternal, NULL);
	account->post = g_strdup(row_text(row, "post"));
	return account;
}

/* By the meaning of the letters alone: the directory may have them in capitals. */
gboolean request_form_same_person(const json_t *row, const Account *account)
{
	g_autofree char *asked = g_strjoin(" ", row_text(row, "given_names"),
		row_text(row, "paternal_surname"), row_text(row, "maternal_surname"), NULL);
	g_autofree char *asked_folded = text_fold(asked);
	g_autofree char *known =
		text_fold(account->display_name != NULL ? account->display_name : "");

	return strcmp(asked_folded, known) == 0;
}

gboolean request_form_same_form(const json_t *row, const json_t *signed_row, const char **other)
{
	static const char *const about[] = {"tramite", "scan", "signed_form", "signature", NULL};

	*other = "kind";
	if (g_strcmp0(row_text(row, "kind"), row_text(signed_row, "kind")) != 0)
		return FALSE;
	*other = "action";
	if (g_strcmp0(row_text(row, "action"), row_text(signed_row, "action")) != 0)
		return FALSE;
	for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
		*other = members[i].name;
		if (!g_strv_contains(about, *other) &&
			g_strcmp0(row_text(row, *other), row_text(signed_row, *other)) != 0)
			return FALSE;
	}
	*other = NULL;
	return TRUE;
}
