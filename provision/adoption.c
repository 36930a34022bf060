/*
 * People who were in the directory before Acuse (POST /v1/accounts/adopt): an entry of ou=people
 * with its uid, address and names becomes a personal account. The operator gives what such an entry
 * does not say: the DNI, and where the surnames part. All rows or none, or only shown. Names are
 * reserved first (for ever, for the entry's own uid: again is the same); record, index and outbox
 * entries are one change; the outbox writes the entry. The password stays as it is.
 *
 * TABLE_INDEX "adopted/UID" -> {"uid","dni","paternal_surname","maternal_surname"}. Any
 * thread; UNAVAILABLE while slapd does not answer.
 */
#include <string.h>

#include "base/error.h"
#include "core/naming.h"
#include "directory/change.h"
#include "provision/accounts.h"
#include "provision/adoption.h"
#include "provision/outbox.h"
#include "provision/row.h"

#define ROWS_MAX 1000
#define HOLDER_PREFIX "adopted:"

typedef struct {
	json_int_t line; /* 0: none was told */
	char *uid;
	Account *account; /* as it becomes; NULL: it cannot */
	GError *problem;
} Row;

typedef struct {
	const ApiRequest *request;
	const char *document;
	Directory *directory;
	GPtrArray *rows;
	guint64 number;
} Adoption;

static void row_free(gpointer data)
{
	Row *row = data;

	g_free(row->uid);
	account_free(row->account);
	g_clear_error(&row->problem);
	g_free(row);
}

static char *adopted_key(const char *uid)
{
	return g_strconcat(ADOPTED_PREFIX, uid, NULL);
}

static char *tidy(const char *text)
{
	char *tidied = text != NULL ? account_text_tidy(text) : NULL;

	return tidied != NULL ? tidied : g_strdup("");
}

/* "Morales Aranda" of a person whose maternal surname is Aranda: Morales. */
static char *paternal_of(const char *surnames, const char *maternal)
{
	g_autofree char *folded = g_utf8_casefold(surnames, -1);
	g_autofree char *end = g_utf8_casefold(maternal, -1);
	g_autofree char *tail = g_strconcat(" ", end, NULL);
	glong keep = g_utf8_strlen(surnames, -1) - g_utf8_strlen(maternal, -1) - 1;

	if (*maternal == '\0' || !g_str_has_suffix(folded, tail) || keep < 1)
		return g_strdup(surnames);
	return g_utf8_substring(surnames, 0, keep);
}

/* What the row itself says; the account has the dni and the surnames that were given. */
static gboolean read_item(Row *row, Account *given, const json_t *item, GError **error)
{
	const char *dni, *uid, *paternal, *maternal;

	if (!json_is_object(item))
		return api_invalid(error, "rows", "must be a list of objects");
	row->line = json_integer_value(json_object_get(item, "line"));
	if (!api_known(item, error, "line", "uid", "dni", "paternal_surname", "maternal_surname",
		    NULL))
		return FALSE;
	uid = api_string(item, "uid", NAMING_MAX_CHARS, error);
	if (uid == NULL)
		return FALSE;
	row->uid = g_strdup(uid);
	if (!naming_office_valid(uid))
		return api_invalid(error, "uid",
			"must be a-z, 0-9, single dots and hyphens, and no reserved name");
	dni = api_string(item, "dni", 16, error);
	if (dni == NULL ||
		!api_string_optional(
			item, "paternal_surname", ACCOUNT_NAME_MAX, &paternal, error) ||
		!api_string_optional(item, "maternal_surname", ACCOUNT_NAME_MAX, &maternal, error))
		return FALSE;
	given->dni = account_dni_read(dni, error);
	given->paternal_surname = tidy(paternal);
	given->maternal_surname = tidy(maternal);
	return given->dni != NULL;
}

/* Whether another row or account has the DNI; FALSE with CONFLICT then. */
static gboolean check_dni(const Adoption *adoption, const Row *row, const char *dni, GError **error)
{
	Service *service = adoption->request->service;
	g_autofree char *key = account_dni_key(dni);
	GError *failure = NULL;
	g_autofree char *holder = store_get(service->store, TABLE_INDEX, key, &failure);
	g_autoptr(Account) account =
		failure == NULL ? directory_get_by_dni(adoption->directory, dni, &failure) : NULL;

	if (failure != NULL) {
		g_propagate_error(error, failure);
		return FALSE;
	}
	if (holder != NULL || account != NULL)
		return account_dni_conflict(error);
	for (guint i = 0; i < adoption->rows->len; i++) {
		const Row *other = adoption->rows->pdata[i];

		if (other == row || other->account == NULL)
			continue;
		if (strcmp(other->account->dni, dni) == 0)
			return api_invalid(error, "dni", "stands twice in the list");
		if (strcmp(other->uid, row->uid) == 0)
			return api_invalid(error, "uid", "stands twice in the list");
	}
	return TRUE;
}

static gboolean check_names(const Adoption *adoption, const Account *account, GError **error)
{
	g_autofree char *mail = account_mail(adoption->request->service, account->uid);
	GError *failure = NULL;

	if (g_ascii_strcasecmp(account->mail, mail) != 0) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"the address is %s and not %s", account->mail, mail);
		return FALSE;
	}
	if (directory_name_unused(adoption->directory, account->uid, mail, &failure))
		return TRUE;
	if (failure == NULL)
		g_set_error(&failure, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"another entry has the name or the address");
	g_propagate_error(error, failure);
	return FALSE;
}

/* row->account, or row->problem. */
static void read_row(const Adoption *adoption, Row *row, const json_t *item)
{
	g_autoptr(Account) given = account_new();
	g_autoptr(Account) account = NULL;

	if (!read_item(row, given, item, &row->problem) ||
		!check_dni(adoption, row, given->dni, &row->problem))
		return;
	account = directory_get_stranger(adoption->directory, row->uid, &row->problem);
	if (account == NULL || !check_names(adoption, account, &row->problem))
		return;
	if (*given->paternal_surname == '\0') {
		g_free(given->paternal_surname);
		given->paternal_surname =
			paternal_of(account->paternal_surname, given->maternal_surname);
	}
	g_free(account->paternal_surname);
	account->paternal_surname = g_steal_pointer(&given->paternal_surname);
	account->maternal_surname = g_steal_pointer(&given->maternal_surname);
	account->dni = g_steal_pointer(&given->dni);
	g_free(account->uid);
	account->uid = g_strdup(row->uid); /* case is the directory's own affair */
	row->account = g_steal_pointer(&account);
}

static gboolean record_one(
	StoreTxn *txn, Adoption *adoption, const Account *account, GError **error)
{
	const ApiRequest *request = adoption->request;
	g_autoptr(Record) record =
		record_new("account.adopted", account->uid, request->service->now_s());
	g_autofree char *dni_key = account_dni_key(account->dni);
	g_autofree char *mark = account_uid_mark(account->uid);
	g_autofree char *key = adopted_key(account->uid);
	g_autofree char *holder = NULL;
	json_auto_t *row = json_pack("{s:s, s:s, s:s, s:s}", "uid", account->uid, "dni",
		account->dni, "paternal_surname", account->paternal_surname, "maternal_surname",
		account->maternal_surname);

	if (!row_load_text(txn, TABLE_INDEX, dni_key, &holder, error))
		return FALSE;
	if (holder != NULL)
		return account_dni_conflict(error);
	record_add_salted(record, "dni", account->dni);
	record_add(record, "document", adoption->document);
	record_add(record, "actor", request->actor);
	return store_append(txn, record, NULL, error) &&
	       store_put(txn, TABLE_INDEX, dni_key, mark, error) &&
	       row_save(txn, TABLE_INDEX, key, row, error) &&
	       outbox_add(txn, "account.adopt", row, &adoption->number, error);
}

static gboolean record_all(StoreTxn *txn, gpointer data, GError **error)
{
	Adoption *adoption = data;

	for (guint i = 0; i < adoption->rows->len; i++) {
		const Row *row = adoption->rows->pdata[i];
		GError *failure = NULL;

		if (record_one(txn, adoption, row->account, &failure))
			continue;
		g_propagate_prefixed_error(error, failure, "%s: ", row->uid);
		return FALSE;
	}
	return TRUE;
}

/* All of them, or none with the first problem. */
static gboolean adopt_all(Adoption *adoption, GError **error)
{
	for (guint i = 0; i < adoption->rows->len; i++) {
		const Row *row = adoption->rows->pdata[i];

		if (row->problem == NULL)
			continue;
		g_set_error(error, ACUSE_ERROR, row->problem->code, "nothing was done: %s: %s",
			row->uid != NULL ? row->uid : "uid", row->problem->message);
		return FALSE;
	}
	for (guint i = 0; i < adoption->rows->len; i++) {
		const Row *row = adoption->rows->pdata[i];
		g_autofree char *holder = g_strconcat(HOLDER_PREFIX, row->uid, NULL);

		if (!directory_reserve_name(adoption->directory, row->uid, holder, error)) {
			g_prefix_error(error, "nothing was done: ");
			return FALSE;
		}
	}
	return store_run(adoption->request->service->store, record_all, adoption, error);
}

static json_t *show(const Row *row)
{
	const Account *account = row->account;
	json_t *item = json_pack("{s:s?, s:s?}", "uid", row->uid, "problem",
		row->problem != NULL ? row->problem->message : NULL);

	if (row->line != 0)
		json_object_set_new(item, "line", json_integer(row->line));
	if (account == NULL)
		return item;
	json_object_set_new(item, "mail", json_string(account->mail));
	json_object_set_new(item, "given_names", json_string(account->given_names));
	json_object_set_new(item, "paternal_surname", json_string(account->paternal_surname));
	json_object_set_new(item, "maternal_surname", json_string(account->maternal_surname));
	json_object_set_new(item, "post", json_pack("s?", account->post));
	json_object_set_new(item, "unit", json_pack("s?", account->unit));
	return item;
}

static void answer(const Adoption *adoption, gboolean dry_run, ApiResponse *response)
{
	json_t *items = json_array();

	for (guint i = 0; i < adoption->rows->len; i++)
		json_array_append_new(items, show(adoption->rows->pdata[i]));
	response->json = json_pack("{s:b, s:o}", "dry_run", (int)dry_run, "items", items);
	/* On record and ordered, but slapd has gone since it was asked. */
	if (adoption->number != 0 && !outbox_wait(adoption->request->service->outbox,
					     adoption->number, ACCOUNT_WAIT_MS)) {
		response->status = 202;
		json_object_set_new(response->json, "pending", json_true());
	}
}

gboolean accounts_adopt(const ApiRequest *request, ApiResponse *response, GError **error)
{
	const json_t *list = json_object_get(request->body, "rows");
	const json_t *dry_run = json_object_get(request->body, "dry_run");
	g_autoptr(Directory) directory = directory_new(request->service->settings);
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
	Adoption adoption = {.request = request, .directory = directory, .rows = rows};

	if (!api_known(request->body, error, "document", "rows", "dry_run", NULL))
		return FALSE;
	adoption.document = api_string(request->body, "document", ACCOUNT_DOCUMENT_MAX, error);
	if (adoption.document == NULL || !api_rows(request->body, ROWS_MAX, error))
		return FALSE;
	for (size_t i = 0; i < json_array_size(list); i++) {
		Row *row = g_new0(Row, 1);

		g_ptr_array_add(rows, row);
		read_row(&adoption, row, json_array_get(list, i));
		/* No answer is no problem of the row's. */
		if (g_error_matches(row->problem, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE)) {
			g_propagate_error(error, g_steal_pointer(&row->problem));
			return FALSE;
		}
	}
	if (!json_is_true(dry_run) && !adopt_all(&adoption, error))
		return FALSE;
	answer(&adoption, json_is_true(dry_run), response);
	return TRUE;
}

gboolean account_adopt(Service *service, const json_t *body, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(Account) account = account_new();

	account->uid = g_strdup(row_text(body, "uid"));
	account->dni = g_strdup(row_text(body, "dni"));
	account->paternal_surname = g_strdup(row_text(body, "paternal_surname"));
	account->maternal_surname = g_strdup(row_text(body, "maternal_surname"));
	return directory_adopt(directory, account, error);
}
