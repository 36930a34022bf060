/*
 * The owner's own change of the password, over TLS by anybody who knows the old one, also while it
 * must be changed or has expired (A11). Guessing is braked in memory by account and by address, and
 * by slapd's own lock. What was changed is a record; what failed is none, so that strangers cannot
 * write the ledger. Any thread.
 */
#include "provision/self.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "directory/change.h"
#include "provision/accounts.h"
#include "provision/attempts.h"

#define WINDOW_S 900
#define FAILURES_PER_ACCOUNT 8
#define FAILURES_PER_ADDRESS 40 /* an office may stand behind one address */

typedef struct {
	Attempts *accounts, *addresses;
} Brakes;

static gpointer brakes_new(gpointer data)
{
	Brakes *brakes = g_new0(Brakes, 1);

	(void)data;
	brakes->accounts = attempts_new(FAILURES_PER_ACCOUNT, WINDOW_S);
	brakes->addresses = attempts_new(FAILURES_PER_ADDRESS, WINDOW_S);
	return brakes;
}

static Brakes *brakes_get(void)
{
	static GOnce once = G_ONCE_INIT;

	return g_once(&once, brakes_new, NULL);
}

/* What people type as their name: blanks around, capitals, the domain behind. A new string. */
static char *tidy_uid(Service *service, const char *typed)
{
	g_autofree char *suffix =
		g_strconcat("@", settings_string(service->settings, "institution", "domain"), NULL);
	char *uid = g_utf8_strdown(typed, -1);

	g_strstrip(uid);
	if (g_str_has_suffix(uid, suffix))
		uid[strlen(uid) - strlen(suffix)] = '\0';
	return uid;
}

static gboolean may_try(const ApiRequest *request, const char *uid, GError **error)
{
	Brakes *brakes = brakes_get();
	gint64 now_s = request->service->now_s();

	if (attempts_allowed(brakes->accounts, uid, now_s) &&
		attempts_allowed(brakes->addresses, request->actor, now_s))
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_FORBIDDEN, "%s",
		_("Demasiados intentos. Espere quince minutos"));
	return FALSE;
}

static void note_failure(const ApiRequest *request, const char *uid, const GError *failure)
{
	Brakes *brakes = brakes_get();
	gint64 now_s = request->service->now_s();

	if (!g_error_matches(failure, ACUSE_ERROR, ACUSE_ERROR_UNAUTHENTICATED))
		return;
	attempts_failed(brakes->accounts, uid, now_s);
	attempts_failed(brakes->addresses, request->actor, now_s);
}

Account *self_prove(
	const ApiRequest *request, const char *typed, const char *password, GError **error)
{
	g_autofree char *uid = tidy_uid(request->service, typed);
	g_autoptr(Directory) directory = NULL;
	GError *failure = NULL;
	Account *account;

	if (!may_try(request, uid, error))
		return NULL;
	directory = directory_new(request->service->settings);
	account = directory_prove(directory, uid, password, &failure);
	if (account != NULL) {
		attempts_forget(brakes_get()->accounts, uid);
		return account;
	}
	note_failure(request, uid, failure);
	g_propagate_error(error, failure);
	return NULL;
}

gboolean self_change_password(const ApiRequest *request, const char *typed,
	const char *old_password, const char *new_password, GError **error)
{
	g_autofree char *uid = tidy_uid(request->service, typed);
	g_autoptr(Directory) directory = NULL;
	g_autoptr(GError) failure = NULL;

	if (!may_try(request, uid, error))
		return FALSE;
	directory = directory_new(request->service->settings);
	if (!directory_change_own_password(directory, uid, old_password, new_password, &failure)) {
		note_failure(request, uid, failure);
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	attempts_forget(brakes_get()->accounts, uid);
	/* The password is changed: the person must hear that, whatever becomes of the record. */
	if (!account_record_password(request, uid, "owner", &failure))
		log_error("a change of password is not on record", "uid", uid, "reason",
			failure->message, NULL);
	return TRUE;
}

static gboolean post_password(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const char *uid, *old_password, *new_password;

	if (!api_known(request->body, error, "uid", "old_password", "new_password", NULL))
		return FALSE;
	uid = api_string(request->body, "uid", SELF_TEXT_MAX, error);
	if (uid == NULL)
		return FALSE;
	old_password = api_string(request->body, "old_password", SELF_TEXT_MAX, error);
	if (old_password == NULL)
		return FALSE;
	new_password = api_string(request->body, "new_password", SELF_TEXT_MAX, error);
	if (new_password == NULL ||
		!self_change_password(request, uid, old_password, new_password, error))
		return FALSE;
	response->json = json_object();
	return TRUE;
}

const Route routes_self[] = {
	{"POST", "/v1/self/password", ROLE_PUBLIC, FALSE, post_password},
	{"GET", "/", ROLE_PUBLIC, FALSE, page_get},
	{"POST", "/clave", ROLE_PUBLIC, TRUE, page_post},
	{NULL, NULL, 0, FALSE, NULL},
};
