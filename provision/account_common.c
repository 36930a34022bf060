/* accounts.h: what the parts about accounts share. No state; fails as store and directory do. */
#include <stdlib.h>
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "cms/digest.h"
#include "core/dni.h"
#include "core/fold.h"
#include "directory/change.h"
#include "provision/account_term.h"
#include "provision/accounts.h"
#include "provision/adoption.h"
#include "provision/mailbox_archive.h"
#include "provision/outbox.h"
#include "provision/row.h"

#define PASSWORD_GROUPS 5
#define PASSWORD_GROUP_CHARS 4
/* 32 characters that nobody mixes up: no 0 o 1 l i */
#define PASSWORD_ALPHABET "abcdefghjkmnpqrstuvwxyz23456789+"

static json_t *time_json(gint64 time_s)
{
	g_autofree char *text = time_s != 0 ? time_to_rfc3339(time_s) : NULL;

	return json_pack("s?", text);
}

/* A uid, or {uid, from, until} for each term of one that has dates. */
static json_t *delegates_json(const Account *account)
{
	json_t *list = json_array();

	for (char **uid = account->delegates; uid != NULL && *uid != NULL; uid++) {
		gboolean dated = FALSE;

		for (guint i = 0; account->delegations != NULL && i < account->delegations->len;
			i++) {
			const Delegation *one = account->delegations->pdata[i];

			if (g_ascii_strcasecmp(one->uid, *uid) != 0)
				continue;
			dated = TRUE;
			json_array_append_new(list,
				json_pack("{s:s, s:o, s:o}", "uid", *uid, "from",
					time_json(one->from_s), "until", time_json(one->until_s)));
		}
		if (!dated)
			json_array_append_new(list, json_string(*uid));
	}
	return list;
}

static json_t *strings_json(char **texts)
{
	json_t *list = json_array();

	for (; texts != NULL && *texts != NULL; texts++)
		json_array_append_new(list, json_string(*texts));
	return list;
}

json_t *account_to_json(const Account *account)
{
	json_t *json = json_object();
	const struct {
		const char *name, *value;
	} texts[] = {
		{"uid", account->uid},
		{"mail", account->mail},
		{"kind", account_kind_name(account->kind)},
		{"state", account_state_name(account->state)},
		{"display_name", account->display_name},
		{"given_names", account->given_names},
		{"paternal_surname", account->paternal_surname},
		{"maternal_surname", account->maternal_surname},
		{"dni", account->dni},
		{"post", account->post},
		{"unit", account->unit},
		{"extension", account->extension},
		{"owner", account->owner},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		json_object_set_new(json, texts[i].name, json_pack("s?", texts[i].value));
	json_object_set_new(json, "aliases", strings_json(account->aliases));
	json_object_set_new(json, "delegates", delegates_json(account));
	json_object_set_new(json, "notifier",
		account->notifier_area == NULL
			? json_null()
			: json_pack("{s:s, s:s?}", "area", account->notifier_area, "level",
				  account->notifier_level));
	json_object_set_new(
		json, "must_change_password", json_boolean(account->must_change_password));
	json_object_set_new(json, "valid_from", time_json(account->valid_from));
	json_object_set_new(json, "valid_until", time_json(account->valid_until));
	return json;
}

static char *password_try(gboolean *digit, gboolean *letter)
{
	guint8 random[PASSWORD_GROUPS * PASSWORD_GROUP_CHARS];
	GString *text = g_string_new(NULL);

	G_STATIC_ASSERT(sizeof PASSWORD_ALPHABET - 1 == 32);
	random_bytes(random, sizeof random);
	*digit = *letter = FALSE;
	for (size_t i = 0; i < sizeof random; i++) {
		char c = PASSWORD_ALPHABET[random[i] % 32];

		if (i > 0 && i % PASSWORD_GROUP_CHARS == 0)
			g_string_append_c(text, '-');
		g_string_append_c(text, c);
		*digit = *digit || g_ascii_isdigit(c);
		*letter = *letter || g_ascii_isalpha(c);
	}
	explicit_bzero(random, sizeof random);
	return g_string_free(text, FALSE);
}

char *account_password_new(void)
{
	gboolean digit, letter;
	char *password = password_try(&digit, &letter);

	while (!digit || !letter) {
		g_free(password);
		password = password_try(&digit, &letter);
	}
	return password;
}

char *account_text_tidy(const char *text)
{
	/* Some clients write an accent behind its letter. */
	g_autofree char *composed = g_utf8_normalize(text, -1, G_NORMALIZE_DEFAULT_COMPOSE);
	GString *tidy = g_string_new(NULL);
	gboolean blank = FALSE;

	for (const char *p = composed; p != NULL && *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (g_unichar_isspace(c) || (text_is_invisible(c) && !g_unichar_ismark(c))) {
			blank = TRUE;
			continue;
		}
		if (blank && tidy->len > 0)
			g_string_append_c(tidy, ' ');
		blank = FALSE;
		g_string_append_unichar(tidy, c);
	}
	return g_string_free(tidy, tidy->len == 0);
}

char *account_dni_read(const char *text, GError **error)
{
	char number[DNI_DIGITS + 1];

	if (dni_parse(text, number))
		return g_strdup(number);
	api_invalid(error, "dni", "must be 8 digits, and behind a hyphen its check character");
	return NULL;
}

gboolean account_dni_conflict(GError **error)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
		"the DNI has a personal account that is active or pending");
	return FALSE;
}

char *account_mail(const Service *service, const char *uid)
{
	return g_strconcat(
		uid, "@", settings_string(service->settings, "institution", "domain"), NULL);
}

char *account_dni_key(const char *dni)
{
	return g_strconcat("account-dni/", dni, NULL);
}

char *account_uid_mark(const char *uid)
{
	return g_strconcat(ACCOUNT_UID_MARK, uid, NULL);
}

static gboolean append(StoreTxn *txn, gpointer data, GError **error)
{
	return store_append(txn, data, NULL, error);
}

gboolean account_record_password(
	const ApiRequest *request, const char *uid, const char *reason, GError **error)
{
	g_autoptr(Record) record = record_new("account.password", uid, request->service->now_s());

	record_add(record, "reason", reason);
	/* Over TLS it is the owner; the address in use stays out of the ledger. */
	record_add(record, "actor", request->roles == ROLE_PUBLIC ? uid : request->actor);
	return store_run(request->service->store, append, record, error);
}

Account *account_get(Service *service, const char *uid, GError **error)
{
	g_autoptr(Directory) directory = NULL;
	Account *account = live_directory_by_uid(service->live, uid);

	if (account != NULL)
		return account;
	directory = directory_new(service->settings);
	return directory_get(directory, uid, error);
}

const OutboxKind outbox_kinds_accounts[] = {
	{"account.create", account_create, OUTBOX_MAKING},
	{"account.adopt", account_adopt, OUTBOX_ORDERED},
	/* Nothing that comes after it can undo it, and it depends on nothing that was queued
	   before. */
	{"account.cease", account_cease, OUTBOX_URGENT},
	{"account.sessions", account_end_sessions, OUTBOX_URGENT},
	{"account.force", account_force_change, OUTBOX_URGENT},
	{"account.archive", mailbox_archive, OUTBOX_SLOW},
	{"account.forward", closed_mail_forward, OUTBOX_ORDERED},
	{"account.mend", account_mend, OUTBOX_ORDERED},
	{"account.until", account_set_until, OUTBOX_ORDERED},
	{"account.leave", account_leave_offices, OUTBOX_ORDERED},
	{"account.post", account_set_post, OUTBOX_ORDERED},
	{"account.notifier", account_set_notifier_entry, OUTBOX_ORDERED},
	{"account.alias", account_set_alias_entry, OUTBOX_ORDERED},
	{"office.create", office_create, OUTBOX_ORDERED},
	{"office.people", office_set_people, OUTBOX_ORDERED},
	{NULL},
};
