/*
 * Making the account of an approved request (outbox "account.create"): under the first name of the
 * directive's order that is nobody's and never was (A4). A name is nobody's when it is not reserved
 * by rule, stands in no list of [naming] taken_files, no entry of the directory has it as name or
 * address, and its entry under ou=names, which stays for ever, could be added: adding one DN has
 * one winner, so nothing can come between. May be done twice. The outbox's thread.
 *
 * TABLE_INDEX "name-number/BASE FORM" -> how many numbers of that form were given, so that the
 * hundredth Rosa Morales Aranda does not try ninety-nine names; only a hint.
 */
#include <string.h>

#include "base/error.h"
#include "core/naming.h"
#include "directory/change.h"
#include "provision/account_term.h"
#include "provision/accounts.h"
#include "provision/closed_accounts.h"
#include "provision/outbox.h"
#include "provision/request_form.h"
#include "provision/request_step.h"
#include "provision/row.h"
#include "provision/taken_names.h"

#define CANDIDATES_MAX 1000 /* tried at one time */

/* One creation. */
typedef struct {
	Service *service;
	Directory *directory;
	const json_t *row;
	const char *id;
	char *form;   /* the base form; NULL: an operator has given the name */
	guint number; /* numbers of that form that were given before */
	char *uid;    /* result */
} Creation;

/* Whether somebody else has the name; TRUE when it is free. FALSE without *error: taken. */
static gboolean is_free(Service *service, Directory *directory, const char *name, GError **error)
{
	g_autofree char *mail = account_mail(service, name);
	gboolean taken;

	if (naming_reserved(name))
		return FALSE;
	if (!taken_names_have(service->settings, name, &taken, error) || taken)
		return FALSE;
	return directory_name_unused(directory, name, mail, error);
}

static gboolean take(Service *service, Directory *directory, const char *name, const char *holder,
	GError **error)
{
	GError *failure = NULL;

	if (is_free(service, directory, name, &failure))
		return directory_reserve_name(directory, name, holder, error);
	if (failure == NULL)
		g_set_error(
			&failure, ACUSE_ERROR, ACUSE_ERROR_CONFLICT, "the name %s is taken", name);
	g_propagate_error(error, failure);
	return FALSE;
}

gboolean account_name_take(Service *service, const char *name, const char *holder, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);

	return take(service, directory, name, holder, error);
}

static Account *account_of(const Creation *creation, const char *name)
{
	const char *domain = settings_string(creation->service->settings, "institution", "domain");
	const char *until = row_text(creation->row, "until");
	Account *account = request_form_account(creation->row, name, domain);

	if (until != NULL)
		account->valid_until = account_term_end_s(creation->service, until);
	return account;
}

/* The account under that name. CONFLICT: taken. */
static gboolean create_under(Creation *creation, const char *name, GError **error)
{
	g_autoptr(Account) account = account_of(creation, name);

	return take(creation->service, creation->directory, name, creation->id, error) &&
	       directory_add_account(creation->directory, account, error);
}

/* TRUE: creation->uid is set, or the name is taken; FALSE: trouble. */
static gboolean try_name(Creation *creation, const char *name, GError **error)
{
	g_autoptr(GError) failure = NULL;

	if (create_under(creation, name, &failure)) {
		creation->uid = g_strdup(name);
		return TRUE;
	}
	if (g_error_matches(failure, ACUSE_ERROR, ACUSE_ERROR_CONFLICT))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

static char *candidate(const Creation *creation, guint n, GError **error)
{
	guint first = (guint)settings_int(creation->service->settings, "naming", "first_number");

	return naming_candidate(row_text(creation->row, "given_names"),
		row_text(creation->row, "paternal_surname"),
		row_text(creation->row, "maternal_surname"), n, first, error);
}

static char *number_key(const char *form)
{
	return g_strconcat("name-number/", form, NULL);
}

static gboolean read_number(Creation *creation, GError **error)
{
	g_autofree char *key = number_key(creation->form);
	g_autofree char *text = NULL;
	guint64 number = 0;

	if (!row_read_text(creation->service->store, TABLE_INDEX, key, &text, error))
		return FALSE;
	if (text != NULL)
		g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &number, NULL);
	creation->number = (guint)number;
	return TRUE;
}

/* The first free name of the directive's order. */
static gboolean create_by_rule(Creation *creation, GError **error)
{
	guint lettered = naming_lettered(row_text(creation->row, "maternal_surname"));

	creation->form = candidate(creation, 0, error);
	if (creation->form == NULL || !read_number(creation, error))
		return FALSE;
	for (guint i = 0; creation->uid == NULL && i < CANDIDATES_MAX; i++) {
		guint n = i < lettered ? i : i + creation->number;
		g_autofree char *name = candidate(creation, n, error);

		if (name == NULL || !try_name(creation, name, error))
			return FALSE;
		if (creation->uid != NULL && i >= lettered)
			creation->number = n - lettered + 1;
	}
	if (creation->uid == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"every name of this person is taken");
	return creation->uid != NULL;
}

/* Under the operator's name, which was reserved for this request when it was given. */
static gboolean create_by_operator(Creation *creation, const char *name, GError **error)
{
	g_autoptr(Account) account = account_of(creation, name);

	if (!directory_reserve_name(creation->directory, name, creation->id, error) ||
		!directory_add_account(creation->directory, account, error))
		return FALSE;
	creation->uid = g_strdup(name);
	return TRUE;
}

static gboolean save_number(StoreTxn *txn, const Creation *creation, GError **error)
{
	g_autofree char *key = NULL;
	g_autofree char *text = NULL;

	if (creation->form == NULL || creation->number == 0)
		return TRUE;
	key = number_key(creation->form);
	text = g_strdup_printf("%u", creation->number);
	return store_put(txn, TABLE_INDEX, key, text, error);
}

/* The request was cancelled while its account was being made. */
static gboolean queue_closing(StoreTxn *txn, const char *uid, GError **error)
{
	json_auto_t *body = json_pack("{s:s}", "uid", uid);

	return account_set_closed(txn, uid, TRUE, error) &&
	       outbox_add(txn, "account.cease", body, NULL, error);
}

/* Its end and the reminders before it. */
static gboolean set_term(StoreTxn *txn, const Creation *creation, const json_t *row, GError **error)
{
	AccountTerm term = {.uid = creation->uid,
		.until = row_text(row, "until"),
		.dni = request_form_takes_dni(row) ? row_text(row, "dni") : NULL,
		.document = row_text(row, "document"),
		.actor = row_text(row, "filed_by")};

	return term.until == NULL || account_term_set(txn, creation->service, &term, NULL, error);
}

static gboolean created_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Creation *creation = data;
	g_autoptr(Record) record =
		record_new("account.created", creation->uid, creation->service->now_s());
	json_auto_t *row = NULL;

	if (!row_load(txn, TABLE_REQUESTS, creation->id, &row, error))
		return FALSE;
	record_add(record, "request", creation->id);
	record_add_salted(record, "dni", row_text(row, "dni"));
	json_object_set_new(row, "uid", json_string(creation->uid));
	return store_append(txn, record, NULL, error) && save_number(txn, creation, error) &&
	       set_term(txn, creation, row, error) &&
	       row_save(txn, TABLE_REQUESTS, creation->id, row, error) &&
	       (request_row_state(row) != REQUEST_CANCELLED ||
		       queue_closing(txn, creation->uid, error));
}

static gboolean create(Creation *creation, GError **error)
{
	const char *given = row_text(creation->row, "name");

	if (given != NULL ? !create_by_operator(creation, given, error)
			  : !create_by_rule(creation, error))
		return FALSE;
	return store_run(creation->service->store, created_change, creation, error);
}

gboolean account_create(Service *service, const json_t *body, GError **error)
{
	const char *id = row_text(body, "request");
	json_auto_t *row = NULL;
	g_autoptr(Directory) directory = NULL;
	Creation creation = {.service = service, .id = id};
	gboolean done;

	if (!row_read(service->store, TABLE_REQUESTS, id != NULL ? id : "", &row, error))
		return FALSE;
	/* Nothing to do: carried out before a crash, or cancelled before it was begun. */
	if (row == NULL || row_text(row, "uid") != NULL ||
		request_row_state(row) == REQUEST_CANCELLED)
		return TRUE;
	creation.row = row;
	creation.directory = directory = directory_new(service->settings);
	done = create(&creation, error);
	g_free(creation.form);
	g_free(creation.uid);
	return done;
}
