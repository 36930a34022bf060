/* policy-case.h: one table of members for each group. */
#include "policy-case.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

typedef enum { TEXT, LIST, STRV, BOOLEAN, NUMBER, NUMBER_64, WORD } Kind;

typedef struct {
	const char *name;
	Kind kind;
	gsize offset;
	gboolean (*parse)(const char *word, void *member); /* WORD */
} Member;

#define IN(type, kind, name)                                                                       \
	{                                                                                          \
#name, kind, offsetof(type, name), NULL                                            \
	}

static gboolean parse_kind(const char *word, void *member)
{
	return account_kind_parse(word, member);
}

static gboolean parse_state(const char *word, void *member)
{
	return account_state_parse(word, member);
}

static gboolean parse_protection(const char *word, void *member)
{
	static const char *const words[] = {"none", "smime-signed", "smime-encrypted", "pgp-signed",
		"pgp-encrypted", "pgp-inline"};

	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strcmp(word, words[i]) != 0)
			continue;
		*(Protection *)member = (Protection)i;
		return TRUE;
	}
	return FALSE;
}

static gboolean parse_pdf(const char *word, void *member)
{
	static const char *const words[] = {
		"not-checked", "unsigned", "valid", "broken", "untrusted", "unreadable"};

	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		if (strcmp(word, words[i]) != 0)
			continue;
		*(PdfSignature *)member = (PdfSignature)i;
		return TRUE;
	}
	return FALSE;
}

static const Member account_members[] = {
	IN(Account, TEXT, uid),
	IN(Account, TEXT, mail),
	{"kind", WORD, offsetof(Account, kind), parse_kind},
	{"state", WORD, offsetof(Account, state), parse_state},
	IN(Account, NUMBER_64, valid_from),
	IN(Account, NUMBER_64, valid_until),
	IN(Account, BOOLEAN, must_change_password),
	IN(Account, TEXT, display_name),
	IN(Account, TEXT, post),
	IN(Account, TEXT, unit),
	IN(Account, TEXT, extension),
	IN(Account, TEXT, phone),
	IN(Account, TEXT, owner),
	IN(Account, STRV, delegates),
	IN(Account, TEXT, notifier_area),
	IN(Account, TEXT, notifier_level),
	{NULL},
};

static const Member envelope_members[] = {
	IN(Envelope, TEXT, login),
	IN(Envelope, TEXT, sender),
	IN(Envelope, TEXT, client_address),
	IN(Envelope, LIST, recipients),
	IN(Envelope, LIST, unconfirmed),
	{NULL},
};

static const Member facts_members[] = {
	IN(MessageFacts, LIST, from),
	IN(MessageFacts, NUMBER, from_headers),
	IN(MessageFacts, BOOLEAN, from_unreadable),
	IN(MessageFacts, TEXT, from_name),
	IN(MessageFacts, TEXT, sender),
	IN(MessageFacts, LIST, resent),
	IN(MessageFacts, LIST, repeated),
	IN(MessageFacts, TEXT, odd_field),
	IN(MessageFacts, LIST, to),
	IN(MessageFacts, LIST, cc),
	IN(MessageFacts, TEXT, subject),
	IN(MessageFacts, BOOLEAN, subject_undecodable),
	IN(MessageFacts, NUMBER, subject_headers),
	IN(MessageFacts, TEXT, message_id),
	IN(MessageFacts, TEXT, in_reply_to),
	IN(MessageFacts, TEXT, date),
	IN(MessageFacts, BOOLEAN, marked_notification),
	IN(MessageFacts, BOOLEAN, asks_read_receipt),
	IN(MessageFacts, BOOLEAN, forwards),
	IN(MessageFacts, BOOLEAN, has_original),
	{"protection", WORD, offsetof(MessageFacts, protection), parse_protection},
	IN(MessageFacts, BOOLEAN, has_8bit),
	IN(MessageFacts, NUMBER, longest_line_bytes),
	{NULL},
};

#define BLOCKED(reason, name)                                                                      \
	{                                                                                          \
		name, TEXT, offsetof(AttachmentFacts, blocked[reason]), NULL                       \
	}
static const Member attachment_members[] = {
	IN(AttachmentFacts, STRV, names),
	IN(AttachmentFacts, TEXT, type),
	IN(AttachmentFacts, NUMBER_64, encoded_bytes),
	IN(AttachmentFacts, BOOLEAN, embedded),
	IN(AttachmentFacts, BOOLEAN, nested),
	IN(AttachmentFacts, BOOLEAN, inspected),
	IN(AttachmentFacts, NUMBER_64, size_bytes),
	IN(AttachmentFacts, TEXT, sha256),
	IN(AttachmentFacts, BOOLEAN, is_pdf),
	BLOCKED(BLOCKED_EXTENSION, "blocked_extension"),
	BLOCKED(BLOCKED_CONTENT, "blocked_content"),
	BLOCKED(BLOCKED_MACROS, "blocked_macros"),
	BLOCKED(BLOCKED_ENCRYPTED, "blocked_encrypted"),
	BLOCKED(BLOCKED_UNREADABLE, "blocked_unreadable"),
	BLOCKED(BLOCKED_TOO_MUCH, "blocked_too_much"),
	IN(AttachmentFacts, NUMBER_64, compressed_bytes),
	{"pdf_signature", WORD, offsetof(AttachmentFacts, pdf_signature), parse_pdf},
	IN(AttachmentFacts, TEXT, pdf_detail),
	{NULL},
};

static gboolean fail(GError **error, const char *group, const char *key, const char *why)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "[%s] %s: %s", group, key, why);
	return FALSE;
}

static GStrv split(const char *value)
{
	GStrv words = g_strsplit(value, ";", -1);

	for (char **word = words; *word != NULL; word++)
		g_strstrip(*word);
	return words;
}

static gboolean parse_member(void *member, const Member *row, const char *value)
{
	gboolean none = strcmp(value, "none") == 0;
	guint64 number = 0;
	GStrv words;

	switch (row->kind) {
	case TEXT:
		fixture_set(member, none ? NULL : value);
		return TRUE;
	case LIST:
		words = none ? g_new0(char *, 1) : split(value);
		g_ptr_array_set_size(*(GPtrArray **)member, 0);
		for (char **word = words; *word != NULL; word++)
			g_ptr_array_add(*(GPtrArray **)member, *word);
		g_free(words);
		return TRUE;
	case STRV:
		g_strfreev(*(char ***)member);
		*(char ***)member = none ? NULL : split(value);
		return TRUE;
	case BOOLEAN:
		*(gboolean *)member = strcmp(value, "yes") == 0;
		return *(gboolean *)member || strcmp(value, "no") == 0;
	case NUMBER:
	case NUMBER_64:
		if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT32, &number, NULL))
			return FALSE;
		if (row->kind == NUMBER)
			*(guint *)member = (guint)number;
		else
			*(guint64 *)member = number;
		return TRUE;
	case WORD:
		return row->parse(value, member);
	}
	return FALSE;
}

/* The members of one object that its group names. */
static gboolean take_group(
	GKeyFile *file, const char *group, const Member *rows, void *object, GError **error)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);

	for (char **key = keys; keys != NULL && *key != NULL; key++) {
		g_autofree char *value = g_key_file_get_string(file, group, *key, error);
		const Member *row = rows;

		while (row->name != NULL && strcmp(row->name, *key) != 0)
			row++;
		if (value == NULL)
			return FALSE;
		if (row->name == NULL)
			return fail(error, group, *key, "no such member");
		if (!parse_member((char *)object + row->offset, row, value))
			return fail(error, group, *key, "not a value of this member");
	}
	return TRUE;
}

static gboolean is_setting(const char *group)
{
	return strcmp(group, "institution") == 0 || strcmp(group, "policy") == 0 ||
	       strcmp(group, "signature") == 0 || g_str_has_prefix(group, "policy ");
}

/* The case's own settings over the defaults of the table, as the daemons read them. */
static gboolean take_settings(PolicyCase *policy_case, GKeyFile *file, GError **error)
{
	g_autoptr(GKeyFile) kept = g_key_file_new();
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
	g_autoptr(Settings) settings = NULL;
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("acuse-policy-XXXXXX", &path, error);

	if (fd < 0)
		return FALSE;
	close(fd);
	g_key_file_set_string(kept, "institution", "name", "Municipalidad de Prueba");
	g_key_file_set_string(kept, "institution", "domain", "muni.test");
	g_key_file_set_string(kept, "institution", "phone", "042-562191");
	for (char **group = groups; *group != NULL; group++) {
		g_auto(GStrv) keys = g_key_file_get_keys(file, *group, NULL, NULL);

		for (char **key = keys; is_setting(*group) && *key != NULL; key++) {
			g_autofree char *value = g_key_file_get_value(file, *group, *key, NULL);

			g_key_file_set_value(kept, *group, *key, value);
		}
	}
	if (g_key_file_save_to_file(kept, path, error))
		settings = settings_load(path, error);
	g_unlink(path);
	if (settings == NULL)
		return FALSE;
	policy_settings_free(policy_case->fixture->settings);
	policy_case->fixture->settings = policy_settings_load(settings, error);
	policy_case->fixture->input.settings = policy_case->fixture->settings;
	if (policy_case->fixture->settings == NULL)
		return FALSE;
	policy_case->fixture->settings->signature->refuse_protected =
		strcmp(settings_string(settings, "signature", "protected"), "refuse") == 0;
	return TRUE;
}

static gboolean take_attachment(Fixture *fixture, GKeyFile *file, const char *group, GError **error)
{
	AttachmentFacts *attachment = attachment_facts_new();

	g_ptr_array_add(fixture->facts->attachments, attachment);
	return take_group(file, group, attachment_members, attachment, error);
}

static gboolean take_groups(PolicyCase *policy_case, GKeyFile *file, GError **error)
{
	Fixture *fixture = policy_case->fixture;
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
	gboolean taken = TRUE;

	if (g_key_file_has_key(file, "case", "bare", NULL))
		g_ptr_array_set_size(fixture->facts->attachments, 0);
	for (char **group = groups; taken && *group != NULL; group++) {
		if (strcmp(*group, "login") == 0)
			taken = take_group(file, *group, account_members, fixture->login, error);
		else if (strcmp(*group, "office") == 0)
			taken = take_group(file, *group, account_members, fixture->office, error);
		else if (strcmp(*group, "envelope") == 0)
			taken = take_group(
				file, *group, envelope_members, fixture->envelope, error);
		else if (strcmp(*group, "facts") == 0)
			taken = take_group(file, *group, facts_members, fixture->facts, error);
		else if (g_str_has_prefix(*group, "attachment "))
			taken = take_attachment(fixture, file, *group, error);
		else if (!is_setting(*group) && strcmp(*group, "case") != 0)
			taken = fail(error, *group, "", "no such group");
	}
	return taken;
}

static void find_accounts(Fixture *fixture)
{
	const Account *known[] = {fixture->login, fixture->office};
	const GPtrArray *from = fixture->facts->from;

	fixture->input.login = fixture->login->uid != NULL ? fixture->login : NULL;
	fixture->input.mailbox = NULL;
	for (guint i = 0; from->len == 1 && i < G_N_ELEMENTS(known); i++)
		if (known[i]->uid != NULL && known[i]->mail != NULL &&
			g_ascii_strcasecmp(known[i]->mail, from->pdata[0]) == 0)
			fixture->input.mailbox = known[i];
}

/* The member of that letter, A the first. */
static gboolean change_member(void *object, const Member *rows, char letter, const char *value)
{
	for (char at = 'A'; rows->name != NULL; rows++, at++)
		if (at == letter)
			return parse_member((char *)object + rows->offset, rows, value);
	return FALSE;
}

static gboolean change_attachment(Fixture *fixture, char letter, const char *value)
{
	GPtrArray *all = fixture->facts->attachments;

	if (letter == '+' && all->len < 100)
		g_ptr_array_add(all, attachment_facts_new());
	return letter == '+' || (all->len > 0 && change_member(all->pdata[all->len - 1],
							 attachment_members, letter, value));
}

static gboolean change_mode(Fixture *fixture, guint index, const char *value)
{
	static const char *const beside[] = {"p10_inside", "p9_inbound", "p10_attachment"};
	g_autofree char *id = NULL;
	RuleMode mode;
	guint n = 0;

	while (policy_rules[n] != NULL)
		n++;
	if (index >= n + G_N_ELEMENTS(beside) || !rule_mode_parse(value, &mode))
		return FALSE;
	id = index < n ? g_ascii_strdown(policy_rules[index]->id, -1) : g_strdup(beside[index - n]);
	fixture_set_mode(fixture, id, mode);
	return TRUE;
}

gboolean policy_case_change(PolicyCase *policy_case, char group, char letter, const char *value)
{
	Fixture *fixture = policy_case->fixture;
	gboolean changed = FALSE;

	if (group == 'l')
		changed = change_member(fixture->login, account_members, letter, value);
	else if (group == 'o')
		changed = change_member(fixture->office, account_members, letter, value);
	else if (group == 'e')
		changed = change_member(fixture->envelope, envelope_members, letter, value);
	else if (group == 'f')
		changed = change_member(fixture->facts, facts_members, letter, value);
	else if (group == 'a')
		changed = change_attachment(fixture, letter, value);
	else if (group == 'm' && letter >= 'A')
		changed = change_mode(fixture, (guint)(letter - 'A'), value);
	find_accounts(fixture);
	return changed;
}

PolicyCase *policy_case_new(void)
{
	PolicyCase *policy_case = g_new0(PolicyCase, 1);

	policy_case->fixture = fixture_new();
	return policy_case;
}

PolicyCase *policy_case_load(const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(PolicyCase) policy_case = g_new0(PolicyCase, 1);

	policy_case->fixture = fixture_new();
	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error) ||
		!take_settings(policy_case, file, error) || !take_groups(policy_case, file, error))
		return NULL;
	find_accounts(policy_case->fixture);
	policy_case->rules = g_key_file_get_string_list(file, "case", "rules", NULL, NULL);
	policy_case->refused = g_key_file_get_string_list(file, "case", "refused", NULL, NULL);
	policy_case->passed = g_key_file_get_string_list(file, "case", "passed", NULL, NULL);
	policy_case->edited = g_key_file_get_string_list(file, "case", "edited", NULL, NULL);
	return g_steal_pointer(&policy_case);
}

void policy_case_free(PolicyCase *policy_case)
{
	if (policy_case == NULL)
		return;
	fixture_free(policy_case->fixture);
	g_strfreev(policy_case->rules);
	g_strfreev(policy_case->refused);
	g_strfreev(policy_case->passed);
	g_strfreev(policy_case->edited);
	g_free(policy_case);
}

char *policy_case_outcome(PolicyCase *policy_case)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint mode = MODE_OFF; mode <= MODE_ENFORCE; mode++) {
		g_autoptr(Plan) plan = NULL;
		g_autofree char *outcome = NULL;

		for (char **rule = policy_case->rules; rule != NULL && *rule != NULL; rule++)
			fixture_set_mode(policy_case->fixture, *rule, (RuleMode)mode);
		plan = policy_decide(&policy_case->fixture->input);
		outcome = policy_plan_text(plan);
		if (policy_case->rules == NULL)
			return g_steal_pointer(&outcome);
		g_string_append_printf(text, "--- %s\n%s", rule_mode_name((RuleMode)mode), outcome);
	}
	return g_strdup(text->str);
}
