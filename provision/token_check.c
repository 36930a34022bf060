/*
 * token_check.h. A certificate that fails bars its token from signing: provisiond gives no permit.
 * What could not be asked for bars it only when [signing] revocation says so. Each token's result
 * and the notices that it gives cause for are one change. Blocks on the signer and responders; not
 * in the committer.
 */
#include "provision/token_check.h"

#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "provision/notices.h"
#include "provision/row.h"
#include "provision/token_alarm.h"
#include "provision/token_reminders.h"
#include "provision/token_revocation.h"
#include "provision/token_settings.h"
#include "signer/protocol.h"

#define KIND "token-check"
#define SUBJECT "all"
#define DAY_S 86400
#define SIGNER_TIMEOUT_MS 5000

typedef struct {
	GPtrArray *chain; /* DER, leaf first */
	CertificateFacts *facts;
} Candidate;

typedef struct {
	Service *service;
	const json_t *row;
	gboolean fresh;
	const GPtrArray *candidates; /* the token's certificates */
	json_t *problems;
	const char *revocation;
	int bar; /* the worst; -1: none */
} Check;

/* Chains of one token, as base64, from the signer; NULL: it is locked, or does not answer. */
static json_t *chains_now(const Service *service, const char *label)
{
	const char *path = settings_string(service->settings, "signing", "control_socket");
	g_autoptr(GVariant) answer = NULL;
	g_autoptr(GVariant) chains = NULL;
	GVariantDict dict;
	json_t *all;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "token", "s", label);
	answer = signer_call(
		path, SIGNER_TIMEOUT_MS, "certificates", g_variant_dict_end(&dict), NULL, NULL);
	if (answer != NULL)
		chains = g_variant_lookup_value(answer, "chains", G_VARIANT_TYPE("aaay"));
	if (chains == NULL || g_variant_n_children(chains) == 0)
		return NULL;
	all = json_array();
	for (gsize i = 0; i < g_variant_n_children(chains); i++) {
		g_autoptr(GVariant) chain = g_variant_get_child_value(chains, i);
		json_t *one = json_array();

		for (gsize k = 0; k < g_variant_n_children(chain); k++) {
			g_autoptr(GVariant) der = g_variant_get_child_value(chain, k);
			g_autofree char *text =
				g_base64_encode(g_variant_get_data(der), g_variant_get_size(der));

			json_array_append_new(one, json_string(text));
		}
		json_array_append_new(all, one);
	}
	return all;
}

static GPtrArray *chain_of(const json_t *texts)
{
	GPtrArray *chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	json_t *text;
	size_t i;

	json_array_foreach(texts, i, text) {
		gsize size;
		guchar *der = g_base64_decode(json_string_value(text), &size);

		g_ptr_array_add(chain, g_bytes_new_take(der, size));
	}
	return chain;
}

static void note(Check *check, int bar, const char *text)
{
	json_array_append_new(check->problems, json_string(text));
	if (bar < 0 || (check->bar >= 0 && bar == ACUSE_ERROR_CERTIFICATE_UNCHECKED))
		return;
	/* Revoked and expired say more than a weak key or an answer that did not come. */
	if (check->bar < bar || check->bar == ACUSE_ERROR_CERTIFICATE_UNCHECKED)
		check->bar = bar;
}

static gboolean is_strict(const Service *service)
{
	return strcmp(settings_string(service->settings, "signing", "certificate_address"),
		       "strict") == 0;
}

static gboolean has_address(const CertificateFacts *facts, const char *address)
{
	return g_strv_contains((const char *const *)facts->emails, address);
}

/* Another certificate of the token may be for that mailbox. */
static gboolean any_has_address(const Check *check, const char *address)
{
	for (guint i = 0; i < check->candidates->len; i++)
		if (has_address(((Candidate *)check->candidates->pdata[i])->facts, address))
			return TRUE;
	return FALSE;
}

static void check_address(Check *check)
{
	int bar = is_strict(check->service) ? ACUSE_ERROR_CERTIFICATE : -1;
	json_t *mailbox;
	size_t i;

	json_array_foreach(json_object_get(check->row, "mailboxes"), i, mailbox) {
		const char *address = json_string_value(mailbox);
		g_autofree char *text = NULL;

		if (any_has_address(check, address))
			continue;
		text = g_strdup_printf("it lacks the address %s", address);
		note(check, bar, text);
	}
}

static void check_dates(Check *check, const CertificateFacts *facts)
{
	gint64 now_s = check->service->now_s();

	if (now_s < facts->not_before_s)
		note(check, ACUSE_ERROR_CERTIFICATE, "it is not valid yet");
	if (now_s >= facts->not_after_s)
		note(check, ACUSE_ERROR_CERTIFICATE_EXPIRED, "it expired");
}

static void check_revocation(Check *check, const CertificateFacts *facts, const GPtrArray *chain)
{
	const char *mode = settings_string(check->service->settings, "signing", "revocation");
	g_autoptr(GError) failure = NULL;
	Revocation revocation = {0};

	check->revocation = "off";
	if (strcmp(mode, "off") == 0)
		return;
	check->revocation = "unknown";
	if (chain->len < 2)
		g_set_error_literal(&failure, ACUSE_ERROR, ACUSE_ERROR_CERTIFICATE_UNCHECKED,
			"its issuer's certificate is not known");
	if (failure == NULL && token_revocation(check->service, facts, chain->pdata[0],
				       chain->pdata[1], check->fresh, &revocation, &failure)) {
		check->revocation = revocation.revoked ? "revoked" : "good";
		if (revocation.revoked)
			note(check, ACUSE_ERROR_CERTIFICATE_REVOKED, "it was revoked");
		return;
	}
	note(check, strcmp(mode, "require") == 0 ? ACUSE_ERROR_CERTIFICATE_UNCHECKED : -1,
		failure->message);
}

static void check_use(Check *check, const CertificateFacts *facts, const GPtrArray *chain)
{
	const char *trust = settings_string(check->service->settings, "signing", "trust");
	g_autoptr(GError) failure = NULL;

	if (facts->weakness != NULL)
		note(check, ACUSE_ERROR_CERTIFICATE, facts->weakness);
	if (!facts->may_sign)
		note(check, ACUSE_ERROR_CERTIFICATE,
			"its key usage has neither digitalSignature nor nonRepudiation");
	if (!facts->is_for_mail)
		note(check, ACUSE_ERROR_CERTIFICATE,
			"its extended key usage lacks emailProtection");
	/* Its dates have their own word. */
	if (!certificate_chain_check(chain, trust,
		    CLAMP(check->service->now_s(), facts->not_before_s, facts->not_after_s),
		    &failure))
		note(check, *trust != '\0' ? ACUSE_ERROR_CERTIFICATE : -1, failure->message);
}

static json_t *check_one_certificate(Check *check, const Candidate *candidate)
{
	const CertificateFacts *facts = candidate->facts;

	check->problems = json_array();
	check->bar = -1;
	check->revocation = "unknown";
	check_dates(check, facts);
	check_use(check, facts, candidate->chain);
	check_address(check);
	check_revocation(check, facts, candidate->chain);
	return json_pack("{s:s, s:s, s:I, s:I, s:o, s:s?, s:s, s:I}", "sha256", facts->sha256,
		"subject", facts->subject, "not_before", (json_int_t)facts->not_before_s,
		"not_after", (json_int_t)facts->not_after_s, "problems", check->problems, "bar",
		check->bar >= 0 ? acuse_error_row(check->bar)->name : NULL, "revocation",
		check->revocation, "checked", (json_int_t)check->service->now_s());
}

static void candidate_free(gpointer data)
{
	Candidate *candidate = data;

	certificate_facts_free(candidate->facts);
	g_ptr_array_unref(candidate->chain);
	g_free(candidate);
}

/* Those that can be read. */
static GPtrArray *read_candidates(const json_t *chains)
{
	GPtrArray *candidates = g_ptr_array_new_with_free_func(candidate_free);
	json_t *texts;
	size_t i;

	json_array_foreach(chains, i, texts) {
		GPtrArray *chain = chain_of(texts);
		CertificateFacts *facts =
			chain->len > 0 ? certificate_read(chain->pdata[0], NULL) : NULL;
		Candidate *candidate = g_new(Candidate, 1);

		*candidate = (Candidate){chain, facts};
		if (facts != NULL)
			g_ptr_array_add(candidates, candidate);
		else
			candidate_free(candidate);
	}
	return candidates;
}

/* How the signer chooses (milter/signer/slot.c): with the address and of now, made for it. */
static int rank_of(const Check *check, const CertificateFacts *facts, const char *mailbox)
{
	gint64 now_s = check->service->now_s();
	gboolean valid = now_s >= facts->not_before_s && now_s < facts->not_after_s;
	gboolean fit = facts->weakness == NULL && facts->may_sign && facts->is_for_mail;
	gboolean has = has_address(facts, mailbox);

	return (valid && has ? 8 : 0) + (valid && !is_strict(check->service) ? 4 : 0) +
	       (has ? 2 : 0) + (fit ? 1 : 0);
}

static const Candidate *choose(const Check *check, const char *mailbox)
{
	const Candidate *best = NULL;
	int best_rank = -1;

	for (guint i = 0; i < check->candidates->len; i++) {
		const Candidate *candidate = check->candidates->pdata[i];
		int rank = rank_of(check, candidate->facts, mailbox);

		if (rank > best_rank || (rank == best_rank && candidate->facts->not_after_s >
								      best->facts->not_after_s)) {
			best = candidate;
			best_rank = rank;
		}
	}
	return best;
}

static gboolean is_worse(const json_t *one, const json_t *than)
{
	gboolean fit = row_text(one, "bar") == NULL, other = row_text(than, "bar") == NULL;

	if (fit != other)
		return !fit;
	return json_integer_value(json_object_get(one, "not_after")) <
	       json_integer_value(json_object_get(than, "not_after"));
}

/* Of the certificates that the mailboxes are signed with, the worst; NULL: there is none. */
static json_t *check_mailboxes(Check *check)
{
	g_autoptr(GPtrArray) seen = g_ptr_array_new();
	json_t *worst = NULL, *mailbox;
	size_t i;

	json_array_foreach(json_object_get(check->row, "mailboxes"), i, mailbox) {
		const Candidate *candidate = choose(check, json_string_value(mailbox));
		json_t *one;

		if (candidate == NULL || g_ptr_array_find(seen, candidate, NULL))
			continue;
		g_ptr_array_add(seen, (gpointer)candidate);
		one = check_one_certificate(check, candidate);
		if (worst == NULL || is_worse(one, worst)) {
			json_decref(worst);
			worst = json_incref(one);
		}
		json_decref(one);
	}
	return worst;
}

json_t *token_check(Service *service, const json_t *row, gboolean fresh, GError **error)
{
	json_auto_t *chains = chains_now(service, row_text(row, "label"));
	g_autoptr(GPtrArray) candidates = NULL;
	json_t *worst;

	if (chains == NULL)
		chains =
			json_incref(json_object_get(json_object_get(row, "certificate"), "chains"));
	candidates = read_candidates(chains);
	worst = check_mailboxes(
		&(Check){.service = service, .row = row, .fresh = fresh, .candidates = candidates});
	if (worst == NULL)
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_LOCKED,
			"its certificate was not seen yet: type its PIN first");
	else
		json_object_set(worst, "chains", chains);
	return worst;
}

static gboolean tell(
	StoreTxn *txn, const Service *service, const json_t *row, const char *kind, GError **error)
{
	const json_t *certificate = json_object_get(row, "certificate");
	const json_t *first = json_array_get(json_object_get(row, "mailboxes"), 0);
	const char *holder = row_text(row, "holder");
	g_autofree char *end =
		service_day(service, json_integer_value(json_object_get(certificate, "not_after")));
	json_auto_t *facts =
		json_pack("{s:s?, s:s?, s:s?, s:s, s:O?}", "label", row_text(row, "label"),
			"holder", holder, "subject", row_text(certificate, "subject"), "end", end,
			"problems", json_object_get(certificate, "problems"));

	if (holder == NULL)
		holder = json_string_value(first);
	return token_tell_otic(txn, service, kind, facts, error) &&
	       (holder == NULL || notice_add(txn, holder, kind, facts, service->now_s(), error));
}

/* Once for each of the days of warning, the nearest that was reached. */
static gboolean warn_of_end(StoreTxn *txn, const Service *service, json_t *row, GError **error)
{
	const char *const *days = settings_list(service->settings, "signing", "expiry_warn_days");
	json_t *certificate = json_object_get(row, "certificate");
	gint64 end_s = json_integer_value(json_object_get(certificate, "not_after"));
	gint64 left_s = end_s - service->now_s();
	json_int_t told = json_integer_value(json_object_get(certificate, "warned"));
	json_int_t nearest = 0;

	for (; left_s > 0 && days != NULL && *days != NULL; days++) {
		guint64 before;

		if (g_ascii_string_to_unsigned(*days, 10, 1, TOKEN_WARN_DAYS_MAX, &before, NULL) &&
			left_s <= (gint64)before * DAY_S &&
			(nearest == 0 || (json_int_t)before < nearest))
			nearest = (json_int_t)before;
	}
	if (nearest == 0 || (told != 0 && told <= nearest))
		return TRUE;
	json_object_set_new(certificate, "warned", json_integer(nearest));
	return tell(txn, service, row, notice_token_expiry.kind, error);
}

/* What the issuer or the calendar did to it, as a step of its life. */
static const TokenStep *step_of(const json_t *row)
{
	const char *state = row_text(row, "state");
	const char *bar = row_text(json_object_get(row, "certificate"), "bar");

	if (g_strcmp0(bar, "certificate-revoked") == 0)
		return token_step(state, "revoke", NULL);
	if (g_strcmp0(bar, "certificate-expired") == 0)
		return token_step(state, "expire", NULL);
	return NULL;
}

static void carry_over(json_t *result, const json_t *before)
{
	json_t *warned = json_object_get(before, "warned");

	/* A new certificate is warned of anew. */
	if (warned != NULL &&
		g_strcmp0(row_text(before, "sha256"), row_text(result, "sha256")) == 0)
		json_object_set(result, "warned", warned);
}

gboolean token_check_keep(StoreTxn *txn, const Service *service, const char *label, json_t *result,
	json_t **row, GError **error)
{
	TokenAct act = {.service = service, .actor = "acuse"};
	const TokenStep *step;
	gboolean was_barred, is_barred;

	if (!row_load(txn, TABLE_TOKENS, label, row, error))
		return FALSE;
	if (*row == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "no token %s", label);
		return FALSE;
	}
	was_barred = row_text(json_object_get(*row, "certificate"), "bar") != NULL;
	is_barred = row_text(result, "bar") != NULL;
	carry_over(result, json_object_get(*row, "certificate"));
	json_object_set(*row, "certificate", result);
	if (!warn_of_end(txn, service, *row, error))
		return FALSE;
	if (is_barred && !was_barred &&
		!tell(txn, service, *row, notice_token_certificate.kind, error))
		return FALSE;
	if (is_barred != was_barred && !tokens_queue_bindings(txn, &act.number, error))
		return FALSE;
	step = step_of(*row);
	act.document = row_text(result, "bar");
	return step != NULL ? tokens_take_step(txn, *row, step, &act, error)
			    : row_save(txn, TABLE_TOKENS, label, *row, error);
}

typedef struct {
	Service *service;
	json_t *row, *result;
} Keeping;

static gboolean keep_change(StoreTxn *txn, gpointer data, GError **error)
{
	Keeping *keeping = data;
	json_auto_t *row = NULL;

	return token_check_keep(txn, keeping->service, row_text(keeping->row, "label"),
		keeping->result, &row, error);
}

static gboolean check_one(const char *key, const char *value, gpointer data)
{
	json_auto_t *row = row_parse(value, NULL);
	json_auto_t *result = NULL;
	g_autoptr(GError) failure = NULL;
	Keeping keeping = {data, row, NULL};

	if (token_step(row_text(row, "state"), "expire", NULL) == NULL)
		return TRUE;
	keeping.result = result = token_check(data, row, TRUE, &failure);
	if (result == NULL || !store_run(keeping.service->store, keep_change, &keeping, &failure))
		log_warning("the certificate of a token was not checked", "token", key, "reason",
			failure->message, NULL);
	return TRUE;
}

static gboolean order_change(StoreTxn *txn, gpointer data, GError **error)
{
	return due_set_tomorrow(txn, data, KIND, SUBJECT, error);
}

gboolean token_check_due(Service *service, const char *subject, const json_t *body, GError **error)
{
	(void)subject;
	(void)body;
	return store_scan(
		       service->store, TABLE_TOKENS, "", NULL, FALSE, check_one, service, error) &&
	       store_run(service->store, order_change, service, error);
}

gboolean token_check_arm(Service *service, GError **error)
{
	return due_arm(service, KIND, SUBJECT, error);
}
