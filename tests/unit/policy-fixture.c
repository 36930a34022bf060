/* The policy's fixture (policy-fixture.h). */
#include "policy-fixture.h"

void fixture_set(char **member, const char *value)
{
	g_free(*member);
	*member = g_strdup(value);
}

void fixture_send_to(Fixture *fixture, const char *address)
{
	g_ptr_array_set_size(fixture->envelope->recipients, 0);
	g_ptr_array_set_size(fixture->facts->to, 0);
	g_ptr_array_add(fixture->envelope->recipients, g_strdup(address));
	g_ptr_array_add(fixture->facts->to, g_strdup(address));
}

void fixture_send_as_office(Fixture *fixture)
{
	g_ptr_array_set_size(fixture->facts->from, 0);
	g_ptr_array_add(fixture->facts->from, g_strdup("otic@muni.test"));
	fixture->input.mailbox = fixture->office;
}

void fixture_set_mode(Fixture *fixture, const char *id, RuleMode mode)
{
	g_hash_table_replace(fixture->settings->modes, g_strdup(id), GUINT_TO_POINTER(mode));
}

char *fixture_without_text(const char *refusal)
{
	g_autoptr(GRegex) text = g_regex_new("\\] .*", 0, 0, NULL);

	return refusal == NULL ? g_strdup("")
			       : g_regex_replace_literal(text, refusal, -1, 0, "] ", 0, NULL);
}

static Account *make_account(const char *uid, AccountKind kind, const char *name)
{
	Account *account = account_new();

	account->uid = g_strdup(uid);
	account->mail = g_strconcat(uid, "@muni.test", NULL);
	account->kind = kind;
	account->state = ACCOUNT_ACTIVE;
	account->display_name = g_strdup(name);
	return account;
}

static PolicySettings *make_settings(void)
{
	static const char *const notifying[] = {"NOTIFICACION", "CEDULA", "RESOLUCION", "CARTA",
		"OFICIO", "RESOLUCION DE GERENCIA", NULL};
	PolicySettings *settings = policy_settings_new();

	settings->institution_name = g_strdup("Municipalidad Provincial de Prueba");
	settings->institution_phone = g_strdup("042-562191");
	settings->domain = g_strdup("muni.test");
	g_hash_table_replace(settings->modes, g_strdup("p10_inside"), GUINT_TO_POINTER(MODE_WARN));
	settings->documents = document_types_new(NULL, notifying, NULL);
	settings->expediente_pattern = g_regex_new(
		"Exp\\.?\\s*(?:N[°º.]*\\s*)?([0-9]{4}-[0-9]{3,9})", G_REGEX_CASELESS, 0, NULL);
	return settings;
}

/* An official document is a PDF with a valid signature (P11). */
static AttachmentFacts *signed_pdf(void)
{
	AttachmentFacts *attachment = attachment_facts_new();

	attachment->inspected = attachment->is_pdf = TRUE;
	attachment->pdf_signature = PDF_VALID;
	return attachment;
}

Fixture *fixture_new(void)
{
	Fixture *fixture = g_new0(Fixture, 1);

	fixture->settings = make_settings();
	fixture->login = make_account("rmoralesa", ACCOUNT_PERSON, "Rosa Morales Aranda");
	fixture->login->post = g_strdup("Jefa de Oficina");
	fixture->login->unit = g_strdup("Gerencia Municipal");
	fixture->login->extension = g_strdup("123");
	account_set_notifier(fixture->login, "Gerencia Municipal", "Gerente Municipal");
	fixture->office = make_account("otic", ACCOUNT_OFFICE, "Oficina de Tecnología");
	fixture->office->owner = g_strdup("rmoralesa");
	account_set_notifier(fixture->office, "Oficina de Tecnología", "Jefe");
	fixture->envelope = envelope_new();
	fixture->envelope->stream = STREAM_SUBMISSION;
	fixture->envelope->login = g_strdup("rmoralesa");
	fixture->envelope->sender = g_strdup("rmoralesa@muni.test");
	fixture->facts = message_facts_new();
	fixture->facts->from_headers = 1;
	fixture->facts->subject_headers = 1;
	fixture->facts->subject = g_strdup(FIXTURE_SUBJECT);
	g_ptr_array_add(fixture->facts->from, g_strdup("rmoralesa@muni.test"));
	fixture_send_to(fixture, "ciudadano@ciudadano.test");
	g_ptr_array_add(fixture->facts->attachments, signed_pdf());
	fixture->input = (PolicyInput){
		.settings = fixture->settings,
		.envelope = fixture->envelope,
		.facts = fixture->facts,
		.login = fixture->login,
		.mailbox = fixture->login,
		.now_s = FIXTURE_NOW,
		.send_id = "send-1",
		.token = FIXTURE_TOKEN,
	};
	return fixture;
}

void fixture_free(Fixture *fixture)
{
	if (fixture == NULL)
		return;
	policy_settings_free(fixture->settings);
	envelope_free(fixture->envelope);
	message_facts_free(fixture->facts);
	account_free(fixture->login);
	account_free(fixture->office);
	g_free(fixture);
}
