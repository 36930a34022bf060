/*
 * Who may say he is whom (P1): tests/golden/identity/spoof-NAME.eml must be refused and
 * pass-NAME.eml must go. The file `outcomes` there has a line for each: the reply, or "accepted"
 * and the From that goes out. The first lines of a mail, up to the line "--", are the envelope:
 * "login", "from" and "to". With ACUSE_GOLDEN_WRITE set the outcomes are written anew, for a look
 * at the difference; what must be refused must be refused all the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/address.h"
#include "core/policy.h"
#include "mime/facts.h"
#include "mime/rewrite.h"

#define NOW 1800000000 /* 2027-01-15T08:00:00Z */
#define SPOOFS_AT_LEAST 60
#define PASSES_AT_LEAST 20

/* Name, kind, state, display name; offices: owner and delegates; a further address. */
static const struct {
	const char *uid;
	AccountKind kind;
	AccountState state;
	const char *name, *owner, *delegates, *alias;
} people[] = {
	{"rmoralesa", ACCOUNT_PERSON, ACCOUNT_ACTIVE, "Rosa Morales Aranda", NULL, NULL,
		"r.morales@muni.test"},
	{"rmorales", ACCOUNT_PERSON, ACCOUNT_ACTIVE, "Rafael Morales Soto", NULL, NULL, NULL},
	{"jperezs", ACCOUNT_PERSON, ACCOUNT_ACTIVE, "Juan Pérez Sánchez", NULL, NULL,
		"juan.perez@muni.test"},
	{"lnunezq", ACCOUNT_PERSON, ACCOUNT_ACTIVE,
		"Luz María de los Ángeles Núñez-Quispe, \"Lucha\"", NULL, NULL, NULL},
	{"alcalde", ACCOUNT_PERSON, ACCOUNT_ACTIVE, "Alcalde Provincial", NULL, NULL,
		"despacho@muni.test"},
	{"otic", ACCOUNT_OFFICE, ACCOUNT_ACTIVE, "Oficina de Tecnología", "rmoralesa",
		"jperezs;lnunezq;rmorales", "sistemas@muni.test"},
	{"rentas", ACCOUNT_OFFICE, ACCOUNT_ACTIVE, "Oficina de Rentas", "alcalde", NULL,
		"tributos@muni.test"},
	{"comite", ACCOUNT_ACTIVITY, ACCOUNT_ACTIVE, "Comité de Obras", "rmoralesa", "jperezs",
		NULL},
};

static Account *find(const char *address)
{
	g_autofree char *bare = address_without_detail(address);

	for (size_t i = 0; i < G_N_ELEMENTS(people); i++) {
		g_autofree char *mail = g_strconcat(people[i].uid, "@muni.test", NULL);
		Account *account;

		if (g_ascii_strcasecmp(bare, mail) != 0 &&
			(people[i].alias == NULL || g_ascii_strcasecmp(bare, people[i].alias) != 0))
			continue;
		account = account_new();
		account->uid = g_strdup(people[i].uid);
		account->mail = g_steal_pointer(&mail);
		if (people[i].alias != NULL)
			account->aliases = g_strsplit(people[i].alias, ";", -1);
		account->kind = people[i].kind;
		account->state = people[i].state;
		account->display_name = g_strdup(people[i].name);
		account->owner = g_strdup(people[i].owner);
		account_set_notifier(account, people[i].name, "Jefe");
		if (people[i].delegates != NULL)
			account->delegates = g_strsplit(people[i].delegates, ";", -1);
		/* One that ended, one that has not begun. */
		account_add_delegation(account, delegation_new("lnunezq", NOW - 200, NOW));
		account_add_delegation(account, delegation_new("rmorales", NOW + 1, 0));
		account_add_delegation(account, delegation_new("jperezs", NOW - 200, NOW - 100));
		account_add_delegation(account, delegation_new("jperezs", NOW, NOW + 1));
		return account;
	}
	return NULL;
}

/* The envelope's lines; returns where the message begins. */
static const char *read_envelope(const char *text, Envelope *envelope)
{
	const char *message = strstr(text, "--\n");
	g_autofree char *head = g_strndup(text, (gsize)(message - text));
	g_auto(GStrv) lines = g_strsplit(head, "\n", -1);

	envelope->stream = STREAM_SUBMISSION;
	for (char **line = lines; *line != NULL; line++) {
		if (g_str_has_prefix(*line, "login "))
			envelope->login = g_strdup(*line + 6);
		else if (g_str_has_prefix(*line, "from "))
			envelope->sender =
				g_strdup(g_strcmp0(*line + 5, "<>") == 0 ? "" : *line + 5);
		else if (g_str_has_prefix(*line, "to "))
			g_ptr_array_add(envelope->recipients, g_strdup(*line + 3));
	}
	assert_non_null(envelope->sender);
	return message + 3;
}

/* What goes out under this plan. */
static char *describe_accepted(MailMessage *message, const Plan *plan)
{
	g_autofree char *unfolded = NULL;
	const char *from;

	for (guint i = 0; i < plan->header_edits->len; i++) {
		const HeaderEdit *edit = plan->header_edits->pdata[i];

		assert_true(mime_set_field(message, edit->name, edit->value, NULL));
	}
	from = mail_message_field(message, "From");
	for (const char *c = from; *c != '\0'; c++)
		assert_true((guchar)*c < 128 || g_utf8_validate(from, -1, NULL));
	unfolded = g_strdelimit(g_strdup(from), "\n", '|');
	return g_strdup_printf("accepted, From:%s", unfolded);
}

static char *outcome_of(const char *path)
{
	g_autoptr(PolicySettings) settings = policy_settings_new();
	g_autoptr(Envelope) envelope = envelope_new();
	g_autoptr(MailMessage) message = NULL;
	g_autoptr(MessageFacts) facts = NULL;
	g_autoptr(Account) login = NULL, mailbox = NULL;
	g_autoptr(Plan) plan = NULL;
	g_autofree char *text = NULL, *login_mail = NULL;
	const char *start;

	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	start = read_envelope(text, envelope);
	message = mail_message_parse(start, strlen(start));
	facts = mime_facts(message, NULL);
	assert_non_null(facts);
	settings->institution_name = g_strdup("Municipalidad de Prueba");
	settings->domain = g_strdup("muni.test");
	/* The matrix is about senders, not about what they attach. */
	g_hash_table_replace(settings->modes, g_strdup("p11"), GUINT_TO_POINTER(MODE_OFF));
	settings->documents = document_types_new((const char *[]){"NOTIFICACION", NULL},
		(const char *[]){"NOTIFICACION", NULL}, NULL);
	settings->expediente_pattern = g_regex_new("([0-9]{4}-[0-9]{6})", 0, 0, NULL);
	if (envelope->login != NULL) {
		login_mail = g_strconcat(envelope->login, "@muni.test", NULL);
		login = find(login_mail);
	}
	if (facts->from->len == 1)
		mailbox = find(facts->from->pdata[0]);
	plan = policy_decide(&(PolicyInput){.settings = settings,
		.envelope = envelope,
		.facts = facts,
		.login = login,
		.mailbox = mailbox,
		.now_s = NOW,
		.send_id = "send-1",
		.token = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa234"});
	return plan->refusal != NULL ? g_strdup(plan->refusal) : describe_accepted(message, plan);
}

static int compare_names(gconstpointer left, gconstpointer right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The mails in the order of their names. */
static GPtrArray *list_mails(void)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) folder = g_dir_open(IDENTITY_FOLDER, 0, NULL);
	const char *name;

	assert_non_null(folder);
	while ((name = g_dir_read_name(folder)) != NULL)
		if (g_str_has_suffix(name, ".eml"))
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	return names;
}

/* Outcomes of all mails whose name begins so, checked to be of this kind. */
static guint add_outcomes(GString *outcomes, const char *prefix, const char *kind)
{
	g_autoptr(GPtrArray) names = list_mails();
	guint count = 0;

	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autofree char *path = g_build_filename(IDENTITY_FOLDER, name, NULL);
		g_autofree char *outcome = NULL;

		if (!g_str_has_prefix(name, prefix))
			continue;
		outcome = outcome_of(path);
		if (strstr(outcome, kind) == NULL)
			fail_msg("%s: %s", name, outcome);
		g_string_append_printf(outcomes, "%s: %s\n", name, outcome);
		count++;
	}
	return count;
}

static void test_matrix(void **state)
{
	g_autofree char *path = g_build_filename(IDENTITY_FOLDER, "outcomes", NULL);
	g_autofree char *expected = NULL;
	g_autoptr(GString) outcomes = g_string_new(NULL);

	(void)state;
	assert_true(add_outcomes(outcomes, "pass-", "accepted, ") >= PASSES_AT_LEAST);
	assert_true(add_outcomes(outcomes, "spoof-", " [P1] ") >= SPOOFS_AT_LEAST);
	if (g_getenv("ACUSE_GOLDEN_WRITE") != NULL)
		assert_true(g_file_set_contents(path, outcomes->str, -1, NULL));
	assert_true(g_file_get_contents(path, &expected, NULL, NULL));
	assert_string_equal(outcomes->str, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
