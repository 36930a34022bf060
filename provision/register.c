/*
 * register.h: entries are read out of bodies, and put into the register with their history and
 * their leaf. Fails with INVALID, NOT_FOUND, CONFLICT, or as the store does, and then nothing is
 * changed. Reading: any thread; the rest runs in the committer's.
 */
#include "provision/register.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "provision/row.h"

#define SUBJECT_CHARS_MAX 500
#define MATTER_CHARS_MAX 200
#define DOCUMENT_CHARS_MAX 200
#define HOLDER_CHARS_MAX 200
#define HOLDER_DOCUMENT_CHARS_MAX 40
#define DATE_CHARS_MAX 10

void register_entry_clear(RegisterEntry *entry)
{
	g_clear_pointer(&entry->address, g_free);
}

const char *register_outcome_name(RegisterOutcome outcome)
{
	static const char *const names[] = {"new", "changed", "same"};

	return names[outcome];
}

gboolean register_check_number(const char *number, GError **error)
{
	if (g_regex_match_simple("^[0-9]{4}-[0-9]{3,9}\\z", number, 0, 0))
		return TRUE;
	return api_invalid(error, "number", "must be YEAR-NUMBER, as 2026-000123");
}

char *register_address(const char *text, GError **error)
{
	g_autofree char *lower = api_address(text, "address", error);
	gsize local;

	if (lower == NULL)
		return NULL;
	local = (gsize)(strrchr(text, '@') - text);
	memcpy(lower, text, local);
	return g_steal_pointer(&lower);
}

gboolean register_read_expediente(const json_t *body, RegisterEntry *entry, GError **error)
{
	entry->subject = api_string(body, "subject", SUBJECT_CHARS_MAX, error);
	return entry->subject != NULL &&
	       api_string_optional(body, "matter", MATTER_CHARS_MAX, &entry->matter, error);
}

gboolean register_read_withdrawal(const json_t *body, RegisterEntry *entry, GError **error)
{
	entry->document = api_string(body, "document", DOCUMENT_CHARS_MAX, error);
	if (entry->document == NULL)
		return FALSE;
	entry->date = api_string(body, "date", DATE_CHARS_MAX, error);
	return entry->date != NULL && api_date(entry->date, error);
}

gboolean register_read_authorisation(const json_t *body, RegisterEntry *entry, GError **error)
{
	if (!register_read_withdrawal(body, entry, error))
		return FALSE;
	entry->holder = api_string(body, "holder", HOLDER_CHARS_MAX, error);
	return entry->holder != NULL &&
	       api_string_optional(body, "holder_document", HOLDER_DOCUMENT_CHARS_MAX,
		       &entry->holder_document, error);
}

static gboolean has_value(const json_t *object, const char *name, const char *value)
{
	return g_strcmp0(row_text(object, name), value) == 0;
}

/* The member, made when a row of an older version has none. */
static json_t *member(json_t *row, const char *name, json_t *(*make)(void))
{
	if (json_object_get(row, name) == NULL)
		json_object_set_new(row, name, make());
	return json_object_get(row, name);
}

/* before: borrowed, or NULL when nothing was replaced. */
static void note(json_t *row, const RegisterHand *hand, const char *event, const char *address,
	json_t *before)
{
	g_autofree char *time = time_to_rfc3339(hand->now_s);
	json_t *entry = json_pack("{s:s, s:s?, s:s, s:O?}", "time", time, "actor", hand->actor,
		"event", event, "before", before);

	if (address != NULL)
		json_object_set_new(entry, "address", json_string(address));
	json_array_append_new(member(row, "history", json_array), entry);
}

/* The row with its leaf; consumes nothing. */
static gboolean save(
	StoreTxn *txn, const char *number, const json_t *row, const Record *record, GError **error)
{
	return row_save(txn, TABLE_EXPEDIENTES, number, row, error) &&
	       store_append(txn, record, NULL, error);
}

gboolean register_put_expediente(StoreTxn *txn, const RegisterHand *hand,
	const RegisterEntry *entry, RegisterOutcome *outcome, json_t **row, GError **error)
{
	g_autofree char *time = time_to_rfc3339(hand->now_s);
	g_autoptr(Record) record = NULL;
	json_auto_t *before = NULL;

	if (!row_load(txn, TABLE_EXPEDIENTES, entry->number, row, error))
		return FALSE;
	*outcome = *row == NULL ? REGISTER_NEW : REGISTER_CHANGED;
	if (*row != NULL && has_value(*row, "subject", entry->subject) &&
		has_value(*row, "matter", entry->matter)) {
		*outcome = REGISTER_SAME;
		return TRUE;
	}
	if (*row == NULL)
		*row = json_pack("{s:s, s:s, s:{}, s:[]}", "number", entry->number, "time", time,
			"authorisations", "history");
	else
		before = json_pack("{s:s?, s:s?}", "subject", row_text(*row, "subject"), "matter",
			row_text(*row, "matter"));
	json_object_set_new(*row, "subject", json_string(entry->subject));
	json_object_set_new(*row, "matter", json_pack("s?", entry->matter));
	note(*row, hand, "registered", NULL, before);
	record = record_new("expediente.registered", entry->number, hand->now_s);
	record_add_salted(record, "subject", entry->subject);
	record_add(record, "matter", entry->matter);
	record_add(record, "actor", hand->actor);
	return save(txn, entry->number, *row, record, error);
}

static gboolean load_registered(StoreTxn *txn, const char *number, json_t **row, GError **error)
{
	if (!row_load(txn, TABLE_EXPEDIENTES, number, row, error))
		return FALSE;
	if (*row == NULL)
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND,
			"expediente %s is not registered", number);
	return *row != NULL;
}

/* Whether it says the same and still holds: after a withdrawal the same words are a new one. */
static gboolean is_same(const json_t *known, const RegisterEntry *entry)
{
	return known != NULL && !json_is_object(json_object_get(known, "withdrawn")) &&
	       has_value(known, "document", entry->document) &&
	       has_value(known, "date", entry->date) && has_value(known, "holder", entry->holder) &&
	       has_value(known, "holder_document", entry->holder_document);
}

static Record *authorisation_leaf(
	const char *type, const RegisterHand *hand, const RegisterEntry *entry)
{
	Record *record = record_new(type, entry->number, hand->now_s);

	record_add_salted(record, "address", entry->address);
	record_add_salted(record, "holder", entry->holder);
	record_add_salted(record, "holder_document", entry->holder_document);
	record_add(record, "document", entry->document);
	record_add(record, "date", entry->date);
	record_add(record, "actor", hand->actor);
	return record;
}

gboolean register_put_authorisation(StoreTxn *txn, const RegisterHand *hand,
	const RegisterEntry *entry, RegisterOutcome *outcome, json_t **row, GError **error)
{
	g_autofree char *time = time_to_rfc3339(hand->now_s);
	g_autoptr(Record) record = NULL;
	json_t *authorisations, *known;

	if (!load_registered(txn, entry->number, row, error))
		return FALSE;
	authorisations = member(*row, "authorisations", json_object);
	known = json_object_get(authorisations, entry->address);
	*outcome = known == NULL ? REGISTER_NEW : REGISTER_CHANGED;
	if (is_same(known, entry)) {
		*outcome = REGISTER_SAME;
		return TRUE;
	}
	note(*row, hand, "authorised", entry->address, known);
	json_object_set_new(authorisations, entry->address,
		json_pack("{s:s, s:s, s:s, s:s?, s:s, s:n}", "document", entry->document, "date",
			entry->date, "holder", entry->holder, "holder_document",
			entry->holder_document, "time", time, "withdrawn"));
	record = authorisation_leaf("expediente.authorised", hand, entry);
	return save(txn, entry->number, *row, record, error);
}

gboolean register_withdraw(StoreTxn *txn, const RegisterHand *hand, const RegisterEntry *entry,
	RegisterOutcome *outcome, json_t **row, GError **error)
{
	g_autofree char *time = time_to_rfc3339(hand->now_s);
	g_autoptr(Record) record = NULL;
	json_t *known, *withdrawn;

	if (!load_registered(txn, entry->number, row, error))
		return FALSE;
	known = json_object_get(member(*row, "authorisations", json_object), entry->address);
	if (known == NULL) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND,
			"no authorisation for this address");
		return FALSE;
	}
	withdrawn = json_object_get(known, "withdrawn");
	*outcome = json_is_object(withdrawn) ? REGISTER_CHANGED : REGISTER_NEW;
	if (has_value(withdrawn, "document", entry->document) &&
		has_value(withdrawn, "date", entry->date)) {
		*outcome = REGISTER_SAME;
		return TRUE;
	}
	if (g_strcmp0(entry->date, row_text(known, "date")) < 0) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_CONFLICT,
			"date: is before the day of the authorisation");
		return FALSE;
	}
	note(*row, hand, "withdrawn", entry->address, json_is_object(withdrawn) ? withdrawn : NULL);
	json_object_set_new(known, "withdrawn",
		json_pack("{s:s, s:s, s:s}", "document", entry->document, "date", entry->date,
			"time", time));
	record = authorisation_leaf("expediente.withdrawn", hand, entry);
	return save(txn, entry->number, *row, record, error);
}
