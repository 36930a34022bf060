/*
 * readings.h: compares a reading with the send's record and the directory, and records it: a leaf
 * "event" for each address of the mailbox that the mail was sent to, and one notice. What the file
 * says is believed of Message-ID, recipient and access to the mailbox only when the record and the
 * directory say the same. Fails with STALE_DIRECTORY or the store's errors, and then changes
 * nothing. The change runs in the committer's thread.
 */
#include "provision/readings.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "core/evidence.h"
#include "provision/deadlines.h"
#include "provision/notices.h"
#include "provision/outcomes.h"
#include "provision/send_record.h"

typedef struct {
	Service *service;
	const Reading *reading;
	const Account *owner;
	gint64 seen_s, now_s;
	ReadingResult result;
	const char *why;
} Change;

static gboolean is_foreign(Change *change, const char *why)
{
	change->result = READING_FOREIGN;
	change->why = why;
	return TRUE;
}

/* Who sent it has a copy of his own; he has not "read" what he wrote, in an office's mailbox
 * either. */
static gboolean is_own_copy(const Change *change, const json_t *send)
{
	const char *login = row_text(send, "login"), *mailbox = row_text(send, "mailbox");
	gsize length = login != NULL ? strcspn(login, "@") : 0;

	return (mailbox != NULL && account_has_address(change->owner, mailbox)) ||
	       (length == strlen(change->reading->user) &&
		       g_ascii_strncasecmp(login, change->reading->user, length) == 0);
}

static gboolean record_one(
	StoreTxn *txn, const Change *change, json_t *send, const char *address, GError **error)
{
	const Reading *reading = change->reading;
	Verdict verdict = {(char *)address, DELIVERY_READ, TRUST_OWN_MAILBOX, TRUE, "acuse-id",
		"opened in a mailbox of our own server"};
	SendEntry entry = {.event = delivery_state_name(DELIVERY_READ),
		.verdict = &verdict,
		.read_by = reading->user,
		.time_s = change->now_s};
	g_autoptr(Record) record = record_new("event", send_record_id(send), change->now_s);
	g_autofree char *seen = time_to_rfc3339(change->seen_s);

	record_add(record, "kind", "read");
	record_add(record, "stream", stream_name(STREAM_INTERNAL));
	record_add(record, "event", entry.event);
	record_add(record, "trust", trust_name(verdict.trust));
	record_add(record, "counts", "true");
	record_add(record, "matched_by", verdict.matched_by);
	record_add(record, "reason",
		reading->repair ? "found opened in a mailbox of our own server" : verdict.reason);
	record_add(record, "read_at", reading->repair ? NULL : seen);
	record_add_salted(record, "recipient", address);
	record_add_salted(record, "read_by", reading->user);
	if (!send_record_append(txn, send, record, &entry.leaf, error))
		return FALSE;
	send_record_note(send, &entry);
	send_record_deliver(send, address, DELIVERY_READ, change->now_s);
	return TRUE;
}

/* The addresses of this mailbox among the recipients; a new array. */
static json_t *addresses_of(const Change *change, const json_t *send)
{
	json_t *found = json_array(), *address;
	size_t i;

	json_array_foreach(json_object_get(send, "recipients"), i, address)
		if (account_has_address(change->owner, json_string_value(address)))
			json_array_append(found, address);
	return found;
}

static gboolean tell_sender(
	StoreTxn *txn, const Change *change, const json_t *send, json_t *addresses, GError **error)
{
	const Settings *settings = change->service->settings;
	const char *login = row_text(send, "login");
	g_autofree char *seen = NULL, *to = NULL;
	json_auto_t *facts = NULL;

	if (login == NULL || !outcomes_tells_sender_word(settings, "read"))
		return TRUE;
	to = notice_address(login, settings_string(settings, "institution", "domain"));
	seen = change->reading->repair
		       ? NULL
		       : service_local(change->service, change->seen_s, "%d/%m/%Y %H:%M");
	facts = json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:O}", "send", send_record_id(send),
		"subject", row_text(send, "subject"), "date", row_text(send, "date"), "expediente",
		row_text(send, "expediente"), "read_by",
		change->owner->kind == ACCOUNT_OFFICE ? change->reading->user : NULL, "read_at",
		seen, "recipients", addresses);
	return notice_add(txn, to, notice_read.kind, facts, change->now_s, error);
}

static gboolean record_all(StoreTxn *txn, Change *change, json_t *send, GError **error)
{
	json_auto_t *addresses = addresses_of(change, send);
	json_t *address;
	size_t i;

	if (json_array_size(addresses) == 0)
		return is_foreign(change, "the mailbox is no recipient of that send");
	/* What is in a mailbox of ours has left. */
	if (!deadline_release(txn, change->service, send, "reading", change->now_s, NULL, error))
		return FALSE;
	json_array_foreach(addresses, i, address)
		if (!record_one(txn, change, send, json_string_value(address), error))
			return FALSE;
	change->result = READING_RECORDED;
	return outcomes_settle(txn, change->service, send, change->now_s, error) &&
	       tell_sender(txn, change, send, addresses, error) &&
	       send_record_save(txn, send, error);
}

static gboolean change_reading(StoreTxn *txn, gpointer data, GError **error)
{
	Change *change = data;
	const Reading *reading = change->reading;
	g_autofree char *key =
		g_strdup_printf("reading/%s/%s", reading->send_id, change->owner->uid);
	g_autofree char *known = NULL;
	json_auto_t *send = NULL;
	const char *message_id;

	if (!row_load_text(txn, TABLE_INDEX, key, &known, error))
		return FALSE;
	change->result = READING_KNOWN;
	if (known != NULL)
		return TRUE;
	if (!row_load(txn, TABLE_SENDS, reading->send_id, &send, error))
		return FALSE;
	if (send == NULL)
		return is_foreign(change, "no such send");
	message_id = row_text(send, "message_id");
	if (g_strcmp0(message_id, reading->message_id) != 0)
		return is_foreign(change, "another Message-ID than the send's");
	if (is_own_copy(change, send))
		return TRUE;
	return record_all(txn, change, send, error) &&
	       (change->result != READING_RECORDED ||
		       store_put(txn, TABLE_INDEX, key, reading->user, error));
}

ReadingResult reading_record(
	Service *service, const Reading *reading, gint64 seen_s, const char **why, GError **error)
{
	gint64 now_s = service->now_s();
	g_autoptr(Account) user = NULL, owner = NULL;
	Change change = {service, reading, NULL, MIN(seen_s, now_s), now_s, READING_WAITS, NULL};

	if (live_directory_age_s(service->live) >
		settings_int(service->settings, "directory", "max_age_s")) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_STALE_DIRECTORY,
			"the copy of the directory is too old");
		return READING_WAITS;
	}
	user = live_directory_by_uid(service->live, reading->user);
	owner = live_directory_by_uid(service->live, reading->owner);
	/* A folder below "oficinas/" that is the person's own is no office's. */
	if (user == NULL || owner == NULL ||
		(strcmp(user->uid, owner->uid) != 0 && !account_may_send_as(user, owner, now_s))) {
		*why = "no such mailbox, or not this person's to read";
		return READING_FOREIGN;
	}
	/* An office's reading says who read it; the repair does not know. */
	if (reading->repair && owner->kind == ACCOUNT_OFFICE)
		return READING_KNOWN;
	change.owner = owner;
	if (!store_run(service->store, change_reading, &change, error))
		return READING_WAITS;
	*why = change.why;
	return change.result;
}
