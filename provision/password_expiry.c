/*
 * Warnings before passwords end (A11, DI-002 art. 8.7): once a day, to whose password was changed
 * so long ago that it ends in as many days as [password] warn_days says. slapd keeps the time of
 * the change and does the ending. A due kind that orders itself for the next day together with its
 * notices, so each is sent once.
 */
#include "base/error.h"
#include "core/calendar.h"
#include "directory/change.h"
#include "provision/due.h"
#include "provision/notices.h"
#include "provision/people.h"

#define KIND "password-expiry"
#define SUBJECT "all"
#define DAY_S 86400

typedef struct {
	Service *service;
	const GPtrArray *accounts;
	const char *today;
} Look;

/* Whether today is one of the days of warning before that day. */
static gboolean is_day_of_warning(const Look *look, const char *end)
{
	const char *const *days = settings_list(look->service->settings, "password", "warn_days");

	for (; *days != NULL; days++) {
		guint64 before;
		g_autofree char *day = NULL;

		if (!g_ascii_string_to_unsigned(*days, 10, 1, 365, &before, NULL))
			continue;
		day = calendar_add_days(end, -(int)before);
		if (g_strcmp0(day, look->today) == 0)
			return TRUE;
	}
	return FALSE;
}

static gboolean warn(StoreTxn *txn, const Look *look, const Account *account, GError **error)
{
	gint64 life_s = settings_int(look->service->settings, "password", "max_age_days") * DAY_S;
	g_autofree char *end = NULL;
	json_auto_t *facts = NULL;

	if (account->kind == ACCOUNT_OFFICE || account->state != ACCOUNT_ACTIVE ||
		account->must_change_password || account->password_changed == 0)
		return TRUE;
	end = service_day(look->service, account->password_changed + life_s);
	if (!is_day_of_warning(look, end))
		return TRUE;
	facts = json_pack("{s:s}", "date", end);
	return notice_add(txn, account->mail, notice_password_expiry.kind, facts,
		look->service->now_s(), error);
}

static gboolean look_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Look *look = data;

	for (guint i = 0; i < look->accounts->len; i++)
		if (!warn(txn, look, look->accounts->pdata[i], error))
			return FALSE;
	return due_set_tomorrow(txn, look->service, KIND, SUBJECT, error);
}

gboolean password_expiry_due(
	Service *service, const char *subject, const json_t *body, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(GPtrArray) accounts = directory_list(directory, error);
	g_autofree char *today = service_today(service);
	Look look = {service, accounts, today};

	(void)subject;
	(void)body;
	return accounts != NULL && store_run(service->store, look_change, &look, error);
}

gboolean password_expiry_arm(Service *service, GError **error)
{
	return due_arm(service, KIND, SUBJECT, error);
}
