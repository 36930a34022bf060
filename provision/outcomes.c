/*
 * outcomes.h: compares what each delivery came to with what was told last, so that evidence that
 * says the same again tells nobody twice. The entries name how many leaves the send had, so that
 * constancia and bundle are of that moment, whenever they are made. In the committer's thread.
 */
#include "provision/outcomes.h"

#include <string.h>

#include "base/text.h"
#include "provision/constancia.h"
#include "provision/deadlines.h"
#include "provision/notices.h"
#include "provision/tramite.h"

gboolean outcomes_is_outside(const Service *service, const char *address)
{
	const char *at = address != NULL ? strrchr(address, '@') : NULL;

	return at != NULL && g_ascii_strcasecmp(at + 1, settings_string(service->settings,
								"institution", "domain")) != 0;
}

static DeliveryState state_of(const json_t *delivery)
{
	DeliveryState state = DELIVERY_PENDING;

	delivery_state_parse(row_text(delivery, "state"), &state);
	return state;
}

gboolean outcomes_reached(const Service *service, const json_t *send, const char *address)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(send, "deliveries"), i, row)
		if (g_strcmp0(row_text(row, "address"), address) == 0)
			return delivery_reaches(
				state_of(row), constancia_notified_by_setting(service->settings));
	return FALSE;
}

gboolean outcomes_is_late(
	const Service *service, const json_t *send, const char *address, DeliveryState event)
{
	return delivery_reaches(event, constancia_notified_by_setting(service->settings)) &&
	       deadline_is_over(service, send) && !outcomes_reached(service, send, address);
}

gboolean outcomes_tells_sender_word(const Settings *settings, const char *word)
{
	const char *const *words = settings_list(settings, "notices", "sender");

	return *settings_string(settings, "notices", "smtp") != '\0' &&
	       g_strv_contains(words, word);
}

gboolean outcomes_tells_sender(const Settings *settings, DeliveryOutcome outcome)
{
	return outcomes_tells_sender_word(settings, delivery_outcome_name(outcome));
}

gboolean outcomes_check_settings(const Settings *settings, GError **error)
{
	static const char *const known[] = {"notified", "failed", "overdue", "late", "read", NULL};
	const char *const *word = settings_list(settings, "notices", "sender");

	for (; *word != NULL; word++)
		if (!g_strv_contains(known, *word))
			return api_invalid(error, "[notices] sender",
				"notified, failed, overdue, late or read");
	return TRUE;
}

/* Why it failed, in the other server's words: the last said of him. */
static const char *last_diagnostic(const json_t *send, const char *address)
{
	const json_t *timeline = json_object_get(send, "timeline");

	for (size_t i = json_array_size(timeline); i > 0; i--) {
		const json_t *row = json_array_get(timeline, i - 1);

		if (g_strcmp0(row_text(row, "recipient"), address) == 0 &&
			row_text(row, "diagnostic") != NULL)
			return row_text(row, "diagnostic");
	}
	return NULL;
}

static const char *notice_of(DeliveryOutcome outcome)
{
	switch (outcome) {
	case DELIVERY_OUTCOME_NOTIFIED:
		return notice_notified.kind;
	case DELIVERY_OUTCOME_FAILED:
		return notice_failed.kind;
	case DELIVERY_OUTCOME_OVERDUE:
		return notice_by_cedula.kind;
	case DELIVERY_OUTCOME_LATE:
		return notice_late.kind;
	default:
		return NULL;
	}
}

static json_t *facts_of(const json_t *send, const char *address, gint64 now_s)
{
	const json_t *deadline = json_object_get(send, "deadline");

	return json_pack("{s:s, s:I, s:I, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:[s]}", "send",
		send_record_id(send), "leaves",
		(json_int_t)json_array_size(json_object_get(send, "leaves")), "time",
		(json_int_t)now_s, "subject", row_text(send, "subject"), "date",
		row_text(send, "date"), "expediente", row_text(send, "expediente"), "until",
		row_text(deadline, "until"), "matter", row_text(deadline, "matter"), "diagnostic",
		last_diagnostic(send, address), "recipients", address);
}

static gboolean tell_sender(StoreTxn *txn, const Service *service, const json_t *send,
	const char *kind, const json_t *facts, gint64 now_s, GError **error)
{
	g_autofree char *sender = notice_address(row_text(send, "login"),
		settings_string(service->settings, "institution", "domain"));

	return notice_add(txn, sender, kind, facts, now_s, error);
}

static gboolean tell_people(StoreTxn *txn, const Service *service, const json_t *send,
	const char *address, DeliveryOutcome outcome, gint64 now_s, GError **error)
{
	const Settings *settings = service->settings;
	const char *tramite = settings_string(settings, "notices", "tramite");
	const char *kind = notice_of(outcome);
	json_auto_t *facts = NULL;

	if (kind == NULL || row_text(send, "login") == NULL)
		return TRUE;
	facts = facts_of(send, address, now_s);
	if (outcomes_tells_sender(settings, outcome) &&
		!tell_sender(txn, service, send, kind, facts, now_s, error))
		return FALSE;
	return outcome != DELIVERY_OUTCOME_OVERDUE || *tramite == '\0' ||
	       notice_add(txn, tramite, kind, facts, now_s, error);
}

/* What concerns somebody outside and a case, or has legal effect. */
static gboolean tell_tramite(StoreTxn *txn, const Service *service, const json_t *send,
	const char *address, DeliveryOutcome outcome, gint64 now_s, GError **error)
{
	TramiteItem item = {send_record_id(send), address,
		(guint)json_array_size(json_object_get(send, "leaves")), outcome, now_s};

	if (!outcomes_is_outside(service, address) ||
		(row_text(send, "expediente") == NULL && !send_record_is_notification(send)))
		return TRUE;
	return tramite_add(txn, service->settings, &item, error);
}

static gboolean tell(StoreTxn *txn, const Service *service, const json_t *send, json_t *delivery,
	DeliveryOutcome outcome, gint64 now_s, GError **error)
{
	const char *address = row_text(delivery, "address");

	json_object_set_new(delivery, "outcome", json_string(delivery_outcome_name(outcome)));
	return tell_people(txn, service, send, address, outcome, now_s, error) &&
	       tell_tramite(txn, service, send, address, outcome, now_s, error);
}

/* He was told that it failed, and it did not: reports come in any order. */
static gboolean correct(StoreTxn *txn, const Service *service, const json_t *send, json_t *delivery,
	gint64 now_s, GError **error)
{
	json_auto_t *facts = facts_of(send, row_text(delivery, "address"), now_s);

	json_object_del(delivery, "outcome");
	return row_text(send, "login") == NULL ||
	       !outcomes_tells_sender(service->settings, DELIVERY_OUTCOME_FAILED) ||
	       tell_sender(txn, service, send, notice_corrected.kind, facts, now_s, error);
}

static gboolean is_corrected(const json_t *delivery, DeliveryOutcome outcome)
{
	return g_strcmp0(row_text(delivery, "outcome"),
		       delivery_outcome_name(DELIVERY_OUTCOME_FAILED)) == 0 &&
	       (outcome == DELIVERY_OUTCOME_NONE || outcome == DELIVERY_OUTCOME_ACCEPTED);
}

gboolean outcomes_settle(
	StoreTxn *txn, const Service *service, json_t *send, gint64 now_s, GError **error)
{
	DeliveryState notified_by = constancia_notified_by_setting(service->settings);
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(send, "deliveries"), i, row) {
		gboolean notification = send_record_is_notification(send) &&
					outcomes_is_outside(service, row_text(row, "address"));
		DeliveryOutcome outcome =
			delivery_outcome(state_of(row), notification, notified_by);

		if (is_corrected(row, outcome) && !correct(txn, service, send, row, now_s, error))
			return FALSE;
		if (outcome != DELIVERY_OUTCOME_NONE &&
			g_strcmp0(row_text(row, "outcome"), delivery_outcome_name(outcome)) != 0 &&
			!tell(txn, service, send, row, outcome, now_s, error))
			return FALSE;
	}
	return TRUE;
}

gboolean outcomes_overdue(StoreTxn *txn, const Service *service, json_t *send, const char *address,
	gint64 now_s, GError **error)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(send, "deliveries"), i, row) {
		DeliveryOutcome now = delivery_outcome(state_of(row), TRUE, DELIVERY_ACKNOWLEDGED);

		if (g_strcmp0(row_text(row, "address"), address) != 0)
			continue;
		if (!tell(txn, service, send, row, DELIVERY_OUTCOME_OVERDUE, now_s, error))
			return FALSE;
		/* A late reception was told already; it is not told again for this. */
		json_object_set_new(row, "outcome", json_string(delivery_outcome_name(now)));
	}
	return TRUE;
}
