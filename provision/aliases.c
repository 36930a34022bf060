/*
 * Further addresses of an account (P1): it receives at them and may send from them. An alias is a
 * local part of the institution's domain, reserved for ever as an account's name is (DI-002, art.
 * 6.3): taken away, it may come back to the same account and to no other. Each change is a leaf,
 * and the directory's part is in the outbox of the same commit. Fails with INVALID, NOT_FOUND,
 * CONFLICT (somebody's, or once was; a ceased account), or UNAVAILABLE when slapd does not answer.
 * Any thread.
 */
#include <string.h>

#include "base/error.h"
#include "core/naming.h"
#include "core/record.h"
#include "directory/change.h"
#include "provision/accounts.h"
#include "provision/outbox.h"
#include "provision/row.h"

#define ALIASES_MAX 32 /* of one account */

typedef struct {
	const ApiRequest *request;
	const Account *account;
	const char *document, *address;
	gboolean given;
	guint64 number;
} Change;

static gboolean change_alias(StoreTxn *txn, gpointer data, GError **error)
{
	Change *change = data;
	const ApiRequest *request = change->request;
	const Account *account = change->account;
	g_autoptr(Record) record =
		record_new(change->given ? "account.alias-given" : "account.alias-removed",
			account->uid, request->service->now_s());
	json_auto_t *body = json_pack("{s:s, s:s, s:s, s:b}", "uid", account->uid, "kind",
		account_kind_name(account->kind), "address", change->address, "given",
		change->given);

	record_add_salted(record, "alias", change->address);
	record_add(record, "document", change->document);
	record_add(record, "actor", request->actor);
	return store_append(txn, record, NULL, error) &&
	       outbox_add(txn, "account.alias", body, &change->number, error);
}

static gboolean commit(Change *change, GError **error)
{
	Service *service = change->request->service;

	if (!store_run(service->store, change_alias, change, error))
		return FALSE;
	outbox_wait(service->outbox, change->number, ACCOUNT_WAIT_MS);
	return TRUE;
}

/* The alias of the path in lower case, a new string, and its local part. */
static char *read_alias(const ApiRequest *request, char **local, GError **error)
{
	const char *domain = settings_string(request->service->settings, "institution", "domain");
	g_autofree char *address = api_address(request->arguments[1], "alias", error);
	g_autofree char *lower = NULL;
	char *at;

	if (address == NULL)
		return NULL;
	lower = g_ascii_strdown(address, -1);
	at = strrchr(lower, '@');
	if (g_ascii_strcasecmp(at + 1, domain) != 0) {
		api_invalid(error, "alias", "must be of the institution's domain");
		return NULL;
	}
	*local = g_strndup(lower, (gsize)(at - lower));
	return g_steal_pointer(&lower);
}

static Account *read_account(const ApiRequest *request, Change *change, GError **error)
{
	g_autoptr(Directory) directory = directory_new(request->service->settings);

	if (!api_known(request->body, error, "document", NULL))
		return NULL;
	change->request = request;
	change->document = api_string(request->body, "document", ACCOUNT_DOCUMENT_MAX, error);
	if (change->document == NULL)
		return NULL;
	return directory_get(directory, request->arguments[0], error);
}

static gboolean has_alias(const Account *account, const char *address)
{
	return account->aliases != NULL &&
	       g_strv_contains((const char *const *)account->aliases, address);
}

/* Whether the account may have one more. */
static gboolean check_new(const Account *account, const char *local, GError **error)
{
	if (!naming_office_valid(local))
		return api_invalid(error, "alias",
			"must be a-z, 0-9, single dots and hyphens, and no reserved name");
	if (account->state == ACCOUNT_CEASED) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "%s is ceased", account->uid);
		return FALSE;
	}
	if (account->aliases != NULL && g_strv_length(account->aliases) >= ALIASES_MAX) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "%s has %d aliases",
			account->uid, ALIASES_MAX);
		return FALSE;
	}
	return TRUE;
}

static void set_aliases(Account *account, const char *address, gboolean given)
{
	g_auto(GStrv) before = account->aliases;
	g_autoptr(GStrvBuilder) after = g_strv_builder_new();

	for (char **one = before; one != NULL && *one != NULL; one++)
		if (strcmp(*one, address) != 0)
			g_strv_builder_add(after, *one);
	if (given)
		g_strv_builder_add(after, address);
	account->aliases = g_strv_builder_end(after);
}

static gboolean give_alias(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Change change = {.given = TRUE};
	g_autoptr(Account) account = read_account(request, &change, error);
	g_autofree char *local = NULL, *address = NULL, *holder = NULL;

	if (account == NULL)
		return FALSE;
	change.account = account;
	change.address = address = read_alias(request, &local, error);
	if (address == NULL)
		return FALSE;
	if (!has_alias(account, address)) {
		holder = g_strconcat("alias ", account->uid, NULL);
		if (!check_new(account, local, error) ||
			!account_name_take(request->service, local, holder, error) ||
			!commit(&change, error))
			return FALSE;
		set_aliases(account, address, TRUE);
	}
	response->json = account_to_json(account);
	return TRUE;
}

static gboolean remove_alias(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Change change = {.given = FALSE};
	g_autoptr(Account) account = read_account(request, &change, error);
	g_autofree char *local = NULL, *address = NULL;

	if (account == NULL)
		return FALSE;
	change.account = account;
	change.address = address = read_alias(request, &local, error);
	if (address == NULL)
		return FALSE;
	if (!has_alias(account, address)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "%s has no alias %s",
			account->uid, address);
		return FALSE;
	}
	if (!commit(&change, error))
		return FALSE;
	set_aliases(account, address, FALSE);
	response->json = account_to_json(account);
	return TRUE;
}

gboolean account_set_alias_entry(Service *service, const json_t *body, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(Account) account = account_new();

	account->uid = g_strdup(row_text(body, "uid"));
	account_kind_parse(row_text(body, "kind"), &account->kind);
	return directory_set_alias(directory, account, row_text(body, "address"),
		json_is_true(json_object_get(body, "given")), error);
}

const Route routes_aliases[] = {
	{"PUT", "/v1/accounts/{uid}/aliases/{address}", ROLE_OTIC, FALSE, give_alias},
	{"POST", "/v1/accounts/{uid}/aliases/{address}/remove", ROLE_OTIC, FALSE, remove_alias},
	{NULL, NULL, 0, FALSE, NULL},
};
