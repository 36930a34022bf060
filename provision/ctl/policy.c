/*
 * acusectl policy show and explain: which mode each rule has for an account and which group of the
 * settings says so; and what the policy makes of a message, which is read here and goes nowhere.
 * Accounts come from the API. Fails with the API's errors, or INVALID when settings or message
 * cannot be read.
 */
#include "ctl.h"
#include "base/error.h"
#include "base/text.h"
#include "core/rules/rules.h"
#include "mime/facts.h"
#include "mime/signature_files.h"

#include <stdio.h>
#include <string.h>

#define MAX_MESSAGE_BYTES (256 * 1024 * 1024)

static char *text_of(const json_t *object, const char *name)
{
	return g_strdup(json_string_value(json_object_get(object, name)));
}

/* The account of a uid; NULL with the API's error. */
static Account *fetch_account(Ctl *ctl, const char *uid, GError **error)
{
	g_autofree char *path = api_path("/v1/accounts/%s", uid);
	json_t *answer = api_call(ctl->api, "GET", path, NULL, error);
	json_t *delegates = json_object_get(answer, "delegates"), *delegate;
	g_autoptr(GStrvBuilder) uids = g_strv_builder_new();
	Account *account;
	size_t i;

	if (answer == NULL)
		return NULL;
	account = account_new();
	account_kind_parse(json_string_value(json_object_get(answer, "kind")), &account->kind);
	account_state_parse(json_string_value(json_object_get(answer, "state")), &account->state);
	account->uid = text_of(answer, "uid");
	account->mail = text_of(answer, "mail");
	account->display_name = text_of(answer, "display_name");
	account->post = text_of(answer, "post");
	account->unit = text_of(answer, "unit");
	account->extension = text_of(answer, "extension");
	account->owner = text_of(answer, "owner");
	account->must_change_password =
		json_is_true(json_object_get(answer, "must_change_password"));
	json_array_foreach(delegates, i, delegate)
		if (json_is_string(delegate))
			g_strv_builder_add(uids, json_string_value(delegate));
	account->delegates = g_strv_builder_end(uids);
	json_decref(answer);
	return account;
}

static PolicySettings *load_policy(const Ctl *ctl, GError **error)
{
	g_autoptr(Settings) settings = settings_load(ctl->config_path, error);
	g_autoptr(PolicySettings) policy = NULL;

	if (settings == NULL ||
		!settings_require(settings, error, "institution.name", "institution.domain", NULL))
		return NULL;
	policy = policy_settings_load(settings, error);
	if (policy == NULL)
		return NULL;
	signature_settings_free(policy->signature);
	policy->signature = signature_files_load(settings, error);
	return policy->signature != NULL ? g_steal_pointer(&policy) : NULL;
}

static json_t *rule_row(const Rule *rule, const PolicyInput *input, const Plan *plan)
{
	const char *scope = NULL;
	RuleMode mode = policy_mode(input, rule->id, &scope);
	g_autofree char *group =
		scope != NULL ? g_strdup_printf("[policy %s]", scope) : g_strdup("[policy]");
	json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "rule", rule->id, "mode",
		rule_mode_name(mode), "group", group, "article", rule->article);
	const char *word = _("se cumple");
	g_autofree char *said = NULL;

	if (plan == NULL)
		return row;
	if (mode == MODE_OFF)
		word = _("apagada");
	else if (!rule->applies(input, plan))
		word = _("no se aplica");
	for (guint i = 0; i < plan->findings->len; i++) {
		const Finding *finding = g_ptr_array_index(plan->findings, i);

		if (strcmp(finding->rule, rule->id) == 0) {
			g_free(said);
			said = g_strdup(finding->advice);
			word = said;
		}
	}
	json_object_set_new(row, "reason", json_string(word));
	return row;
}

static json_t *rule_rows(const PolicyInput *input, const Plan *plan)
{
	json_t *rows = json_array();

	for (const Rule *const *rule = policy_rules; *rule != NULL; rule++)
		json_array_append_new(rows, rule_row(*rule, input, plan));
	return rows;
}

static void print_rows(const json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		const char *reason = json_string_value(json_object_get(row, "reason"));

		printf("%-4s %-8s %s (%s)%s%s\n", json_string_value(json_object_get(row, "rule")),
			json_string_value(json_object_get(row, "mode")),
			json_string_value(json_object_get(row, "group")),
			json_string_value(json_object_get(row, "article")),
			reason != NULL ? ": " : "", reason != NULL ? reason : "");
	}
}

static gboolean show(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autoptr(PolicySettings) policy = load_policy(ctl, error);
	g_autoptr(Account) account = NULL;
	g_autoptr(Envelope) envelope = envelope_new();
	g_autoptr(MessageFacts) facts = message_facts_new();
	GPtrArray *to = g_hash_table_lookup(options, "to");
	PolicyInput input = {.settings = policy, .envelope = envelope, .facts = facts};
	json_auto_t *rows = NULL;

	if (policy == NULL)
		return FALSE;
	account = fetch_account(ctl, arguments[0], error);
	if (account == NULL)
		return FALSE;
	for (guint i = 0; to != NULL && i < to->len; i++)
		g_ptr_array_add(envelope->recipients, g_strdup(to->pdata[i]));
	input.login = input.mailbox = account;
	rows = rule_rows(&input, NULL);
	if (ctl->json)
		ctl_print(ctl, command, rows);
	else
		print_rows(rows);
	return TRUE;
}

static MessageFacts *read_facts(const char *path, GError **error)
{
	g_autofree char *bytes = NULL;
	g_autoptr(MailMessage) message = NULL;
	gsize size = 0;

	if (!g_file_get_contents(path, &bytes, &size, error))
		return NULL;
	if (size > MAX_MESSAGE_BYTES) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE, "%s", path);
		return NULL;
	}
	mime_init();
	message = mail_message_parse(bytes, size);
	return mime_facts(message, error);
}

/* To whom: as given, else who stands in To and Cc. */
static void add_recipients(Envelope *envelope, const GPtrArray *to, const MessageFacts *facts)
{
	const GPtrArray *lists[] = {to, NULL};

	if (to == NULL) {
		lists[0] = facts->to;
		lists[1] = facts->cc;
	}
	for (guint l = 0; l < G_N_ELEMENTS(lists); l++)
		for (guint i = 0; lists[l] != NULL && i < lists[l]->len; i++)
			g_ptr_array_add(envelope->recipients, g_strdup(lists[l]->pdata[i]));
}

/* The account of the From, which may be nobody's. */
static Account *fetch_mailbox(
	Ctl *ctl, const PolicySettings *policy, const MessageFacts *facts, const Account *login)
{
	const char *from = facts->from->len == 1 ? facts->from->pdata[0] : NULL;
	const char *at = from != NULL ? strrchr(from, '@') : NULL;
	g_autofree char *uid = at != NULL ? g_ascii_strdown(from, at - from) : NULL;

	if (uid == NULL || g_ascii_strcasecmp(at + 1, policy->domain) != 0)
		return NULL;
	return strcmp(uid, login->uid) == 0 ? account_copy(login) : fetch_account(ctl, uid, NULL);
}

static void print_plan(
	const Ctl *ctl, const Command *command, const PolicyInput *input, const Plan *plan)
{
	json_auto_t *answer = json_pack("{s:s, s:s?, s:s?, s:s?, s:o}", "class",
		send_class_name(plan->send_class), "document_type", plan->document_type,
		"expediente", plan->expediente, "reply", plan->refusal, "rules",
		rule_rows(input, plan));

	if (ctl->json) {
		ctl_print(ctl, command, answer);
		return;
	}
	printf("%s: %s\n", _("Clase"), send_class_name(plan->send_class));
	if (plan->document_type != NULL)
		printf("%s: %s\n", _("Tipo de documento"), plan->document_type);
	if (plan->expediente != NULL)
		printf("%s: %s\n", _("Expediente"), plan->expediente);
	printf("%s: %s\n\n", _("Resultado"), plan->refusal != NULL ? plan->refusal : _("sale"));
	print_rows(json_object_get(answer, "rules"));
	printf("\n");
	for (guint i = 0; i < plan->header_edits->len; i++) {
		const HeaderEdit *edit = g_ptr_array_index(plan->header_edits, i);

		if (edit->op == HEADER_SET)
			printf("%s: %s\n", edit->name, edit->value);
	}
	if (plan->block_text != NULL)
		printf("%s:\n%s\n", _("Bloque de firma"), plan->block_text);
}

static gboolean explain(
	Ctl *ctl, const Command *command, char **arguments, GHashTable *options, GError **error)
{
	g_autoptr(PolicySettings) policy = load_policy(ctl, error);
	g_autoptr(Account) login = NULL, mailbox = NULL;
	g_autoptr(Envelope) envelope = envelope_new();
	g_autoptr(MessageFacts) facts = NULL;
	g_autoptr(Plan) plan = NULL;
	PolicyInput input = {.settings = policy, .envelope = envelope};

	if (policy == NULL)
		return FALSE;
	facts = read_facts(arguments[0], error);
	if (facts == NULL)
		return FALSE;
	login = fetch_account(ctl, ctl_option(options, "as"), error);
	if (login == NULL)
		return FALSE;
	mailbox = fetch_mailbox(ctl, policy, facts, login);
	envelope->stream = STREAM_SUBMISSION;
	envelope->login = g_strdup(login->uid);
	envelope->sender = g_strdup(login->mail);
	add_recipients(envelope, g_hash_table_lookup(options, "to"), facts);
	input.facts = facts;
	input.login = login;
	input.mailbox = mailbox;
	input.now_s = g_get_real_time() / G_USEC_PER_SEC;
	input.send_id = "-";
	plan = policy_decide(&input);
	print_plan(ctl, command, &input, plan);
	return TRUE;
}

const Command policy_commands[] = {
	{"policy", "show", N_("CUENTA"), 1, {{"to", NULL, FALSE, TRUE, 0}, {NULL}},
		N_("Muestra el modo de cada regla para una cuenta y el grupo que lo dice."), NULL,
		NULL, show, NULL, NULL},
	{"policy", "explain", N_("ARCHIVO"), 1,
		{{"as", NULL, TRUE, FALSE, 0}, {"to", NULL, FALSE, TRUE, 0}, {NULL}},
		N_("Dice que haria la politica con un mensaje, sin enviarlo."), NULL, NULL, explain,
		NULL, NULL},
	{NULL},
};
