/* closed_accounts.h. Any thread. */
#include "provision/closed_accounts.h"

#include "base/error.h"
#include "provision/row.h"

static char *closed_key(const char *uid)
{
	return g_strconcat("account-closed/", uid, NULL);
}

gboolean account_is_closed(Store *store, const char *uid)
{
	g_autofree char *key = closed_key(uid);
	g_autoptr(GError) failure = NULL;
	g_autofree char *mark = store_get(store, TABLE_INDEX, key, &failure);

	return mark != NULL || failure != NULL;
}

gboolean account_set_closed(StoreTxn *txn, const char *uid, gboolean closed, GError **error)
{
	g_autofree char *key = closed_key(uid);

	return closed ? store_put(txn, TABLE_INDEX, key, "1", error)
		      : store_delete(txn, TABLE_INDEX, key, error);
}

gboolean account_check_open(StoreTxn *txn, const char *uid, GError **error)
{
	g_autofree char *key = closed_key(uid);
	g_autofree char *mark = NULL;

	if (!row_load_text(txn, TABLE_INDEX, key, &mark, error))
		return FALSE;
	if (mark != NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "%s has ended already", uid);
	return mark == NULL;
}
