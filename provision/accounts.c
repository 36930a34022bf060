/*
 * Reading accounts and resetting a password (/v1/accounts). Reads are of the directory itself: what
 * OTIC sees is what holds. Fails with UNAVAILABLE when slapd does not answer. Any thread.
 */
#include "provision/accounts.h"

#include <string.h>

#include "base/error.h"
#include "directory/change.h"

static int by_uid(gconstpointer a, gconstpointer b)
{
	return strcmp((*(Account *const *)a)->uid, (*(Account *const *)b)->uid);
}

static gboolean list_accounts(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autoptr(Directory) directory = directory_new(request->service->settings);
	g_autoptr(GPtrArray) accounts = NULL;
	const char *after, *last = NULL;
	json_t *items;
	gboolean more = FALSE;
	guint limit;

	if (!api_page(request, &limit, &after, error))
		return FALSE;
	accounts = directory_list(directory, error);
	if (accounts == NULL)
		return FALSE;
	g_ptr_array_sort(accounts, by_uid);
	items = json_array();
	for (guint i = 0; i < accounts->len; i++) {
		const Account *account = accounts->pdata[i];

		if (after != NULL && strcmp(account->uid, after) <= 0)
			continue;
		more = json_array_size(items) == limit;
		if (more)
			break;
		json_array_append_new(items, account_to_json(account));
		last = account->uid;
	}
	response->json = json_pack("{s:o, s:s?}", "items", items, "next", more ? last : NULL);
	return TRUE;
}

static gboolean get_account(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autoptr(Directory) directory = directory_new(request->service->settings);
	g_autoptr(Account) account = directory_get(directory, request->arguments[0], error);

	if (account == NULL)
		return FALSE;
	response->json = account_to_json(account);
	return TRUE;
}

static gboolean reset_password(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autoptr(Directory) directory = directory_new(request->service->settings);
	g_autoptr(Account) account = NULL;
	g_autofree char *password = NULL;
	const char *reason;
	gboolean done;

	if (!api_known(request->body, error, "reason", NULL))
		return FALSE;
	reason = api_string(request->body, "reason", ACCOUNT_DOCUMENT_MAX, error);
	if (reason == NULL)
		return FALSE;
	account = directory_get(directory, request->arguments[0], error);
	if (account == NULL)
		return FALSE;
	if (account->kind == ACCOUNT_OFFICE || account->state != ACCOUNT_ACTIVE) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"%s is no active account of a person", account->uid);
		return FALSE;
	}
	/* The record first: an act without a record must not be. */
	if (!account_record_password(request, account->uid, reason, error))
		return FALSE;
	password = account_password_new();
	done = directory_set_first_password(directory, account->uid, password, error);
	if (done) {
		response->json = json_pack("{s:s, s:s}", "uid", account->uid, "password", password);
		response->secret = TRUE;
	}
	explicit_bzero(password, strlen(password));
	return done;
}

const Route routes_accounts[] = {
	{"GET", "/v1/accounts", ROLE_OTIC | ROLE_HR | ROLE_AUDITOR, FALSE, list_accounts},
	{"GET", "/v1/accounts/{uid}", ROLE_OTIC | ROLE_HR | ROLE_AUDITOR, FALSE, get_account},
	{"POST", "/v1/accounts/{uid}/reset-password", ROLE_OTIC, FALSE, reset_password},
	{NULL, NULL, 0, FALSE, NULL},
};
