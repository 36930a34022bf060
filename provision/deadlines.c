/*
 * deadlines.h. The day after the last one is ordered with due_set in the change that releases; then
 * leaves, states, notices and the end of the order are one commit, so a crash doubles nothing. A
 * calendar that has learned of more days meanwhile puts the end off, never forward. Fails with the
 * store's errors. Changes run in the committer's thread.
 */
#include "provision/deadlines.h"

#include <string.h>

#include "api/record_json.h"
#include "base/log.h"
#include "core/fold.h"
#include "provision/incoming.h"
#include "provision/outcomes.h"

#define DUE_KIND "answer"

static gboolean has_outside(const Service *service, const json_t *send)
{
	json_t *address;
	size_t i;

	json_array_foreach(json_object_get(send, "recipients"), i, address)
		if (outcomes_is_outside(service, json_string_value(address)))
			return TRUE;
	return FALSE;
}

/* By the expediente's own word for it. */
gboolean deadline_matter(StoreTxn *txn, const Service *service, const json_t *send,
	CalendarMatter *matter, GError **error)
{
	const char *const *word = settings_list(service->settings, "calendar", "tax_matters");
	const char *number = row_text(send, "expediente");
	json_auto_t *row = NULL;
	g_autofree char *own = NULL;

	*matter = MATTER_ADMINISTRATIVE;
	if (number != NULL && !row_load(txn, TABLE_EXPEDIENTES, number, &row, error))
		return FALSE;
	if (row_text(row, "matter") == NULL)
		return TRUE;
	own = text_fold(row_text(row, "matter"));
	for (; word != NULL && *word != NULL; word++) {
		g_autofree char *folded = text_fold(*word);

		if (strcmp(folded, own) == 0)
			*matter = MATTER_TAX;
	}
	return TRUE;
}

static guint days_of(const Service *service, CalendarMatter matter)
{
	return matter == MATTER_TAX
		       ? (guint)settings_int(service->settings, "calendar", "tax_answer_days")
		       : CALENDAR_ANSWER_DAYS;
}

static gboolean find_term(const Service *service, const json_t *send, CalendarMatter matter,
	CalendarTerm *term, GError **error)
{
	return service_term(service, matter, send_record_departure_s(send),
		days_of(service, matter), term, error);
}

static gboolean append_deadline(StoreTxn *txn, const Service *service, json_t *send,
	const CalendarTerm *term, CalendarMatter matter, gint64 now_s, GError **error)
{
	const char *id = send_record_id(send), *edition = calendar_edition(service->calendar);
	g_autoptr(Record) record = record_new("send.deadline", id, now_s);
	g_autofree char *day = calendar_add_days(term->until, 1);
	SendEntry entry = {.event = "deadline", .time_s = now_s};
	json_t *deadline = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:n}", "sent", term->sent,
		"from", term->from, "until", term->until, "matter", calendar_matter_name(matter),
		"edition", edition, "outside_hours", term->outside_hours, "expired");

	json_object_set_new(send, "deadline", deadline);
	record_add(record, "sent", term->sent);
	record_add(record, "from", term->from);
	record_add(record, "until", term->until);
	record_add(record, "matter", calendar_matter_name(matter));
	record_add(record, "calendar", edition);
	record_add(record, "outside_hours", term->outside_hours ? "true" : "false");
	if (!send_record_append(txn, send, record, &entry.leaf, error))
		return FALSE;
	send_record_note(send, &entry);
	return due_set(txn, DUE_KIND, id, day, deadline, error);
}

static gboolean set_deadline(
	StoreTxn *txn, const Service *service, json_t *send, gint64 now_s, GError **error)
{
	CalendarMatter matter;
	CalendarTerm term;

	if (!send_record_is_notification(send) || !has_outside(service, send) ||
		json_object_get(send, "deadline") != NULL)
		return TRUE;
	if (!deadline_matter(txn, service, send, &matter, error))
		return FALSE;
	return days_of(service, matter) == 0 ||
	       (find_term(service, send, matter, &term, error) &&
		       append_deadline(txn, service, send, &term, matter, now_s, error));
}

gboolean deadline_release(StoreTxn *txn, const Service *service, json_t *send, const char *how,
	gint64 now_s, gboolean *moved, GError **error)
{
	gboolean released;

	if (!send_record_settle(txn, send, SEND_EVENT_SEEN, how, now_s, &released, error))
		return FALSE;
	if (moved != NULL)
		*moved = released;
	return !released || (set_deadline(txn, service, send, now_s, error) &&
				    incoming_answered(txn, send, now_s, error));
}

gboolean deadline_is_over(const Service *service, const json_t *send)
{
	const char *until = row_text(json_object_get(send, "deadline"), "until");
	g_autofree char *today = service_today(service);

	return until != NULL && strcmp(today, until) > 0;
}

typedef struct {
	Service *service;
	const char *id;
} Expiry;

/* Nobody is told twice of the same address: it stands in one list. */
static gboolean expire_recipient(
	StoreTxn *txn, json_t *send, const json_t *row, gint64 now_s, GError **error)
{
	const json_t *deadline = json_object_get(send, "deadline");
	g_autofree char *address = g_strdup(row_text(row, "address"));
	g_autoptr(Record) record = record_new("send.expired", send_record_id(send), now_s);
	SendEntry entry = {.event = delivery_state_name(DELIVERY_EXPIRED),
		.recipient = address,
		.time_s = now_s};

	record_add(record, "before", row_text(row, "state"));
	record_add(record, "from", row_text(deadline, "from"));
	record_add(record, "until", row_text(deadline, "until"));
	record_add(record, "matter", row_text(deadline, "matter"));
	record_add(record, "calendar", row_text(deadline, "edition"));
	record_add_salted(record, "recipient", address);
	if (!send_record_append(txn, send, record, &entry.leaf, error))
		return FALSE;
	send_record_note(send, &entry);
	send_record_deliver(send, address, DELIVERY_EXPIRED, now_s);
	return TRUE;
}

static gboolean tell_all(StoreTxn *txn, const Service *service, json_t *send,
	const GPtrArray *addresses, gint64 now_s, GError **error)
{
	for (guint i = 0; i < addresses->len; i++)
		if (!outcomes_overdue(txn, service, send, addresses->pdata[i], now_s, error))
			return FALSE;
	return TRUE;
}

static gboolean expire(
	StoreTxn *txn, const Service *service, json_t *send, gint64 now_s, GError **error)
{
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *time = time_to_rfc3339(now_s);
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(send, "deliveries"), i, row) {
		const char *address = row_text(row, "address");

		if (!outcomes_is_outside(service, address) ||
			outcomes_reached(service, send, address))
			continue;
		g_ptr_array_add(addresses, g_strdup(address));
		if (!expire_recipient(txn, send, row, now_s, error))
			return FALSE;
	}
	if (addresses->len == 0)
		return TRUE;
	json_object_set_new(json_object_get(send, "deadline"), "expired", json_string(time));
	return tell_all(txn, service, send, addresses, now_s, error);
}

static gboolean change_expire(StoreTxn *txn, gpointer data, GError **error)
{
	const Expiry *expiry = data;
	const Service *service = expiry->service;
	gint64 now_s = service->now_s();
	json_auto_t *send = send_record_load(txn, expiry->id, error);
	const json_t *deadline = json_object_get(send, "deadline");
	CalendarMatter matter = MATTER_ADMINISTRATIVE;
	CalendarTerm term;

	if (send == NULL)
		return FALSE;
	/* Done, but for the order: the process ended in between. */
	if (deadline == NULL || row_text(deadline, "expired") != NULL)
		return due_clear(txn, DUE_KIND, expiry->id, error);
	calendar_matter_parse(row_text(deadline, "matter"), &matter);
	if (days_of(service, matter) > 0 && !find_term(service, send, matter, &term, error))
		return FALSE;
	if (days_of(service, matter) > 0 && strcmp(term.until, row_text(deadline, "until")) > 0)
		return append_deadline(txn, service, send, &term, matter, now_s, error) &&
		       send_record_save(txn, send, error);
	return due_clear(txn, DUE_KIND, expiry->id, error) &&
	       expire(txn, service, send, now_s, error) && send_record_save(txn, send, error);
}

static gboolean carry_out(Service *service, const char *subject, const json_t *body, GError **error)
{
	Expiry expiry = {service, subject};

	(void)body;
	return store_run(service->store, change_expire, &expiry, error);
}

const DueKind due_kinds_sends[] = {{DUE_KIND, carry_out}, {NULL, NULL}};
