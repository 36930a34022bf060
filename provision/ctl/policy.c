/*
 * acusectl policy show and explain: which mode each rule has for an account and which group of the
 * settings says so; and what the policy makes of a message, which is read here and goes nowhere.
 * Accounts come from the API. Fails with the API's errors, or INVALID when settings or message
 * cannot be read.
 */
#include "policy_api.h"
#include "base/error.h"
#include "base/text.h"
#include "core/address.h"
#include "core/rules/rules.h"
#include "inspect/inspect.h"
#include "mime/facts.h"
#include "mime/signature_files.h"

#include <stdio.h>
#include <string.h>

#define MAX_MESSAGE_BYTES (256 * 1024 * 1024)

PolicySettings *policy_load(const Ctl *ctl, GError **error)
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
	g_autoptr(PolicySettings) policy = policy_load(ctl, error);
	g_autoptr(Account) account = NULL;
	g_autoptr(Envelope) envelope = envelope_new();
	g_autoptr(MessageFacts) facts = message_facts_new();
	GPtrArray *to = g_hash_table_lookup(options, "to");
	PolicyInput input = {.settings = policy, .envelope = envelope, .facts = facts};
	json_auto_t *rows = NULL;

	if (policy == NULL)
		return FALSE;
	account = policy_fetch_account(ctl, arguments[0], error);
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

/* As the milter does. */
static gboolean look_at_attachments(Ctl *ctl, const PolicySettings *policy,
	const MailMessage *message, MessageFacts *facts, GError **error)
{
	g_autoptr(Settings) settings = settings_load(ctl->config_path, error);
	g_autofree char *looker = settings != NULL ? inspect_looker(error) : NULL;
	InspectOptions options = inspect_options(policy);
	gboolean done;

	if (looker == NULL)
		return FALSE;
	options.looker = looker;
	options.pdf_checker = inspect_pdf_checker(settings, policy);
	options.pdf = inspect_wants_pdf(&options, policy, facts);
	done = inspect_attachments(message, facts->attachments, &options, error);
	pdf_checker_free(options.pdf_checker);
	return done;
}

static MessageFacts *read_facts(
	Ctl *ctl, const PolicySettings *policy, const char *path, GError **error)
{
	g_autofree char *bytes = NULL;
	g_autoptr(MailMessage) message = NULL;
	g_autoptr(MessageFacts) facts = NULL;
	gsize size = 0;

	if (!g_file_get_contents(path, &bytes, &size, error))
		return NULL;
	if (size > MAX_MESSAGE_BYTES) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE, "%s", path);
		return NULL;
	}
	mime_init();
	message = mail_message_parse(bytes, size);
	facts = mime_facts(message, error);
	return facts != NULL && look_at_attachments(ctl, policy, message, facts, error)
		       ? g_steal_pointer(&facts)
		       : NULL;
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
	g_autofree char *address = NULL;

	if (at == NULL || g_ascii_strcasecmp(at + 1, policy->domain) != 0)
		return NULL;
	address = address_without_detail(from);
	return account_has_address(login, address) ? account_copy(login)
						   : policy_fetch_account(ctl, address, NULL);
}

static void print_plan(Ctl *ctl, const Command *command, const PolicyInput *input, const Plan *plan)
{
	json_auto_t *beyond = policy_register_rows(ctl, input, plan);
	json_auto_t *answer = json_pack("{s:s, s:s?, s:s?, s:s?, s:o}", "class",
		send_class_name(plan->send_class), "document_type", plan->document_type,
		"expediente", plan->expediente, "reply", plan->refusal, "rules",
		rule_rows(input, plan));

	json_array_extend(json_object_get(answer, "rules"), beyond);
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
	g_autoptr(PolicySettings) policy = policy_load(ctl, error);
	g_autoptr(Account) login = NULL, mailbox = NULL;
	g_autoptr(Envelope) envelope = envelope_new();
	g_autoptr(MessageFacts) facts = NULL;
	g_autoptr(Plan) plan = NULL;
	PolicyInput input = {.settings = policy, .envelope = envelope};

	if (policy == NULL)
		return FALSE;
	facts = read_facts(ctl, policy, arguments[0], error);
	if (facts == NULL)
		return FALSE;
	login = policy_fetch_account(ctl, ctl_option(options, "as"), error);
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
