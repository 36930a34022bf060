/*
 * Heads: without a seal token and with a signer that is down the head comes unsigned and says so;
 * signed, it is kept with its leaf and given again until the tree grows; a signature that does not
 * verify is none. The signer is a thread that answers "seal", the first time with nonsense.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/ustream.h"
#include "cms/cms.h"
#include "provision/heads.h"
#include "provision/witnesses.h"
#include "signer/protocol.h"
#include "tests/unit/temporary.h"

#define SEALS 3

static EVP_PKEY *seal_key;
static X509 *certificate;

typedef struct {
	int fd;
	char *sealed[SEALS]; /* what was asked to be signed */
} Sealer;

static gint64 day_s = 1795000000;

static gint64 fixed_now(void)
{
	return day_s;
}

static GBytes *sign(const char *text)
{
	g_autoptr(GBytes) content = g_bytes_new_static(text, strlen(text));
	GBytes *signature = cms_sign_detached(seal_key, certificate, NULL, content, NULL);

	assert_non_null(signature);
	return signature;
}

static gpointer seal(gpointer data)
{
	Sealer *sealer = data;

	for (guint i = 0; i < SEALS; i++) {
		int fd = accept(sealer->fd, NULL, NULL);
		g_autofree char *operation = NULL;
		g_autoptr(GVariant) asked = signer_packet_receive(fd, &operation, NULL, NULL);
		g_autoptr(GVariant) content = NULL;
		g_autoptr(GBytes) signature = NULL;
		g_autofree char *sha256 = cms_certificate_sha256(certificate);
		GVariantBuilder answer;
		gsize size;
		const char *bytes;

		if (asked == NULL || strcmp(operation, "seal") != 0)
			return NULL;
		content = g_variant_lookup_value(asked, "content", G_VARIANT_TYPE_BYTESTRING);
		bytes = g_variant_get_fixed_array(content, &size, 1);
		sealer->sealed[i] = g_strndup(bytes, size);
		g_variant_builder_init(&answer, G_VARIANT_TYPE_VARDICT);
		signature = sign(i == 0 ? "something else" : sealer->sealed[i]);
		g_variant_builder_add(&answer, "{sv}", "cms",
			g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, signature, TRUE));
		g_variant_builder_add(
			&answer, "{sv}", "certificate_sha256", g_variant_new_string(sha256));
		signer_packet_send(fd, "ok", g_variant_builder_end(&answer), -1, NULL);
		close(fd);
	}
	return sealer;
}

static Settings *load(const char *folder, const char *token)
{
	g_autofree char *path = g_build_filename(folder, "acuse.conf", NULL);
	g_autofree char *text = g_strdup_printf("[institution]\nname=Muni\ndomain=muni.test\n"
						"[signing]\nseal_token=%s\n"
						"control_socket=%s/control.sock\n"
						"[ledger]\nwitnesses=a@notaria.test;"
						"b@control.test\n",
		token, folder);

	assert_true(g_file_set_contents(path, text, -1, NULL));
	return settings_load(path, NULL);
}

static json_t *current(Service *service)
{
	g_autofree char *text = heads_current(service, NULL);
	json_t *head;

	assert_non_null(text);
	head = json_loads(text, 0, NULL);
	assert_non_null(head);
	return head;
}

static void assert_unsigned(Service *service, const char *code)
{
	guint64 size = store_tree_size(service->store);
	json_t *head = current(service);
	json_t *trouble = json_object_get(head, "trouble");

	assert_true(json_is_null(json_object_get(head, "cms")));
	assert_string_equal(json_string_value(json_object_get(trouble, "code")), code);
	json_decref(head);
	assert_int_equal(store_tree_size(service->store), size);
}

static gboolean append_change(StoreTxn *txn, gpointer data, GError **error)
{
	g_autoptr(Record) record = record_new("event", data, 1795000000);

	return store_append(txn, record, NULL, error);
}

static void assert_size(const json_t *head, gint64 size)
{
	assert_true(json_integer_value(json_object_get(head, "size")) == size);
	assert_true(json_is_string(json_object_get(head, "cms")));
	assert_true(json_is_null(json_object_get(head, "trouble")));
}

static gboolean count_row(const char *key, const char *value, gpointer data)
{
	(void)key;
	(void)value;
	++*(guint *)data;
	return TRUE;
}

static guint waiting(Service *service)
{
	guint n = 0;

	assert_true(store_scan(service->store, TABLE_OUTBOX, "", NULL, FALSE, count_row, &n, NULL));
	return n;
}

/* Each witness once a day, and only of a head that is signed. */
static void test_witnesses(Service *service, const json_t *head)
{
	g_autofree char *text = json_dumps(head, 0);

	assert_true(witnesses_tell(service, "{\"size\":1,\"cms\":null}", NULL));
	assert_int_equal(waiting(service), 0);
	assert_true(witnesses_tell(service, text, NULL));
	assert_int_equal(waiting(service), 2);
	assert_true(witnesses_tell(service, text, NULL));
	assert_int_equal(waiting(service), 2);
	day_s += 86400;
	assert_true(witnesses_tell(service, text, NULL));
	assert_int_equal(waiting(service), 4);
}

static void test_signed(Service *service, const char *folder)
{
	g_autofree char *path = g_build_filename(folder, "control.sock", NULL);
	Sealer sealer = {.fd = ustream_listen(path, SOCK_SEQPACKET, 0600, NULL)};
	GThread *thread = g_thread_new("signer", seal, &sealer);
	g_autofree char *leaf = NULL;
	json_t *first, *again, *grown;

	assert_true(store_run(service->store, append_change, "one", NULL));
	assert_unsigned(service, "token-trouble");
	first = current(service);
	assert_size(first, 1);
	assert_string_equal(json_string_value(json_object_get(first, "head")), sealer.sealed[1]);
	assert_non_null(strstr(sealer.sealed[1], "{\"v\":1,\"origin\":\"muni.test\",\"size\":1,"));
	assert_int_equal(store_tree_size(service->store), 2);
	leaf = store_leaf(service->store, 1, NULL);
	assert_non_null(strstr(leaf, "\"type\":\"head.signed\""));
	/* Its own leaf is no growth. */
	again = current(service);
	assert_size(again, 1);
	assert_int_equal(store_tree_size(service->store), 2);
	assert_true(store_run(service->store, append_change, "two", NULL));
	grown = current(service);
	assert_size(grown, 3);
	test_witnesses(service, grown);
	assert_non_null(g_thread_join(thread));
	close(sealer.fd);
	for (guint i = 0; i < SEALS; i++)
		g_free(sealer.sealed[i]);
	json_decref(first);
	json_decref(again);
	json_decref(grown);
}

static void test_heads(void **state)
{
	g_autofree char *folder = temporary_folder();
	g_autofree char *ledger = g_build_filename(folder, "ledger", NULL);
	g_autoptr(Settings) none = load(folder, "");
	g_autoptr(Settings) some = load(folder, "sello");
	Service service = {.settings = none, .store = store_open(ledger, NULL), .now_s = fixed_now};

	(void)state;
	assert_non_null(service.store);
	assert_unsigned(&service, "no-binding");
	service.settings = some;
	assert_unsigned(&service, "unavailable");
	test_signed(&service, folder);
	store_close(service.store);
	temporary_remove(folder);
}

static int make_seal(void **state)
{
	(void)state;
	seal_key = EVP_EC_gen("P-256");
	certificate = X509_new();
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	X509_set_pubkey(certificate, seal_key);
	return X509_sign(certificate, seal_key, EVP_sha256()) > 0 ? 0 : -1;
}

static int free_seal(void **state)
{
	(void)state;
	X509_free(certificate);
	EVP_PKEY_free(seal_key);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
	};

	return cmocka_run_group_tests(tests, make_seal, free_seal);
}
