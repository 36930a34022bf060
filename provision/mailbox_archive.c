/*
 * mailbox_archive.h: the copy and its way back. TABLE_INDEX "mailbox-archive/UID/NUMBER" ->
 * {"uid","sha256","bytes","messages","time"}. Making one may be done twice: then there are two. Any
 * thread; fails with UNAVAILABLE while the mail server does not answer.
 */
#include "provision/mailbox_archive.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/hex.h"
#include "base/log.h"
#include "core/naming.h"
#include "directory/change.h"
#include "provision/closed_accounts.h"
#include "provision/list.h"
#include "provision/mailbox_server.h"
#include "provision/outbox.h"
#include "provision/row.h"

#define PREFIX "mailbox-archive/"
#define WAIT_MS (30 * 60 * 1000)
#define RESTORE_WAIT_MS 20000 /* a client of the API waits so long */

typedef struct {
	Service *service;
	const char *uid, *sha256;
	gint64 bytes, messages;
} Archive;

/* What the script wrote: "SHA256 BYTES MESSAGES". */
static gboolean read_answer(const char *text, Archive *archive, char **sha256, GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 3);
	guint64 bytes, messages;

	if (g_strv_length(words) != 3 || !hex_is_sha256(words[0]) ||
		!g_ascii_string_to_unsigned(words[1], 10, 1, G_MAXINT64, &bytes, NULL) ||
		!g_ascii_string_to_unsigned(words[2], 10, 0, G_MAXINT64, &messages, NULL)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
			"mail server: its answer cannot be read");
		return FALSE;
	}
	archive->bytes = (gint64)bytes;
	archive->messages = (gint64)messages;
	archive->sha256 = *sha256 = g_strdup(words[0]);
	return TRUE;
}

static gboolean archived_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Archive *archive = data;
	g_autoptr(Record) record =
		record_new("account.archived", archive->uid, archive->service->now_s());
	g_autofree char *time = time_to_rfc3339(archive->service->now_s());
	g_autofree char *key = NULL;
	json_auto_t *row = json_pack("{s:s, s:s, s:I, s:I, s:s}", "uid", archive->uid, "sha256",
		archive->sha256, "bytes", (json_int_t)archive->bytes, "messages",
		(json_int_t)archive->messages, "time", time);
	guint64 number;

	if (!store_next(txn, "mailbox-archive", &number, error))
		return FALSE;
	key = g_strdup_printf(PREFIX "%s/%020" G_GUINT64_FORMAT, archive->uid, number);
	record_add(record, "sha256", archive->sha256);
	record_add_int(record, "bytes", archive->bytes);
	record_add_int(record, "messages", archive->messages);
	return store_append(txn, record, NULL, error) &&
	       row_save(txn, TABLE_INDEX, key, row, error);
}

/* Whether nobody can log in any more: what is copied then is all there will be. */
static gboolean is_shut(Service *service, const char *uid, GError **error)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(Account) account = directory_get(directory, uid, error);

	if (account == NULL || account->state == ACCOUNT_CEASED)
		return account != NULL;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "the account is still open");
	return FALSE;
}

gboolean mailbox_archive(Service *service, const json_t *body, GError **error)
{
	const char *uid = row_text(body, "uid");
	const char *const words[] = {MAILBOX_SERVER_ARCHIVE, uid, NULL};
	Archive archive = {.service = service, .uid = uid};
	g_autofree char *said = NULL, *sha256 = NULL;

	if (!account_is_closed(service->store, uid))
		return TRUE; /* reinstated since: the mailbox is in use */
	if (!mailbox_server_set(service->settings)) {
		log_warning("a closed mailbox is not copied: [mailboxes] socket is not set", "uid",
			uid, NULL);
		return TRUE;
	}
	if (!is_shut(service, uid, error))
		return FALSE;
	said = mailbox_server_run(service->settings, words, WAIT_MS, error);
	return said != NULL && read_answer(said, &archive, &sha256, error) &&
	       store_run(service->store, archived_change, &archive, error);
}

static json_t *show(const char *key, const char *value, gpointer data, GError **error)
{
	(void)key;
	(void)data;
	return row_parse(value, error);
}

gboolean mailbox_archives(const ApiRequest *request, ApiResponse *response, GError **error)
{
	g_autofree char *prefix = g_strdup_printf(PREFIX "%s/", request->arguments[0]);
	const List list = {TABLE_INDEX, prefix, FALSE, show, NULL};

	return list_answer(request, &list, response, error);
}

/* ---- back ---- */

typedef struct {
	const char *wanted; /* NULL: the newest */
	json_t *row;
} Search;

static gboolean choose(const char *key, const char *value, gpointer data)
{
	Search *search = data;
	json_t *row = row_parse(value, NULL);

	(void)key;
	if (search->wanted == NULL || g_strcmp0(row_text(row, "sha256"), search->wanted) == 0) {
		json_decref(search->row);
		search->row = row;
	} else {
		json_decref(row);
	}
	return TRUE;
}

static json_t *find_archive(
	const ApiRequest *request, const char *uid, const char *wanted, GError **error)
{
	g_autofree char *prefix = g_strdup_printf(PREFIX "%s/", uid);
	Search search = {wanted, NULL};

	if (!store_scan(request->service->store, TABLE_INDEX, prefix, NULL, FALSE, choose, &search,
		    error))
		return NULL;
	if (search.row == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND,
			"no copy of the mailbox of %s", uid);
	return search.row;
}

typedef struct {
	const ApiRequest *request;
	const char *uid, *into, *document, *sha256;
} Restoring;

/* Who reads whose old mail is on record before it is read. */
static gboolean restoring_change(StoreTxn *txn, gpointer data, GError **error)
{
	const Restoring *restoring = data;
	g_autoptr(Record) record = record_new(
		"account.restored", restoring->uid, restoring->request->service->now_s());

	record_add(record, "into", restoring->into);
	record_add(record, "sha256", restoring->sha256);
	record_add(record, "document", restoring->document);
	record_add(record, "actor", restoring->request->actor);
	return store_append(txn, record, NULL, error);
}

static gboolean check_target(Service *service, const char *into, GError **error)
{
	g_autoptr(Account) account = live_directory_by_uid(service->live, into);

	return (account != NULL && account->state == ACCOUNT_ACTIVE) ||
	       api_invalid(error, "into", "no active account of that name");
}

static gboolean restore(Restoring *restoring, ApiResponse *response, GError **error)
{
	const Service *service = restoring->request->service;
	const char *const words[] = {
		MAILBOX_SERVER_RESTORE, restoring->uid, restoring->sha256, restoring->into, NULL};
	g_autofree char *folder = g_strconcat("restaurado/", restoring->uid, NULL);
	g_autofree char *said = NULL;
	g_autoptr(GError) failure = NULL;
	guint64 messages = 0;

	if (!store_run(service->store, restoring_change, restoring, error))
		return FALSE;
	said = mailbox_server_run(service->settings, words, RESTORE_WAIT_MS, &failure);
	if (said == NULL && !g_error_matches(failure, ACUSE_ERROR, ACUSE_ERROR_TIMEOUT)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (said == NULL) {
		/* A large one goes on in the mail server; what it puts back appears there. */
		response->status = 202;
		response->json = json_pack("{s:s, s:s, s:s, s:s, s:b}", "uid", restoring->uid,
			"into", restoring->into, "folder", folder, "sha256", restoring->sha256,
			"pending", TRUE);
		return TRUE;
	}
	g_ascii_string_to_unsigned(said, 10, 0, G_MAXINT64, &messages, NULL);
	response->json = json_pack("{s:s, s:s, s:s, s:s, s:I}", "uid", restoring->uid, "into",
		restoring->into, "folder", folder, "sha256", restoring->sha256, "messages",
		(json_int_t)messages);
	return TRUE;
}

gboolean mailbox_restore(const ApiRequest *request, ApiResponse *response, GError **error)
{
	Restoring restoring = {.request = request, .uid = request->arguments[0]};
	json_auto_t *row = NULL;
	const char *wanted;

	if (!api_known(request->body, error, "into", "document", "archive", NULL))
		return FALSE;
	restoring.into = api_string(request->body, "into", NAMING_MAX_CHARS, error);
	if (restoring.into == NULL)
		return FALSE;
	restoring.document = api_string(request->body, "document", ACCOUNT_DOCUMENT_MAX, error);
	if (restoring.document == NULL ||
		!api_string_optional(request->body, "archive", 64, &wanted, error) ||
		!check_target(request->service, restoring.into, error))
		return FALSE;
	if (!mailbox_server_set(request->service->settings)) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE,
			"[mailboxes] socket is not set");
		return FALSE;
	}
	row = find_archive(request, restoring.uid, wanted, error);
	if (row == NULL)
		return FALSE;
	restoring.sha256 = row_text(row, "sha256");
	return restore(&restoring, response, error);
}
