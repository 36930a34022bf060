/*
 * Signatures a second: of a PKCS#11 module by itself, and of acuse-signer over the same module.
 *
 *	sign-load bare MODULE LABEL PIN SECONDS
 *	sign-load bind CONTROL_SOCKET LABEL=MAILBOX...
 *	sign-load load SIGN_SOCKET PERMIT_KEY_FILE SECONDS CONNECTIONS MAILBOX...
 *
 * bare: C_SignInit and C_Sign of a SHA-256 DigestInfo in one thread. load: for each mailbox so many
 * threads that ask for the signature of a 4 KiB entity, as the outgoing milter does. The line
 * "signatures N seconds S rate R processor_ms P" (P: this process, each); 1 and a reason on any
 *failure, for a refused signature too.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cms/digest.h"
#include "signer/permit.h"
#include "signer/protocol.h"

#define TIMEOUT_MS 20000
#define ENTITY_BYTES 4096
#define PERMIT_S 5 /* the signer remembers it so long */
#define DIGEST_INFO_BYTES 51

static _Noreturn void die(const char *what, const GError *error)
{
	fprintf(stderr, "sign-load: %s%s%s\n", what, error != NULL ? ": " : "",
		error != NULL ? error->message : "");
	exit(1);
}

static void check(CK_RV result, const char *what)
{
	if (result == CKR_OK)
		return;
	fprintf(stderr, "sign-load: %s: 0x%lx\n", what, result);
	exit(1);
}

static void report(guint64 signatures, gint64 began_us)
{
	double seconds = (double)(g_get_monotonic_time() - began_us) / G_USEC_PER_SEC;

	printf("signatures %" G_GUINT64_FORMAT " seconds %.3f rate %.1f processor_ms %.3f\n",
		signatures, seconds, (double)signatures / seconds,
		1000.0 * (double)clock() / CLOCKS_PER_SEC / (double)MAX(signatures, 1));
}

static CK_FUNCTION_LIST *load_module(const char *path)
{
	void *module = dlopen(path, RTLD_NOW);
	CK_C_GetFunctionList get = NULL;
	CK_FUNCTION_LIST *functions = NULL;

	if (module != NULL)
		*(void **)&get = dlsym(module, "C_GetFunctionList");
	if (get == NULL)
		die(path, NULL);
	check(get(&functions), "C_GetFunctionList");
	check(functions->C_Initialize(NULL), "C_Initialize");
	return functions;
}

static CK_SLOT_ID find_slot(CK_FUNCTION_LIST *p11, const char *label)
{
	CK_SLOT_ID slots[32];
	CK_ULONG count = G_N_ELEMENTS(slots);

	check(p11->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO info;
		g_autofree char *name = NULL;

		check(p11->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
		name = g_strchomp(g_strndup((const char *)info.label, sizeof info.label));
		if (strcmp(name, label) == 0)
			return slots[i];
	}
	die("no such token", NULL);
}

static void run_bare(const char *module, const char *label, const char *pin, double seconds)
{
	CK_FUNCTION_LIST *p11 = load_module(module);
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof class};
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	CK_BYTE text[DIGEST_INFO_BYTES] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
		0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	CK_BYTE signature[512];
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	CK_ULONG count = 0;
	guint64 signatures = 0;
	gint64 began;

	check(p11->C_OpenSession(find_slot(p11, label), CKF_SERIAL_SESSION, NULL, NULL, &session),
		"C_OpenSession");
	check(p11->C_Login(session, CKU_USER, (CK_BYTE *)pin, strlen(pin)), "C_Login");
	check(p11->C_FindObjectsInit(session, &wanted, 1), "C_FindObjectsInit");
	check(p11->C_FindObjects(session, &key, 1, &count), "C_FindObjects");
	check(p11->C_FindObjectsFinal(session), "C_FindObjectsFinal");
	if (count != 1)
		die("the token has no private key", NULL);
	began = g_get_monotonic_time();
	while ((double)(g_get_monotonic_time() - began) < seconds * G_USEC_PER_SEC) {
		CK_ULONG size = sizeof signature;

		/* Another digest each time. */
		memcpy(text + 19, &signatures, sizeof signatures);
		check(p11->C_SignInit(session, &mechanism, key), "C_SignInit");
		check(p11->C_Sign(session, text, sizeof text, signature, &size), "C_Sign");
		signatures++;
	}
	report(signatures, began);
	fflush(stdout);
	_Exit(0); /* SoftHSM may crash at exit (FACTS 21) */
}

static void run_bind(const char *socket, char *const *pairs)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = NULL;
	GVariantBuilder list;
	GVariantDict dict;

	g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
	for (; *pairs != NULL; pairs++) {
		g_auto(GStrv) words = g_strsplit(*pairs, "=", 2);
		const char *mailboxes[] = {words[1], NULL};
		GVariantDict binding;

		g_variant_dict_init(&binding, NULL);
		g_variant_dict_insert(&binding, "token", "s", words[0]);
		g_variant_dict_insert(&binding, "serial", "s", "");
		g_variant_dict_insert(&binding, "mailboxes", "^as", mailboxes);
		g_variant_dict_insert(&binding, "from", "x", (gint64)0);
		g_variant_dict_insert(&binding, "until", "x", (gint64)0);
		g_variant_dict_insert(&binding, "state", "s", "active");
		g_variant_builder_add_value(&list, g_variant_dict_end(&binding));
	}
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "version", "t", (guint64)1);
	g_variant_dict_insert_value(&dict, "bindings", g_variant_builder_end(&list));
	answer = signer_call(socket, TIMEOUT_MS, "bind", g_variant_dict_end(&dict), NULL, &error);
	if (answer == NULL)
		die("bind", error);
}

typedef struct {
	const char *socket, *mailbox;
	GBytes *key;
	gint64 end_us;
	guint number;
	guint64 signatures;
} Loader;

static char *make_entity(const char *mailbox)
{
	GString *text = g_string_new(NULL);

	g_string_printf(text,
		"Content-Type: text/plain; hp=\"clear\"\r\nFrom: %s\r\nSubject: Carga\r\n\r\n",
		mailbox);
	while (text->len < ENTITY_BYTES)
		g_string_append(text, "Se remite el informe solicitado.\r\n");
	return g_string_free(text, FALSE);
}

static gpointer load(gpointer data)
{
	Loader *loader = data;
	g_autofree char *text = make_entity(loader->mailbox);
	g_autoptr(GBytes) entity = g_bytes_new(text, strlen(text));
	g_autofree char *digest = digest_sha256_hex(text, strlen(text));
	while (g_get_monotonic_time() < loader->end_us) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) answer = NULL;
		g_autofree char *send_id =
			g_strdup_printf("carga%" G_GINT64_FORMAT ".%u.%" G_GUINT64_FORMAT,
				loader->end_us, loader->number, loader->signatures);
		/* A permit is good for one signature. */
		g_autofree char *permit = permit_make(loader->key, send_id, loader->mailbox, digest,
			g_get_real_time() / G_USEC_PER_SEC + PERMIT_S, NULL);
		GVariantDict dict;

		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert(&dict, "permit", "s", permit);
		answer = signer_call(loader->socket, TIMEOUT_MS, "sign", g_variant_dict_end(&dict),
			entity, &error);
		if (answer == NULL)
			die("sign", error);
		loader->signatures++;
	}
	return NULL;
}

static void run_load(const char *socket, const char *key_file, double seconds, guint connections,
	char *const *mailboxes)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) key = key_file_read(key_file, &error);
	guint count = g_strv_length((char **)mailboxes) * connections;
	g_autofree Loader *loaders = g_new0(Loader, count);
	g_autofree GThread **threads = g_new0(GThread *, count);
	gint64 began = g_get_monotonic_time();
	guint64 signatures = 0;

	if (key == NULL)
		die(key_file, error);
	for (guint i = 0; i < count; i++) {
		loaders[i] = (Loader){socket, mailboxes[i / connections], key,
			began + (gint64)(seconds * G_USEC_PER_SEC), i, 0};
		threads[i] = g_thread_new("load", load, &loaders[i]);
	}
	for (guint i = 0; i < count; i++) {
		g_thread_join(threads[i]);
		signatures += loaders[i].signatures;
	}
	report(signatures, began);
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "bare") == 0)
		run_bare(argv[2], argv[3], argv[4], g_ascii_strtod(argv[5], NULL));
	else if (argc >= 4 && strcmp(argv[1], "bind") == 0)
		run_bind(argv[2], argv + 3);
	else if (argc >= 7 && strcmp(argv[1], "load") == 0)
		run_load(argv[2], argv[3], g_ascii_strtod(argv[4], NULL),
			(guint)g_ascii_strtoull(argv[5], NULL, 10), argv + 6);
	else
		die("see the first comment of sign-load.c", NULL);
	return 0;
}
