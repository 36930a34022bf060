/*
 * request_account.h. By the live copy of the directory; whether a DNI is free is asked of the
 * directory itself. When slapd does not answer, the index of the requests has to do, and the
 * creation looks again. Any thread.
 */
#include "provision/request_account.h"

#include <string.h>

#include "base/error.h"
#include "directory/change.h"
#include "provision/people.h"
#include "provision/request_form.h"
#include "provision/row.h"

static gboolean check_free(Service *service, const char *dni, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(Account) account = directory_get_by_dni(directory, dni, NULL);

	return account == NULL || account_dni_conflict(error);
}

static gboolean check_dates(const Service *service, const json_t *row, GError **error)
{
	const char *until = row_text(row, "until");
	g_autofree char *today = service_today(service);

	return until == NULL || strcmp(until, today) >= 0 ||
	       api_invalid(error, "until", "must be today or a day to come");
}

/* Names of somebody else: the number was mistyped, or worse. */
static gboolean check_person(const json_t *row, const Account *account, GError **error)
{
	if (request_form_same_person(row, account))
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
		"dni: the account of this DNI has other names");
	return FALSE;
}

/* The uid of the person's own account, a new string. */
static char *find_person(Service *service, const json_t *row, GError **error)
{
	g_autofree char *uid = people_find_uid(service, row_text(row, "dni"), error);
	g_autoptr(Account) account = uid != NULL ? account_get(service, uid, error) : NULL;

	return account != NULL && check_person(row, account, error) ? g_steal_pointer(&uid) : NULL;
}

static char *find_named(Service *service, const json_t *row, GError **error)
{
	const char *name = row_text(row, "account");
	g_autoptr(Account) account = live_directory_by_uid(service->live, name);
	AccountKind kind = ACCOUNT_PERSON;

	account_kind_parse(row_text(row, "kind"), &kind);
	if (account == NULL || account->kind != kind || account->state == ACCOUNT_CEASED) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND,
			"account: no account of that name and kind");
		return NULL;
	}
	if (kind == ACCOUNT_THIRD_PARTY && g_strcmp0(account->dni, row_text(row, "dni")) != 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"dni: the account is somebody else's");
		return NULL;
	}
	return g_strdup(account->uid);
}

static gboolean check_active(Service *service, const char *uid, GError **error)
{
	g_autoptr(Account) account = live_directory_by_uid(service->live, uid);

	if (account == NULL || account->state == ACCOUNT_ACTIVE)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "the account is %s",
		account_state_name(account->state));
	return FALSE;
}

gboolean request_account_find(Service *service, const json_t *row, char **uid, GError **error)
{
	gboolean create = request_form_is(row, "create");

	*uid = NULL;
	if (!check_dates(service, row, error))
		return FALSE;
	if (create && request_form_by_rule(row))
		return check_free(service, row_text(row, "dni"), error);
	*uid = create || row_text(row, "account") == NULL ? find_person(service, row, error)
							  : find_named(service, row, error);
	if (*uid == NULL)
		return FALSE;
	if (request_form_is(row, "password") && !check_active(service, *uid, error)) {
		g_clear_pointer(uid, g_free);
		return FALSE;
	}
	/* Who answers for an activity: its account is to be made. */
	if (create && strcmp(row_text(row, "kind"), "activity") == 0)
		g_clear_pointer(uid, g_free);
	return TRUE;
}
