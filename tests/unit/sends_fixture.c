/* The stand-in provisiond of the tests (sends_fixture.h). */
#include "sends_fixture.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "cms/cms.h"
#include "cms/digest.h"
#include "mime/facts.h"
#include "mime/smime.h"
#include "provision/heads.h"
#include "provision/reconcile.h"
#include "provision/seal.h"
#include "provision/tokens.h"
#include "tests/unit/calendar_fixture.h"
#include "tests/unit/route.h"
#include "tests/unit/temporary.h"

gint64 fixture_now_s, fixture_directory_age_s;
AccountState fixture_login_state;
gboolean fixture_bound, fixture_sealed;
const char *fixture_seal_email = "sello@muni.test";

static struct {
	EVP_PKEY *key;
	X509 *certificate;
} mailbox_signer, seal_signer;

static gint64 now_s(void)
{
	return fixture_now_s;
}

static Account *person(void)
{
	Account *account = account_new();

	account->uid = g_strdup("rmoralesa");
	account->mail = g_strdup("rmoralesa@muni.test");
	account->state = fixture_login_state;
	account->display_name = g_strdup("Rosa Morales Aranda");
	return account;
}

guint live_directory_count(LiveDirectory *live)
{
	(void)live;
	return 1;
}

gint64 live_directory_age_s(LiveDirectory *live)
{
	(void)live;
	return fixture_directory_age_s;
}

Account *live_directory_by_uid(LiveDirectory *live, const char *uid)
{
	(void)live;
	return strcmp(uid, "rmoralesa") == 0 ? person() : NULL;
}

Account *live_directory_by_mail(LiveDirectory *live, const char *mail)
{
	Account *account;

	(void)live;
	if (g_ascii_strcasecmp(mail, "rmoralesa@muni.test") == 0)
		return person();
	if (g_ascii_strcasecmp(mail, FIXTURE_MAILBOX) != 0 &&
		g_ascii_strcasecmp(mail, "alcaldia@muni.test") != 0)
		return NULL;
	account = account_new();
	account->uid = g_strndup(mail, strcspn(mail, "@"));
	account->mail = g_strdup(mail);
	account->kind = ACCOUNT_OFFICE;
	account->state = ACCOUNT_ACTIVE;
	account->owner = g_strdup(mail[0] == 's' ? "rmoralesa" : "jquispe");
	return account;
}

gboolean tokens_mailbox_ready(StoreTxn *txn, const char *mailbox, gint64 time_s, GError **error)
{
	(void)txn;
	(void)time_s;
	(void)mailbox;
	if (!fixture_bound)
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_NO_BINDING, "none");
	return fixture_bound;
}

GBytes *seal_sign(
	Service *service, const void *bytes, gsize size, char **certificate_sha256, GError **error)
{
	g_autoptr(GBytes) content = g_bytes_new(bytes, size);

	(void)service;
	if (certificate_sha256 != NULL)
		*certificate_sha256 = cms_certificate_sha256(seal_signer.certificate);
	if (fixture_sealed)
		return cms_sign_detached(
			seal_signer.key, seal_signer.certificate, NULL, content, error);
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_LOCKED, "locked");
	return NULL;
}

char *heads_current(Service *service, GError **error)
{
	guint64 size = store_tree_size(service->store);
	g_autofree char *hex = NULL, *text = NULL, *base64 = NULL,
			*time = time_to_rfc3339(fixture_now_s);
	g_autoptr(GBytes) content = NULL, cms = NULL;
	MerkleHash root;
	json_t *head;
	char *dumped, *copy;

	if (!store_root(service->store, size, &root, error))
		return NULL;
	hex = merkle_hash_to_hex(&root);
	text = g_strdup_printf("{\"v\":1,\"origin\":\"muni.test\",\"size\":%" G_GUINT64_FORMAT
			       ",\"root\":\"%s\",\"time\":\"%s\"}",
		size, hex, time);
	content = g_bytes_new(text, strlen(text));
	cms = cms_sign_detached(seal_signer.key, seal_signer.certificate, NULL, content, error);
	assert_non_null(cms);
	if (fixture_sealed)
		base64 = g_base64_encode(g_bytes_get_data(cms, NULL), g_bytes_get_size(cms));
	head = json_pack("{s:s, s:s?, s:{s:s, s:s}}", "head", text, "cms", base64, "trouble",
		"code", "token-locked", "detail", "PIN needed");
	dumped = json_dumps(head, 0);
	copy = g_strdup(dumped);
	free(dumped);
	json_decref(head);
	return copy;
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
}

static X509 *make_certificate(EVP_PKEY *key, const char *name, const char *email)
{
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);
	g_autofree char *alternative = g_strconcat("email:", email, NULL);

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	/* Good at the fixture's time and at the machine's, whichever a check goes by. */
	ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20200101000000Z");
	ASN1_TIME_set_string(X509_getm_notAfter(certificate), "21200101000000Z");
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const guchar *)name, -1, -1, 0);
	X509_set_issuer_name(certificate, subject);
	add_extension(certificate, NID_key_usage, "digitalSignature,keyCertSign");
	add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(certificate, NID_subject_alt_name, alternative);
	X509_sign(certificate, key, EVP_sha256());
	return certificate;
}

static void make_stranger(const char *path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = make_certificate(key, "Nadie", "nadie@otra.test");
	FILE *file = g_fopen(path, "w");

	PEM_write_X509(file, certificate);
	fclose(file);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void make_signers(const char *trust_pem)
{
	FILE *file = g_fopen(trust_pem, "w");

	mailbox_signer.key = EVP_EC_gen("P-256");
	mailbox_signer.certificate =
		make_certificate(mailbox_signer.key, "Secretaria General", FIXTURE_MAILBOX);
	seal_signer.key = EVP_EC_gen("P-256");
	seal_signer.certificate = make_certificate(seal_signer.key, "Sello", fixture_seal_email);
	PEM_write_X509(file, mailbox_signer.certificate);
	PEM_write_X509(file, seal_signer.certificate);
	fclose(file);
}

static gboolean put_expediente(StoreTxn *txn, gpointer data, GError **error)
{
	(void)data;
	return store_put(txn, TABLE_EXPEDIENTES, FIXTURE_EXPEDIENTE,
		"{\"number\":\"" FIXTURE_EXPEDIENTE "\",\"authorisations\":{\"" FIXTURE_CITIZEN
		"\":{\"document\":\"Solicitud\",\"date\":\"2026-01-05\",\"holder\":\"Juan\"}}}",
		error);
}

void fixture_settings(Fixture *fixture, const char *policy)
{
	g_autofree char *conf = g_build_filename(fixture->folder, "acuse.conf", NULL);
	g_autofree char *text = g_strdup_printf(
		"[institution]\nname=Muni\ndomain=muni.test\n[policy]\n%s\n", policy);
	GError *error = NULL;

	if (fixture->service.settings != NULL)
		settings_free((Settings *)fixture->service.settings);
	g_file_set_contents(conf, text, -1, NULL);
	fixture->service.settings = settings_load(conf, &error);
	assert_null(error);
	policy_settings_free((PolicySettings *)fixture->service.policy);
	fixture->service.policy = policy_settings_load(fixture->service.settings, &error);
	assert_null(error);
}

int fixture_setup(void **state)
{
	Fixture *fixture = g_new0(Fixture, 1);
	GError *error = NULL;
	g_autofree char *store = NULL, *blobs = NULL;

	mime_init();
	fixture_now_s = FIXTURE_NOW;
	fixture_directory_age_s = 0;
	fixture_login_state = ACCOUNT_ACTIVE;
	fixture_bound = fixture_sealed = TRUE;
	fixture->folder = temporary_folder();
	store = g_build_filename(fixture->folder, "ledger", NULL);
	blobs = g_build_filename(fixture->folder, "store", NULL);
	fixture->trust_pem = g_build_filename(fixture->folder, "trust.pem", NULL);
	fixture->bundle = g_build_filename(fixture->folder, "bundle.asice", NULL);
	g_mkdir(store, 0700);
	g_mkdir(blobs, 0700);
	make_signers(fixture->trust_pem);
	fixture->stranger_pem = g_build_filename(fixture->folder, "stranger.pem", NULL);
	make_stranger(fixture->stranger_pem);
	fixture_settings(fixture, "");
	fixture->service.store = store_open(store, &error);
	assert_null(error);
	store_set_floor(fixture->service.store, 0);
	fixture->service.blobs = blobs_open(blobs, 0, &error);
	assert_null(error);
	blobs_use_store(fixture->service.blobs, fixture->service.store);
	fixture->service.permit_key = g_bytes_new_static("0123456789abcdef0123456789abcdef", 32);
	fixture->service.now_s = now_s;
	fixture->service.calendar = test_calendar();
	assert_true(store_run(fixture->service.store, put_expediente, NULL, &error));
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	Fixture *fixture = *state;

	store_close(fixture->service.store);
	blobs_close(fixture->service.blobs);
	settings_free((Settings *)fixture->service.settings);
	policy_settings_free((PolicySettings *)fixture->service.policy);
	g_bytes_unref(fixture->service.permit_key);
	calendar_free((Calendar *)fixture->service.calendar);
	temporary_remove(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->trust_pem);
	g_free(fixture->bundle);
	g_free(fixture->stranger_pem);
	g_free(fixture);
	X509_free(mailbox_signer.certificate);
	X509_free(seal_signer.certificate);
	EVP_PKEY_free(mailbox_signer.key);
	EVP_PKEY_free(seal_signer.key);
	return 0;
}

json_t *fixture_intent(const char *id, const char *entity_sha256)
{
	g_autofree char *queue_id = g_strdelimit(g_strdup(id), "-", 'Q');
	g_autofree char *digest = digest_sha256_hex("content", 7),
			*token_digest = digest_sha256_hex(id, strlen(id));

	/* Any 32 characters of the token's alphabet, other ones for each id. */
	g_strdelimit(g_strdelimit(g_strdelimit(token_digest, "01", 'x'), "8", 'y'), "9", 'z');
	token_digest[32] = '\0';
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:s, s:s, s:s, "
			 "s:s?, s:b}",
		"id", id, "token", token_digest, "class",
		entity_sha256 != NULL ? "notification" : "external", "login", "rmoralesa",
		"mailbox", FIXTURE_MAILBOX, "message_id", "m1@muni.test", "date",
		"Sat, 21 Nov 2026 15:53:56 -0500", "subject", "NOTIFICACION Exp. 2026-001234",
		"document_type", "NOTIFICACION", "expediente", FIXTURE_EXPEDIENTE, "recipients",
		FIXTURE_CITIZEN, "queue_id", queue_id, "client_address", "192.0.2.1",
		"content_sha256", digest, "entity_sha256", entity_sha256, "sign",
		entity_sha256 != NULL);
}

json_t *fixture_call(Fixture *fixture, const Route *routes, const char *method, const char *path,
	const char *argument, const char *query, json_t *body, GError **error)
{
	ApiResponse response;
	gboolean done = route_call(
		&fixture->service, routes, method, path, argument, query, body, &response, error);

	assert_true(done == (response.json != NULL));
	return response.json;
}

GBytes *fixture_read(Fixture *fixture, const char *path, const char *argument, GError **error)
{
	ApiResponse response;
	gboolean done = route_call(&fixture->service, routes_sends, "GET", path, argument, NULL,
		NULL, &response, error);

	assert_true(done == (response.bytes != NULL));
	return response.bytes;
}

char *fixture_put_blob(Fixture *fixture, const void *bytes, gsize size)
{
	char *digest = digest_sha256_hex(bytes, size);
	g_autoptr(GBytes) blob = g_bytes_new(bytes, size);

	assert_true(blobs_put(fixture->service.blobs, digest, blob, NULL));
	return digest;
}

static void post_both(Fixture *fixture, const char *id, const char *entity, GBytes *message,
	const char *certificate, const char *cms)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *digest = fixture_put_blob(
		fixture, g_bytes_get_data(message, NULL), g_bytes_get_size(message));
	g_autofree char *queue_id = g_strdelimit(g_strdup(id), "-", 'Q');

	json_decref(fixture_call(fixture, routes_sends, "POST", "/v1/sends", NULL, NULL,
		fixture_intent(id, entity), &error));
	assert_null(error);
	json_decref(fixture_call(fixture, routes_sends, "POST", "/v1/sends/{id}/prepared", id, NULL,
		json_pack("{s:s, s:I, s:s, s:s?, s:s?}", "message_sha256", digest, "size",
			(json_int_t)g_bytes_get_size(message), "queue_id", queue_id,
			"certificate_sha256", certificate, "cms_sha256", cms),
		&error));
	assert_null(error);
}

void fixture_prepare(Fixture *fixture, const char *id, const char *bytes)
{
	g_autoptr(GBytes) message = g_bytes_new(bytes, strlen(bytes));

	post_both(fixture, id, NULL, message, NULL, NULL);
}

GBytes *fixture_prepare_signed(Fixture *fixture, const char *id)
{
	static const char text[] =
		"From: <" FIXTURE_MAILBOX ">\r\nTo: <" FIXTURE_CITIZEN ">\r\n"
		"Subject: NOTIFICACION Exp. 2026-001234\r\nMessage-ID: "
		"<m1@muni.test>\r\nMIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n\r\nSe le notifica.\r\n";
	g_autoptr(MailMessage) message = mail_message_parse(text, strlen(text));
	g_autoptr(GBytes) entity = smime_entity(message, NULL), cms = NULL, bytes = NULL;
	g_autofree char *entity_sha256 = NULL, *certificate = NULL, *cms_sha256 = NULL;

	assert_non_null(entity);
	cms = cms_sign_detached(mailbox_signer.key, mailbox_signer.certificate, NULL, entity, NULL);
	entity_sha256 = digest_sha256_hex(g_bytes_get_data(entity, NULL), g_bytes_get_size(entity));
	assert_true(smime_wrap(message, &entity, cms, "=_acuse_test", NULL));
	cms_sha256 = digest_sha256_hex(g_bytes_get_data(cms, NULL), g_bytes_get_size(cms));
	certificate = cms_certificate_sha256(mailbox_signer.certificate);
	bytes = mail_message_to_bytes(message);
	post_both(fixture, id, entity_sha256, bytes, certificate, cms_sha256);
	return g_steal_pointer(&bytes);
}

json_t *fixture_send(Fixture *fixture, const char *id)
{
	g_autoptr(GError) error = NULL;
	json_t *send = fixture_call(
		fixture, routes_sends, "GET", "/v1/sends/{id}", id, NULL, NULL, &error);

	assert_null(error);
	return send;
}

void fixture_assert_state(Fixture *fixture, const char *id, const char *state)
{
	json_t *send = fixture_send(fixture, id);

	assert_string_equal(json_string_value(json_object_get(send, "state")), state);
	json_decref(send);
}

guint fixture_count_leaves(Fixture *fixture, const char *type)
{
	g_autofree char *mark = g_strdup_printf("\"type\":\"%s\"", type);
	guint count = 0;

	for (guint64 i = 0; i < store_tree_size(fixture->service.store); i++) {
		g_autofree char *leaf = store_leaf(fixture->service.store, i, NULL);

		count += strstr(leaf, mark) != NULL;
	}
	return count;
}

typedef struct {
	const char *text;
	guint n;
} Counting;

static gboolean count_row(const char *key, const char *value, gpointer data)
{
	Counting *counting = data;

	(void)key;
	counting->n += strstr(value, counting->text) != NULL;
	return TRUE;
}

guint fixture_count_outbox(Fixture *fixture, const char *text)
{
	Counting counting = {text, 0};

	assert_true(store_scan(
		fixture->service.store, TABLE_OUTBOX, "", NULL, FALSE, count_row, &counting, NULL));
	return counting.n;
}

void fixture_settle(Fixture *fixture, const char *queue_id)
{
	g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);

	if (queue_id != NULL)
		g_hash_table_add(ids, (gpointer)queue_id);
	assert_true(reconcile_settle(&fixture->service, ids, NULL));
}

json_t *fixture_report(
	Fixture *fixture, const char *bytes, const char *action, const char *diagnostic)
{
	g_autoptr(ReportFacts) report = report_facts_new();
	ReportRecipient *line = report_recipient_new();
	json_t *answer;

	report->kind = REPORT_DSN;
	report->stream = STREAM_INTERNAL;
	report->queue_id = g_strdup("R1");
	report->envelope_sender = g_strdup("");
	report->postfix_queue_id = g_strdup("sQ1");
	report->original_sha256 = fixture_put_blob(fixture, bytes, strlen(bytes));
	line->final_recipient = g_strdup(FIXTURE_CITIZEN);
	line->action = g_strdup(action);
	line->diagnostic = g_strdup(diagnostic);
	g_ptr_array_add(report->recipients, line);
	answer = fixture_call(fixture, routes_events, "POST", "/v1/events", NULL, NULL,
		report_facts_to_json(report), NULL);
	assert_non_null(answer);
	return answer;
}
