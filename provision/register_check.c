/*
 * What the register says to an intent (register.h): P10 and S10, whether the expediente is
 * registered; D9, whether the citizen authorised this address for it, that day; and D5, whether
 * the act is notified in time. What is found goes on record, whatever the mode. Fails with
 * EXPEDIENTE_UNKNOWN, NOT_NOTIFIABLE, ACT_LATE, or as the store does. In the committer's thread.
 */
#include "provision/register.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/text.h"
#include "core/plan.h"
#include "core/policy.h"
#include "provision/deadlines.h"
#include "provision/row.h"

typedef struct {
	const Service *service;
	const json_t *body;
	json_t *findings;
	gboolean notification;
	PolicyInput input; /* whose mail, and to whom: what modes depend on */
} Check;

static RuleMode mode_of(const Check *check, const char *id)
{
	return policy_mode(&check->input, id, NULL);
}

static gboolean is_outside(const Check *check, const char *address)
{
	const char *at = strrchr(address, '@');
	const char *domain = settings_string(check->service->settings, "institution", "domain");

	return at != NULL && g_ascii_strcasecmp(at + 1, domain) != 0;
}

/* By its mode: on record only, told to the sender, or refused. `code` has the text for him. */
static gboolean judge(
	Check *check, RuleMode mode, int code, const char *detail, const char *word, GError **error)
{
	if (mode == MODE_ENFORCE) {
		g_set_error(error, ACUSE_ERROR, code, "%s: %s", detail, word);
		return FALSE;
	}
	if (mode != MODE_OFF)
		json_array_append_new(json_object_get(check->findings, "findings"),
			json_pack("{s:s, s:s}", "mode", rule_mode_name(mode), "line",
				acuse_error_row(code)->text));
	return TRUE;
}

/* Official documents, and whatever is to be signed (S10). */
static gboolean is_asked(const Check *check)
{
	return check->notification || row_text(check->body, "document_type") != NULL ||
	       json_is_true(json_object_get(check->body, "sign"));
}

static gboolean check_expediente(Check *check, const json_t *row, GError **error)
{
	const Settings *settings = check->service->settings;
	const char *word = "registered";
	const char *class_name = row_text(check->body, "class");
	RuleMode mode;

	if (!is_asked(check))
		return TRUE;
	if (row_text(check->body, "expediente") == NULL)
		word = "absent";
	else if (strcmp(settings_string(settings, "policy", "expediente_check"), "syntax") == 0)
		word = "syntax";
	else if (row == NULL)
		word = "unknown";
	json_object_set_new(check->findings, "expediente_check", json_string(word));
	if (strcmp(word, "registered") == 0 || strcmp(word, "syntax") == 0)
		return TRUE;
	mode = mode_of(check, "p10");
	if (strcmp(class_name, "internal") == 0 &&
		!json_is_true(json_object_get(check->body, "sign")))
		mode = MIN(mode, mode_of(check, "p10_inside"));
	return judge(check, mode, ACUSE_ERROR_EXPEDIENTE_UNKNOWN, "expediente", word, error);
}

/* Dates are YYYY-MM-DD: their order is that of their letters. */
static const char *authorisation_word(const json_t *row, const char *address, const char *day)
{
	g_autofree char *key = register_address(address, NULL);
	const json_t *known =
		key != NULL ? json_object_get(json_object_get(row, "authorisations"), key) : NULL;
	const char *from = row_text(known, "date");
	const char *until = row_text(json_object_get(known, "withdrawn"), "date");

	if (from == NULL)
		return "absent";
	if (strcmp(from, day) > 0)
		return "early";
	return until != NULL && strcmp(until, day) <= 0 ? "withdrawn" : "valid";
}

/* The first outside recipient without one decides; P14 leaves only one. */
static gboolean check_authorisation(Check *check, const json_t *row, GError **error)
{
	RuleMode mode = mode_of(check, "d9");
	g_autofree char *day = service_today(check->service);
	const char *word = NULL;
	json_t *address;
	size_t i;

	if (!check->notification || mode == MODE_OFF)
		return TRUE;
	json_array_foreach(json_object_get(check->body, "recipients"), i, address) {
		const char *text = json_string_value(address);

		if (!is_outside(check, text) || (word != NULL && strcmp(word, "valid") != 0))
			continue;
		word = authorisation_word(row, text, day);
	}
	if (word == NULL)
		return TRUE;
	json_object_set_new(check->findings, "authorisation", json_string(word));
	return strcmp(word, "valid") == 0 ||
	       judge(check, mode, ACUSE_ERROR_NOT_NOTIFIABLE, "authorisation", word, error);
}

/* What is notified later than art. 24.1 says is notified all the same, but somebody answers for it.
 */
static gboolean check_act(Check *check, StoreTxn *txn, GError **error)
{
	const Service *service = check->service;
	const char *signed_at = row_text(check->body, "document_signed");
	RuleMode mode = mode_of(check, "d5");
	g_autofree char *day = NULL, *until = NULL, *today = service_today(service);
	CalendarMatter matter;
	gint64 signed_s;

	if (!check->notification || mode == MODE_OFF || signed_at == NULL ||
		!time_from_rfc3339(signed_at, &signed_s))
		return TRUE;
	if (!deadline_matter(txn, service, check->body, &matter, error))
		return FALSE;
	/* Of taxes the tax code says how long. */
	if (matter == MATTER_TAX)
		return TRUE;
	day = service_day(service, signed_s);
	until = calendar_act_deadline(service->calendar, matter, day);
	if (until == NULL)
		return TRUE;
	json_object_set_new(check->findings, "act_until", json_string(until));
	return strcmp(today, until) <= 0 ||
	       judge(check, mode, ACUSE_ERROR_ACT_LATE, "act", "late", error);
}

static Envelope *envelope_of(const json_t *body)
{
	Envelope *envelope = envelope_new();
	json_t *address;
	size_t i;

	json_array_foreach(json_object_get(body, "recipients"), i, address)
		g_ptr_array_add(envelope->recipients, g_strdup(json_string_value(address)));
	return envelope;
}

gboolean register_check_intent(StoreTxn *txn, const Service *service, const json_t *body,
	json_t **findings, GError **error)
{
	const char *number = row_text(body, "expediente");
	const char *name = row_text(body, "login");
	g_autoptr(Account) mailbox = NULL, login = NULL;
	g_autoptr(Envelope) envelope = NULL;
	json_auto_t *row = NULL;
	Check check = {.service = service,
		.body = body,
		.findings = json_pack("{s:[]}", "findings"),
		.notification = g_strcmp0(row_text(body, "class"),
					send_class_name(CLASS_NOTIFICATION)) == 0};

	*findings = check.findings;
	if (!is_asked(&check))
		return TRUE;
	mailbox = live_directory_by_mail(service->live, row_text(body, "mailbox"));
	login = strchr(name, '@') != NULL ? live_directory_by_mail(service->live, name)
					  : live_directory_by_uid(service->live, name);
	envelope = envelope_of(body);
	check.input.settings = service->policy;
	check.input.envelope = envelope;
	check.input.mailbox = mailbox;
	check.input.login = login;
	if (number != NULL && !row_load(txn, TABLE_EXPEDIENTES, number, &row, error))
		return FALSE;
	return check_expediente(&check, row, error) && check_authorisation(&check, row, error) &&
	       check_act(&check, txn, error);
}

/* "[P10] what (article)" as the milter's own findings are written. */
static json_t *finding_of(const json_t *finding)
{
	g_autoptr(GRegex) form = g_regex_new("^\\[(\\w+)\\] (.*) \\(([^()]*)\\)$", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_autofree char *rule = NULL, *text = NULL, *article = NULL;

	if (!g_regex_match(form, row_text(finding, "line"), 0, &match))
		return NULL;
	rule = g_match_info_fetch(match, 1);
	text = g_match_info_fetch(match, 2);
	article = g_match_info_fetch(match, 3);
	return json_pack("{s:s, s:s, s:s, s:s}", "rule", rule, "mode", row_text(finding, "mode"),
		"article", article, "text", text);
}

/* Both judge by the same settings: what the milter found is not said twice. */
static gboolean is_said(const json_t *send, const json_t *row)
{
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(send, "findings"), i, finding)
		if (g_strcmp0(row_text(finding, "rule"), row_text(row, "rule")) == 0)
			return TRUE;
	return FALSE;
}

void register_note_findings(json_t *send, const json_t *findings)
{
	static const char *const names[] = {"expediente_check", "authorisation", "act_until"};
	json_t *finding;
	size_t number;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (row_text(findings, names[i]) != NULL)
			json_object_set(send, names[i], json_object_get(findings, names[i]));
	json_array_foreach(json_object_get(findings, "findings"), number, finding) {
		json_auto_t *row = finding_of(finding);

		if (row == NULL || is_said(send, row))
			continue;
		if (json_object_get(send, "findings") == NULL)
			json_object_set_new(send, "findings", json_array());
		json_array_append(json_object_get(send, "findings"), row);
	}
}
