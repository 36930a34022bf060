/*
 * The register of expedientes and of citizens' authorisations (Directiva 001-2020 7.6, 7.7; TUO Ley
 * 27444 art. 20.4): the entries, how they change the register, and what an intent is asked. A row
 * of TABLE_EXPEDIENTES is
 * {"number","subject","matter","time","authorisations":{ADDRESS:{"document",
 * "date","holder","holder_document","time","withdrawn":null|{"document","date","time"}}},
 * "history":[{"time","actor","event","address"|absent,"before":what was replaced|null}]}: nothing
 * that once stood there goes away. Each change is a leaf too.
 */
#ifndef ACUSE_PROVISION_REGISTER_H
#define ACUSE_PROVISION_REGISTER_H

#include "provision/service.h"

/* Strings belong to the body that they were read from, but for `address`. */
typedef struct {
	const char *number, *subject, *matter;
	char *address; /* owned: register_address; NULL: an expediente's own entry */
	const char *document, *date, *holder, *holder_document;
} RegisterEntry;

void register_entry_clear(RegisterEntry *entry);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RegisterEntry, register_entry_clear)

/* What an entry did to the register. */
typedef enum { REGISTER_NEW, REGISTER_CHANGED, REGISTER_SAME } RegisterOutcome;
const char *register_outcome_name(RegisterOutcome outcome); /* "new" "changed" "same" */

/* Who changes it, and when. */
typedef struct {
	const char *actor;
	gint64 now_s;
} RegisterHand;

/* Numbers are YEAR-NUMBER. INVALID. */
gboolean register_check_number(const char *number, GError **error);

/*
 * An address as the register compares it: the domain in lower case, the local part as the citizen
 * wrote it, since it belongs to his server (RFC 5321 2.4). A new string, or NULL with INVALID.
 */
char *register_address(const char *text, GError **error);

/*
 * Members of a body into *entry: subject and matter; or document, date, holder, holder_document.
 * INVALID names the member. number and address (checked) are set by the caller.
 */
gboolean register_read_expediente(const json_t *body, RegisterEntry *entry, GError **error);
gboolean register_read_authorisation(const json_t *body, RegisterEntry *entry, GError **error);
/* document and date alone. */
gboolean register_read_withdrawal(const json_t *body, RegisterEntry *entry, GError **error);

/*
 * Inside a change. *row: a new reference to the expediente as it is now. NOT_FOUND: an expediente
 * or authorisation that is not there; CONFLICT: withdrawn before it was given. The same entry again
 * changes nothing.
 */
gboolean register_put_expediente(StoreTxn *txn, const RegisterHand *hand,
	const RegisterEntry *entry, RegisterOutcome *outcome, json_t **row, GError **error);
gboolean register_put_authorisation(StoreTxn *txn, const RegisterHand *hand,
	const RegisterEntry *entry, RegisterOutcome *outcome, json_t **row, GError **error);
/* entry: number, address, document and the date from which the authorisation no longer holds. */
gboolean register_withdraw(StoreTxn *txn, const RegisterHand *hand, const RegisterEntry *entry,
	RegisterOutcome *outcome, json_t **row, GError **error);

/*
 * Routes (register_import.c): {"dry_run":bool,"rows":[{"line",and the members of one entry}]}, all
 * or none -> {"dry_run","new","changed","same","rows":[{"line","number","address"|absent,
 * "outcome"}]}. An error says the line. A dry run does it all but keep it.
 */
gboolean register_import_expedientes(
	const ApiRequest *request, ApiResponse *response, GError **error);
gboolean register_import_authorisations(
	const ApiRequest *request, ApiResponse *response, GError **error);

/*
 * Inside the change of an intent (checked by send_check_intent): P10 and S10, then D9 and D5, by
 * their modes. FALSE with EXPEDIENTE_UNKNOWN, NOT_NOTIFIABLE or ACT_LATE when one is enforced.
 * *findings: a new object with what goes on record, "expediente_check" (registered, unknown,
 * absent, syntax) and "authorisation" (valid, absent, early, withdrawn), each only where it was
 * asked, "act_until" (the last day to notify the act, art. 24.1) where its date is known, and
 * "findings", [{"mode","line"}], of what is not enforced.
 */
gboolean register_check_intent(StoreTxn *txn, const Service *service, const json_t *body,
	json_t **findings, GError **error);
/* The findings that are kept, into the send's own object. */
void register_note_findings(json_t *send, const json_t *findings);

#endif
