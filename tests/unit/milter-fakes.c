/* milter-fakes.h. Fails by assertion. One thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "api/client.h"
#include "base/error.h"
#include "cms/cms.h"
#include "cms/digest.h"
#include "mime/facts.h"
#include "tests/unit/milter-fakes.h"

static EVP_PKEY *signing_key;
static X509 *signing_certificate;

static void make_certificate(void)
{
	X509_NAME *name;
	X509_EXTENSION *mail;

	if (signing_key != NULL)
		return;
	signing_key = EVP_EC_gen("P-256");
	signing_certificate = X509_new();
	X509_set_version(signing_certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(signing_certificate), 7);
	X509_gmtime_adj(X509_getm_notBefore(signing_certificate), -60);
	X509_gmtime_adj(X509_getm_notAfter(signing_certificate), 3600);
	name = X509_get_subject_name(signing_certificate);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)"Secretaria General", -1, -1, 0);
	X509_set_issuer_name(signing_certificate, name);
	X509_set_pubkey(signing_certificate, signing_key);
	mail = X509V3_EXT_conf_nid(
		NULL, NULL, NID_subject_alt_name, "email:secretaria.general@muni.test");
	X509_add_ext(signing_certificate, mail, -1);
	X509_EXTENSION_free(mail);
	assert_true(X509_sign(signing_certificate, signing_key, EVP_sha256()) > 0);
}

static gboolean fails(FakeWorld *world, int code, GError **error)
{
	world->clock_ms += world->call_takes_ms;
	if (code < 0)
		return FALSE;
	g_set_error_literal(error, ACUSE_ERROR, code, "told to fail");
	return TRUE;
}

static gint64 fake_age(gpointer data)
{
	return ((FakeWorld *)data)->age_s;
}

static Account *rosa(void)
{
	Account *account = account_new();

	account->uid = g_strdup("rmoralesa");
	account->mail = g_strdup("rmoralesa@muni.test");
	account->kind = ACCOUNT_PERSON;
	account->state = ACCOUNT_ACTIVE;
	account->dni = g_strdup("40000001");
	account->given_names = g_strdup("Rosa");
	account->paternal_surname = g_strdup("Morales");
	account->maternal_surname = g_strdup("Aranda");
	account->display_name = g_strdup("Rosa Morales Aranda");
	account->post = g_strdup("Secretaria General");
	account->unit = g_strdup("Secretaría General");
	return account;
}

static Account *office(void)
{
	Account *account = account_new();

	account->uid = g_strdup("secretaria.general");
	account->mail = g_strdup("secretaria.general@muni.test");
	account->kind = ACCOUNT_OFFICE;
	account->state = ACCOUNT_ACTIVE;
	account->display_name = g_strdup("Secretaría General");
	account->unit = g_strdup("Secretaría General");
	account->owner = g_strdup("rmoralesa");
	account_set_notifier(account, "Secretaría General", "Jefe de Secretaría General");
	return account;
}

static Account *fake_by_uid(gpointer data, const char *uid)
{
	(void)data;
	if (strcmp(uid, "rmoralesa") == 0)
		return rosa();
	return strcmp(uid, "secretaria.general") == 0 ? office() : NULL;
}

static Account *fake_by_mail(gpointer data, const char *mail)
{
	g_autofree char *lower = g_ascii_strdown(mail, -1);

	if (!g_str_has_suffix(lower, "@muni.test"))
		return NULL;
	lower[strlen(lower) - strlen("@muni.test")] = '\0';
	return fake_by_uid(data, lower);
}

static void keep(json_t **slot, const json_t *body)
{
	json_decref(*slot);
	*slot = json_deep_copy(body);
}

static json_t *answer_intent(FakeWorld *world, const json_t *body)
{
	keep(&world->intent, body);
	return json_pack("{s:O, s:s?}", "id", json_object_get(body, "id"), "permit",
		json_is_true(json_object_get(body, "sign")) ? "a permit" : NULL);
}

/* What a call carried counts as stored; larger ones are put before it. */
static void take_message(FakeWorld *world, GBytes *message)
{
	gsize size = message != NULL ? g_bytes_get_size(message) : 0;

	if (message == NULL)
		return;
	assert_true(size > 0 && size <= API_MESSAGE_BYTES_MAX);
	g_string_append(world->calls, "message+");
	g_hash_table_insert(world->blobs, digest_sha256_hex(g_bytes_get_data(message, NULL), size),
		g_bytes_ref(message));
}

static json_t *fake_call(gpointer data, guint timeout_ms, const char *method, const char *path,
	const json_t *body, GBytes *message, GError **error)
{
	FakeWorld *world = data;

	assert_true(timeout_ms > 0);
	assert_string_equal(method, "POST");
	take_message(world, message);
	if (strcmp(path, "/v1/sends") == 0) {
		g_string_append(world->calls, "intent ");
		return fails(world, world->intent_error, error) ? NULL : answer_intent(world, body);
	}
	if (strcmp(path, "/v1/exceptions/find") == 0) {
		keep(&world->exception_asked, body);
		if (fails(world, world->exception_error, error))
			return NULL;
		return json_pack("{s:O?}", "exception", world->exception);
	}
	if (strcmp(path, "/v1/events") == 0) {
		g_string_append(world->calls, "event ");
		keep(&world->event, body);
		if (fails(world, world->event_error, error))
			return NULL;
		return world->event_answer != NULL ? json_incref(world->event_answer)
						   : json_pack("{s:n, s:b, s:[]}", "matched",
							     "counts", 0, "deliver_to");
	}
	if (strcmp(path, "/v1/incoming") == 0) {
		g_string_append(world->calls, "incoming ");
		keep(&world->incoming, body);
		return fails(world, world->incoming_error, error) ? NULL
								  : json_pack("{s:s}", "id", "1");
	}
	if (g_str_has_suffix(path, "/hold")) {
		g_string_append(world->calls, "hold ");
		return json_object();
	}
	assert_true(g_str_has_suffix(path, "/prepared"));
	g_string_append(world->calls, "prepared ");
	keep(&world->prepared, body);
	return fails(world, world->prepared_error, error) ? NULL : json_object();
}

static gboolean fake_put_blob(
	gpointer data, guint timeout_ms, const char *sha256, GBytes *bytes, GError **error)
{
	FakeWorld *world = data;

	assert_true(timeout_ms > 0);
	g_string_append(world->calls, "blob ");
	if (fails(world, world->blob_error, error))
		return FALSE;
	g_hash_table_insert(world->blobs, g_strdup(sha256), g_bytes_ref(bytes));
	return TRUE;
}

static GBytes *fake_sign(gpointer data, guint timeout_ms, const char *permit, GBytes *entity,
	char **certificate_sha256, GError **error)
{
	FakeWorld *world = data;
	g_autoptr(GBytes) other = g_bytes_new_static("other", 5);

	assert_true(timeout_ms > 0);
	assert_string_equal(permit, "a permit");
	g_string_append(world->calls, "sign ");
	if (fails(world, world->sign_error, error))
		return NULL;
	make_certificate();
	*certificate_sha256 = cms_certificate_sha256(signing_certificate);
	return cms_sign_detached(signing_key, signing_certificate, NULL,
		world->sign_other_bytes ? other : entity, error);
}

static gint64 fake_now_s(gpointer data)
{
	(void)data;
	return 1795208400; /* 2026-11-20T21:00:00Z */
}

static gint64 fake_monotonic_ms(gpointer data)
{
	return ((FakeWorld *)data)->clock_ms;
}

static gint64 fake_cpu_ms(gpointer data)
{
	FakeWorld *world = data;

	return world->cpu_ms += world->step_cpu_ms;
}

static MilterOptions *make_options(void)
{
	g_autofree char *folder = g_dir_make_tmp("acuse-milter-XXXXXX", NULL);
	g_autofree char *key = g_build_filename(folder, "token.key", NULL);
	g_autofree char *file = g_build_filename(folder, "acuse.conf", NULL);
	g_autofree char *text = g_strdup_printf(
		"[institution]\nname=Municipalidad de Prueba\ndomain=Muni.test\n"
		"phone=042 000000\n[milter]\ntoken_key=%s\nmax_message_bytes=262144\n"
		"[proof]\nauthserv_id=mx.muni.test\n[incoming]\nmailboxes=mesa@muni.test\n",
		key);
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = NULL;
	MilterOptions *options;

	assert_true(g_file_set_contents_full(
		key, "0123456789abcdef0123456789abcdef", 32, 0, 0600, NULL));
	assert_true(g_file_set_contents(file, text, -1, NULL));
	settings = settings_load(file, &error);
	assert_non_null(settings);
	options = milter_options_new(settings, INSTANCE_OUTGOING, &error);
	assert_non_null(options);
	g_unlink(key);
	g_unlink(file);
	g_rmdir(folder);
	return options;
}

FakeWorld *fake_world_new(void)
{
	FakeWorld *world = g_new0(FakeWorld, 1);

	mime_init();
	world->options = make_options();
	world->calls = g_string_new(NULL);
	world->blobs = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
	world->intent_error = world->blob_error = world->prepared_error = -1;
	world->event_error = world->incoming_error = world->sign_error = world->exception_error =
		-1;
	world->services = (Services){world->options, world, fake_age, fake_by_uid, fake_by_mail,
		fake_call, fake_put_blob, fake_sign, fake_now_s, fake_monotonic_ms, fake_cpu_ms};
	return world;
}

void fake_world_free(FakeWorld *world)
{
	milter_options_free(world->options);
	g_string_free(world->calls, TRUE);
	g_hash_table_unref(world->blobs);
	json_decref(world->intent);
	json_decref(world->prepared);
	json_decref(world->event);
	json_decref(world->incoming);
	json_decref(world->event_answer);
	json_decref(world->exception);
	json_decref(world->exception_asked);
	g_free(world);
}

Session *fake_session(const char *daemon_name, const char *login, const char *sender,
	const char *recipients, const char *text)
{
	Session *session = session_new();
	g_autofree char *bracketed = g_strdup_printf("<%s>", sender);
	char *mail[] = {bracketed, NULL};
	g_auto(GStrv) words = g_strsplit(recipients, " ", -1);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *crlf = g_strjoinv("\r\n", lines);
	g_autoptr(MailMessage) message = mail_message_parse(crlf, strlen(crlf));

	session->client_address = g_strdup("192.0.2.1");
	session_begin(session, daemon_name, login, mail);
	session->envelope->queue_id = g_strdup("4fTest0Queue");
	for (char **word = words; *word != NULL; word++) {
		char notify[] = "NOTIFY=SUCCESS,FAILURE,DELAY";
		char *rcpt[] = {*word, notify, NULL};

		session_add_recipient(session, rcpt, "muni.test");
	}
	for (guint i = 0; i < message->fields->len; i++) {
		const MailField *field = g_ptr_array_index(message->fields, i);

		session_add_field(session, field->name, field->value, 262144);
	}
	session_add_body(session, message->body->data, message->body->len, 262144);
	return session;
}
