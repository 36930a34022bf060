/* request_orders.h. Runs in the committer; fails as the store does. */
#include "provision/request_orders.h"

#include "base/error.h"
#include "provision/account_term.h"
#include "provision/closed_accounts.h"
#include "provision/outbox.h"
#include "provision/people.h"
#include "provision/request_form.h"
#include "provision/row.h"

static gboolean annul(StoreTxn *txn, RequestChange *change, GError **error)
{
	PersonAct act = {.service = change->request->service,
		.actor = change->request->actor,
		.dni = request_form_by_rule(change->row) ? row_text(change->row, "dni") : NULL,
		.uid = change->uid,
		.document = row_text(change->row, "document"),
		.date = row_text(change->row, "date"),
		.reason = "annulment"};
	gboolean done = people_cease_within(txn, &act, error);

	change->number = act.number;
	return done;
}

static gboolean extend(StoreTxn *txn, RequestChange *change, GError **error)
{
	Service *service = change->request->service;
	AccountTerm term = {.uid = change->uid,
		.until = row_text(change->row, "until"),
		.dni = request_form_by_rule(change->row) ? row_text(change->row, "dni") : NULL,
		.document = row_text(change->row, "document"),
		.actor = change->request->actor};
	g_autoptr(Record) record = record_new("account.extended", change->uid, service->now_s());

	record_add(record, "until", term.until);
	record_add(record, "document", term.document);
	record_add(record, "request", change->id);
	record_add(record, "actor", term.actor);
	return account_check_open(txn, change->uid, error) &&
	       store_append(txn, record, NULL, error) &&
	       account_term_set(txn, service, &term, &change->number, error);
}

/* Its name was reserved when the operator gave it. */
static gboolean create_office(StoreTxn *txn, RequestChange *change, GError **error)
{
	const char *name = row_text(change->row, "name"), *title = row_text(change->row, "title");
	g_autoptr(Record) record =
		record_new("office.created", name, change->request->service->now_s());
	json_auto_t *body = json_pack("{s:s, s:s, s:s, s:[]}", "uid", name, "name", title,
		"responsible", change->uid, "delegates");

	record_add(record, "name", title);
	record_add(record, "responsible", change->uid);
	record_add(record, "document", row_text(change->row, "document"));
	record_add(record, "request", change->id);
	record_add(record, "actor", change->request->actor);
	json_object_set_new(change->row, "uid", json_string(name));
	return store_append(txn, record, NULL, error) &&
	       outbox_add(txn, "office.create", body, &change->number, error);
}

gboolean request_order(StoreTxn *txn, RequestChange *change, GError **error)
{
	if (request_form_is(change->row, "annul"))
		return annul(txn, change, error);
	if (request_form_is(change->row, "extend"))
		return extend(txn, change, error);
	return create_office(txn, change, error);
}
