/*
 * tokens.h: what happens to the rows of tokens inside changes. A step is its record, the row with
 * its new state, and its effects: the push to the signer, reminders, the notice of a loss. Runs in
 * the committer.
 */
#include "provision/tokens.h"

#include <string.h>

#include "base/error.h"
#include "provision/row.h"
#include "provision/token_reminders.h"

/* A push of all bindings. */
gboolean tokens_queue_bindings(StoreTxn *txn, guint64 *number, GError **error)
{
	json_auto_t *body = json_object();

	return outbox_add(txn, "bindings", body, number, error);
}

static char *index_key(const char *address)
{
	return g_strconcat("token-address/", address, NULL);
}

static gssize find_text(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (g_strcmp0(json_string_value(json_array_get(list, i)), text) == 0)
			return (gssize)i;
	return -1;
}

gboolean token_has_mailbox(const json_t *row, const char *mailbox)
{
	return find_text(json_object_get(row, "mailboxes"), mailbox) >= 0;
}

static gboolean index_address(StoreTxn *txn, const char *address, const char *label, GError **error)
{
	g_autofree char *key = index_key(address);
	json_auto_t *entry = NULL;
	json_t *labels;

	if (!row_load(txn, TABLE_INDEX, key, &entry, error))
		return FALSE;
	if (entry == NULL)
		entry = json_pack("{s:[]}", "labels");
	labels = json_object_get(entry, "labels");
	if (find_text(labels, label) >= 0)
		return TRUE;
	json_array_append_new(labels, json_string(label));
	return row_save(txn, TABLE_INDEX, key, entry, error);
}

static gboolean index_row(StoreTxn *txn, const json_t *row, GError **error)
{
	const char *label = row_text(row, "label"), *holder = row_text(row, "holder");
	json_t *mailbox;
	size_t i;

	json_array_foreach(json_object_get(row, "mailboxes"), i, mailbox)
		if (!index_address(txn, json_string_value(mailbox), label, error))
			return FALSE;
	return holder == NULL || index_address(txn, holder, label, error);
}

static gboolean append_record(
	StoreTxn *txn, const char *type, const json_t *row, const TokenAct *act, GError **error)
{
	static const char *const members[] = {"serial", "unit", "reasons", "from", "until", NULL};
	g_autoptr(Record) record = record_new(type, row_text(row, "label"), act->service->now_s());
	json_t *mailbox;
	size_t i;

	for (const char *const *name = members; *name != NULL; name++)
		record_add(record, *name, row_text(row, *name));
	json_array_foreach(json_object_get(row, "mailboxes"), i, mailbox) {
		g_autofree char *name = g_strdup_printf("mailbox%zu", i + 1);

		record_add_salted(record, name, json_string_value(mailbox));
	}
	record_add_salted(record, "holder", row_text(row, "holder"));
	if (json_is_true(json_object_get(row, "personal")))
		record_add(record, "personal", "yes");
	record_add(record, "document", act->document);
	record_add(record, "date", act->date);
	record_add(record, "denuncia", act->denuncia);
	record_add(record, "actor", act->actor);
	return store_append(txn, record, NULL, error);
}

static void set_text(json_t *row, const char *name, const char *value)
{
	json_object_set_new(row, name, value != NULL ? json_string(value) : json_null());
}

/* With date, document and actor (S5). */
static void note_step(json_t *row, const TokenStep *step, const TokenAct *act)
{
	g_autofree char *today = service_today(act->service);
	json_int_t now_s = (json_int_t)act->service->now_s();
	json_t *steps = json_object_get(row, "steps");

	set_text(row, "state", step->next);
	set_text(row, "document", act->document);
	json_object_set_new(row, "time", json_integer(now_s));
	if (act->denuncia != NULL)
		set_text(row, "denuncia", act->denuncia);
	if (strcmp(step->event, "authorise") == 0)
		set_text(row, "memorandum", act->document);
	if (steps == NULL) {
		steps = json_array();
		json_object_set_new(row, "steps", steps);
	}
	json_array_append_new(steps,
		json_pack("{s:s, s:s, s:I, s:s, s:s?, s:s?}", "event", step->event, "state",
			step->next, "time", now_s, "date", act->date != NULL ? act->date : today,
			"document", act->document, "actor", act->actor));
}

static gboolean take_effects(
	StoreTxn *txn, json_t *row, const TokenStep *step, TokenAct *act, GError **error)
{
	if ((step->effects & TOKEN_EFFECT_OWED) != 0 &&
		!token_reminders_begin(txn, row, act, error))
		return FALSE;
	if ((step->effects & TOKEN_EFFECT_BACK) != 0 && !token_reminders_end(txn, row, error))
		return FALSE;
	if ((step->effects & TOKEN_EFFECT_LOSS) != 0 && !token_tell_loss(txn, row, act, error))
		return FALSE;
	if (strcmp(step->event, "request") == 0 && !index_row(txn, row, error))
		return FALSE;
	return (step->effects & TOKEN_EFFECT_PUSH) == 0 ||
	       tokens_queue_bindings(txn, &act->number, error);
}

gboolean tokens_take_step(
	StoreTxn *txn, json_t *row, const TokenStep *step, TokenAct *act, GError **error)
{
	note_step(row, step, act);
	return append_record(txn, step->leaf, row, act, error) &&
	       take_effects(txn, row, step, act, error) &&
	       row_save(txn, TABLE_TOKENS, row_text(row, "label"), row, error);
}

typedef gboolean (*VisitToken)(StoreTxn *txn, json_t *row, gpointer data, GError **error);

/* The tokens that the address has to do with. */
static gboolean visit_tokens(
	StoreTxn *txn, const char *address, VisitToken visit, gpointer data, GError **error)
{
	g_autofree char *key = index_key(address);
	json_auto_t *entry = NULL;
	json_t *label;
	size_t i;

	if (!row_load(txn, TABLE_INDEX, key, &entry, error))
		return FALSE;
	json_array_foreach(json_object_get(entry, "labels"), i, label) {
		json_auto_t *row = NULL;

		if (!row_load(txn, TABLE_TOKENS, json_string_value(label), &row, error) ||
			(row != NULL && !visit(txn, row, data, error)))
			return FALSE;
	}
	return TRUE;
}

typedef struct {
	const char *mailbox;
	gint64 now_s;
	gboolean ready;
	int why; /* the worst reason that another error than NO_BINDING is */
} Readiness;

/* Why an active token signs nothing; -1: it may. */
static int bar_of(const json_t *certificate, gint64 now_s)
{
	const char *bar = row_text(certificate, "bar");

	if (bar != NULL)
		return (int)acuse_error_by_name(bar)->code;
	return now_s >= json_integer_value(json_object_get(certificate, "not_after"))
		       ? ACUSE_ERROR_CERTIFICATE_EXPIRED
		       : -1;
}

static int trouble_of(const json_t *row, gint64 now_s)
{
	const char *state = row_text(row, "state");

	if (g_strcmp0(state, "active") == 0)
		return bar_of(json_object_get(row, "certificate"), now_s);
	if (g_strcmp0(state, "revoked") == 0)
		return ACUSE_ERROR_CERTIFICATE_REVOKED;
	return g_strcmp0(state, "expired") == 0 ? ACUSE_ERROR_CERTIFICATE_EXPIRED
						: ACUSE_ERROR_NO_BINDING;
}

static gboolean look_ready(StoreTxn *txn, json_t *row, gpointer data, GError **error)
{
	Readiness *readiness = data;
	int trouble;

	(void)txn;
	(void)error;
	if (!token_has_mailbox(row, readiness->mailbox))
		return TRUE;
	trouble = trouble_of(row, readiness->now_s);
	if (trouble < 0)
		readiness->ready = TRUE;
	else if (trouble != ACUSE_ERROR_NO_BINDING)
		readiness->why = trouble;
	return TRUE;
}

gboolean tokens_mailbox_ready(StoreTxn *txn, const char *mailbox, gint64 now_s, GError **error)
{
	Readiness readiness = {mailbox, now_s, FALSE, ACUSE_ERROR_NO_BINDING};

	if (!visit_tokens(txn, mailbox, look_ready, &readiness, error))
		return FALSE;
	if (readiness.ready)
		return TRUE;
	g_set_error(error, ACUSE_ERROR, readiness.why, "no token can sign for the mailbox");
	return FALSE;
}

typedef struct {
	const char *address;
	TokenAct *act;
} Cessation;

static gboolean lose_mailbox(StoreTxn *txn, json_t *row, gsize at, TokenAct *act, GError **error)
{
	json_array_remove(json_object_get(row, "mailboxes"), at);
	return append_record(txn, "token.mailbox-left", row, act, error) &&
	       row_save(txn, TABLE_TOKENS, row_text(row, "label"), row, error) &&
	       tokens_queue_bindings(txn, &act->number, error);
}

static gboolean cease_row(StoreTxn *txn, json_t *row, gpointer data, GError **error)
{
	const Cessation *cessation = data;
	const json_t *mailboxes = json_object_get(row, "mailboxes");
	const TokenStep *step = token_step(row_text(row, "state"), "cease", NULL);
	gssize at = find_text(mailboxes, cessation->address);

	/* What is given back or lost has nothing left to cease. */
	if (step == NULL)
		return TRUE;
	/* An office that ended: reminders to its own mailbox would reach nobody. */
	if (at >= 0 && json_array_size(mailboxes) == 1 && row_text(row, "holder") == NULL)
		json_object_set_new(row, "holder", json_string(cessation->address));
	if (g_strcmp0(row_text(row, "holder"), cessation->address) == 0 ||
		(at >= 0 && json_array_size(mailboxes) == 1))
		return tokens_take_step(txn, row, step, cessation->act, error);
	return at < 0 || lose_mailbox(txn, row, (gsize)at, cessation->act, error);
}

gboolean tokens_cease(StoreTxn *txn, const char *address, TokenAct *act, GError **error)
{
	Cessation cessation = {address, act};

	return visit_tokens(txn, address, cease_row, &cessation, error);
}
