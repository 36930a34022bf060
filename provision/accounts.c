/*
 * Reading accounts (/v1/accounts; passwords.c has their passwords). Reads are of the directory
 * itself: what OTIC sees is what holds. Fails with UNAVAILABLE when slapd does not answer. Any
 * thread.
 */
#include "provision/accounts.h"

#include <string.h>

#include "base/error.h"
#include "directory/change.h"
#include "provision/adoption.h"
#include "provision/mailbox_archive.h"

static gint by_key(gconstpointer left, gconstpointer right, gpointer data)
{
	const AccountList *list = data;

	return strcmp(list->key(*(Account *const *)left), list->key(*(Account *const *)right));
}

gboolean account_list_answer(
	const ApiRequest *request, const AccountList *list, ApiResponse *response, GError **error)
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
	g_ptr_array_sort_with_data(accounts, by_key, (gpointer)list);
	items = json_array();
	for (guint i = 0; i < accounts->len; i++) {
		const Account *account = accounts->pdata[i];
		const char *key = list->key(account);

		if ((list->has != NULL && !list->has(account)) ||
			(after != NULL && strcmp(key, after) <= 0))
			continue;
		more = json_array_size(items) == limit;
		if (more)
			break;
		json_array_append_new(items, list->to_json(account));
		last = key;
	}
	response->json = json_pack("{s:o, s:s?}", "items", items, "next", more ? last : NULL);
	return TRUE;
}

static const char *uid_of(const Account *account)
{
	return account->uid;
}

static gboolean list_accounts(const ApiRequest *request, ApiResponse *response, GError **error)
{
	static const AccountList list = {uid_of, NULL, account_to_json};

	return account_list_answer(request, &list, response, error);
}

static gboolean get_account(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autoptr(Directory) directory = directory_new(request->service->settings);
	const char *name = request->arguments[0];
	g_autoptr(Account) account = strchr(name, '@') != NULL
					     ? directory_get_by_address(directory, name, error)
					     : directory_get(directory, name, error);

	if (account == NULL)
		return FALSE;
	response->json = account_to_json(account);
	return TRUE;
}

const Route routes_accounts[] = {
	{"GET", "/v1/accounts", ROLE_OTIC | ROLE_HR | ROLE_AUDITOR, FALSE, list_accounts},
	{"GET", "/v1/accounts/{uid}", ROLE_OTIC | ROLE_HR | ROLE_AUDITOR, FALSE, get_account},
	{"POST", "/v1/accounts/adopt", ROLE_OTIC, FALSE, accounts_adopt},
	{"GET", "/v1/accounts/{uid}/history", ROLE_OTIC | ROLE_HR | ROLE_AUDITOR, FALSE,
		account_history},
	{"GET", "/v1/accounts/{uid}/archives", ROLE_OTIC | ROLE_AUDITOR, FALSE, mailbox_archives},
	{"POST", "/v1/accounts/{uid}/restore", ROLE_OTIC, FALSE, mailbox_restore},
	{"POST", "/v1/accounts/{uid}/reset-password", ROLE_OTIC, FALSE, passwords_reset},
	{"POST", "/v1/accounts/{uid}/force-change", ROLE_OTIC, FALSE, passwords_force},
	{"POST", "/v1/passwords/force-change", ROLE_OTIC, FALSE, passwords_force_all},
	{"POST", "/v1/directory/reconcile", ROLE_OTIC, FALSE, directory_reconcile},
	{NULL, NULL, 0, FALSE, NULL},
};
