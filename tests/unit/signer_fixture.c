/* signer_fixture.h: any step that fails fails the test with the program's own output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "signer_fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cms/digest.h"
#include "signer/permit.h"
#include "signer/protocol.h"
#include "tests/unit/temporary.h"

#define SHIM "tests/fault/pkcs11-shim.so"
#define MODULE "/usr/lib/softhsm/libsofthsm2.so"

static const char setup_script[] =
	"cd \"$1\"\n"
	"mkdir tokens state credentials run shim\n"
	"printf 'directories.tokendir = %s/tokens\\nlog.level = ERROR\\n' \"$1\" >softhsm2.conf\n"
	"openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3650 -subj "
	"'/CN=CA de prueba'\n"
	"add() {\n"
	"  openssl genpkey -algorithm $3 -pkeyopt $4 -out $1.key\n"
	"  openssl req -new -key $1.key -subj \"/O=Municipalidad/CN=Agente automatizado $1\" -out "
	"$1.csr\n"
	"  printf 'basicConstraints=CA:FALSE\\nkeyUsage=digitalSignature,nonRepudiation\\n"
	"extendedKeyUsage=emailProtection\\nsubjectAltName=email:%s\\n' $2 >$1.ext\n"
	"  openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -extfile "
	"$1.ext -out $1.pem\n"
	"  softhsm2-util --init-token --free --label $1 --so-pin 13579135 --pin 246810\n"
	"  softhsm2-util --import $1.key --token $1 --label $1 --id 01 --pin 246810\n"
	"  openssl x509 -in $1.pem -outform DER -out $1.der\n"
	"  pkcs11-tool --module " MODULE
	" --token-label $1 --login --pin 246810 --type cert --id 01 --label $1"
	" --write-object $1.der\n"
	"}\n"
	"export SOFTHSM2_CONF=$1/softhsm2.conf\n"
	"add oficina secretaria.general@muni.test,email:gerencia@muni.test RSA "
	"rsa_keygen_bits:2048\n"
	"add mesa mesa.partes@muni.test,email:gerencia@muni.test EC ec_paramgen_curve:P-256\n"
	"add errado secretaria.general@muni.test RSA rsa_keygen_bits:2048\n"
	"add sello registro@muni.test RSA rsa_keygen_bits:2048\n"
	"printf '246810\\n' >credentials/pin.mesa; printf '246810' >credentials/pin.sello\n"
	"printf '000000\\n' >credentials/pin.errado\n"
	"head -c 32 /dev/urandom >permit.key; chmod 600 permit.key; chmod 711 . run\n"
	"printf "
	"'[institution]\\nname=Muni\\ndomain=muni.test\\n[api]\\noutgoing_user=%s\\nprovision_user="
	"%s\\n"
	"[signing]\\nmodule=%s\\nseal_token=sello\\npermit_key=%s/permit.key\\n"
	"sign_socket=%s/run/sign\\ncontrol_socket=%s/run/control\\nunlock_socket=%s/run/unlock\\n"
	"state_folder=%s/state\\nsign_timeout_ms=2000\\nqueue_length=8\\nseccomp=%s\\n'"
	" $(id -u) $(id -u) \"$2\" \"$1\" \"$1\" \"$1\" \"$1\" \"$1\" \"$3\" >acuse.conf\n";

static gboolean run_program(const char *const *argv, gboolean must_work)
{
	g_autofree char *out = NULL;
	g_autofree char *err = NULL;
	g_autoptr(GError) error = NULL;
	int status = -1;
	gboolean ok = g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out,
			      &err, &status, &error) &&
		      g_spawn_check_wait_status(status, NULL);

	if (!ok && must_work)
		fail_msg("%s failed: %s%s", argv[0], out, err);
	return ok;
}

static Fixture *fixture_make(const char *module, const char *seccomp)
{
	Fixture *fixture = g_new0(Fixture, 1);
	const char *script[] = {"sh", "-ec", setup_script, "sh", NULL, module, seccomp, NULL};
	g_autofree char *key = NULL;

	fixture->folder = temporary_folder();
	script[4] = fixture->folder;
	run_program(script, TRUE);
	fixture->sign_socket = g_build_filename(fixture->folder, "run/sign", NULL);
	fixture->control_socket = g_build_filename(fixture->folder, "run/control", NULL);
	fixture->unlock_socket = g_build_filename(fixture->folder, "run/unlock", NULL);
	key = g_build_filename(fixture->folder, "permit.key", NULL);
	fixture->permit_key = key_file_read(key, NULL);
	assert_non_null(fixture->permit_key);
	return fixture;
}

Fixture *fixture_new(void)
{
	return fixture_make(MODULE, "files");
}

Fixture *fixture_new_faulty(void)
{
	g_autofree char *shim = g_canonicalize_filename(SHIM, NULL);

	/* It writes down its calls. */
	return fixture_make(shim, "minimal");
}

static char *read_text(const Fixture *fixture, const char *name)
{
	g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
	char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

void fixture_free(Fixture *fixture)
{
	g_autofree char *log = NULL;

	if (fixture->daemon != 0)
		fixture_stop(fixture);
	log = read_text(fixture, "log");
	fputs(log, stderr);
	temporary_remove(fixture->folder);
	g_bytes_unref(fixture->permit_key);
	g_free(fixture->sign_socket);
	g_free(fixture->control_socket);
	g_free(fixture->unlock_socket);
	g_free(fixture->folder);
	g_free(fixture);
}

static void prepare_daemon(gpointer data)
{
	dup2(GPOINTER_TO_INT(data), STDERR_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* What is set otherwise must not stand twice. */
static void drop_settings(char *text, const char *lines)
{
	g_auto(GStrv) given = g_strsplit(lines, "\n", -1);

	for (char **line = given; *line != NULL && **line != '['; line++) {
		g_autofree char *start = g_strndup(*line, strcspn(*line, "=") + 1);
		char *found = **line != '\0' ? strstr(text, start) : NULL;
		char *rest = found != NULL ? strchr(found, '\n') + 1 : NULL;

		if (found != NULL)
			memmove(found, rest, strlen(rest) + 1);
	}
}

void fixture_configure(Fixture *fixture, const char *lines)
{
	g_autofree char *path = g_build_filename(fixture->folder, "acuse.conf", NULL);
	g_autofree char *text = read_text(fixture, "acuse.conf");
	g_autofree char *all = NULL;
	char *mark = strstr(text, "# configured\n");

	if (mark != NULL)
		*mark = '\0';
	drop_settings(text, lines);
	all = g_strconcat(text, "# configured\n", lines, NULL);
	assert_true(g_file_set_contents(path, all, -1, NULL));
}

void fixture_start(Fixture *fixture)
{
	g_autofree char *conf = g_build_filename(fixture->folder, "acuse.conf", NULL);
	g_autofree char *hsm = g_build_filename(fixture->folder, "softhsm2.conf", NULL);
	g_autofree char *credentials = g_build_filename(fixture->folder, "credentials", NULL);
	g_autofree char *notify = g_build_filename(fixture->folder, "notify", NULL);
	g_autofree char *control = g_build_filename(fixture->folder, "shim/control", NULL);
	g_autofree char *log = g_build_filename(fixture->folder, "log", NULL);
	const char *argv[] = {"./acuse-signer", "-c", conf, NULL};
	g_auto(GStrv) environment = g_get_environ();
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {20, 0};
	char word[64] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	g_strlcpy(address.sun_path, notify, sizeof address.sun_path);
	g_unlink(notify);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	environment = g_environ_setenv(environment, "SOFTHSM2_CONF", hsm, TRUE);
	environment = g_environ_setenv(environment, "PKCS11_SHIM_CONTROL", control, TRUE);
	environment = g_environ_setenv(environment, "CREDENTIALS_DIRECTORY", credentials, TRUE);
	environment = g_environ_setenv(environment, "NOTIFY_SOCKET", notify, TRUE);
	assert_true(g_spawn_async(NULL, (char **)argv, environment, G_SPAWN_DO_NOT_REAP_CHILD,
		prepare_daemon, GINT_TO_POINTER(log_fd), &fixture->daemon, NULL));
	assert_true(recv(fd, word, sizeof word - 1, 0) > 0);
	assert_string_equal(word, "READY=1");
	close(fd);
	close(log_fd);
}

int fixture_stop(Fixture *fixture)
{
	int status = -1;

	/* 0 would be everybody. */
	assert_true(fixture->daemon > 0);
	kill(fixture->daemon, SIGTERM);
	waitpid(fixture->daemon, &status, 0);
	fixture->daemon = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

gboolean fixture_bind(Fixture *fixture, guint64 version, const char *const *entries, GError **error)
{
	g_autoptr(GVariant) answer = NULL;
	GVariantBuilder list;
	GVariantDict dict;

	g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
	for (; *entries != NULL; entries++) {
		g_auto(GStrv) words = g_strsplit(*entries, " ", 4);
		g_auto(GStrv) mailboxes = g_strsplit(words[1], ",", -1);
		GVariantDict binding;

		g_variant_dict_init(&binding, NULL);
		g_variant_dict_insert(&binding, "token", "s", words[0]);
		g_variant_dict_insert(&binding, "serial", "s", "");
		g_variant_dict_insert(&binding, "mailboxes", "^as", mailboxes);
		g_variant_dict_insert(&binding, "from", "x", (gint64)0);
		g_variant_dict_insert(
			&binding, "until", "x", (gint64)(g_strcmp0(words[3], "over") == 0));
		g_variant_dict_insert(&binding, "state", "s", words[2]);
		g_variant_dict_insert(
			&binding, "personal", "b", g_strcmp0(words[3], "personal") == 0);
		if (words[3] != NULL && g_str_has_prefix(words[3], "holder="))
			g_variant_dict_insert(
				&binding, "holder", "s", words[3] + strlen("holder="));
		g_variant_builder_add_value(&list, g_variant_dict_end(&binding));
	}
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "version", "t", version);
	g_variant_dict_insert_value(&dict, "bindings", g_variant_builder_end(&list));
	answer = signer_call(
		fixture->control_socket, 10000, "bind", g_variant_dict_end(&dict), NULL, error);
	return answer != NULL;
}

static gboolean unlock(
	Fixture *fixture, const char *label, const char *pin, gboolean despite_low, GError **error)
{
	g_autoptr(GVariant) answer = NULL;
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "token", "s", label);
	g_variant_dict_insert(&dict, "pin", "s", pin);
	if (despite_low)
		g_variant_dict_insert(&dict, "despite_low", "b", TRUE);
	answer = signer_call(
		fixture->unlock_socket, 20000, "unlock", g_variant_dict_end(&dict), NULL, error);
	return answer != NULL;
}

gboolean fixture_unlock(Fixture *fixture, const char *label, const char *pin, GError **error)
{
	return unlock(fixture, label, pin, FALSE, error);
}

gboolean fixture_unlock_despite_low(
	Fixture *fixture, const char *label, const char *pin, GError **error)
{
	return unlock(fixture, label, pin, TRUE, error);
}

void fixture_lock(Fixture *fixture, const char *label)
{
	g_autoptr(GVariant) answer = NULL;
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "token", "s", label);
	answer = signer_call(
		fixture->control_socket, 10000, "lock", g_variant_dict_end(&dict), NULL, NULL);
	assert_non_null(answer);
}

GVariant *fixture_sign(Fixture *fixture, const char *permit, const char *entity, GError **error)
{
	g_autoptr(GBytes) content = g_bytes_new_static(entity, strlen(entity));
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	if (permit != NULL)
		g_variant_dict_insert(&dict, "permit", "s", permit);
	return signer_call(
		fixture->sign_socket, 20000, "sign", g_variant_dict_end(&dict), content, error);
}

int fixture_sign_code(Fixture *fixture, const char *mailbox)
{
	g_autofree char *entity = fixture_entity(mailbox);
	g_autofree char *permit = fixture_permit(fixture, mailbox, entity);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = fixture_sign(fixture, permit, entity, &error);

	return answer != NULL ? -1 : error->code;
}

GVariant *fixture_seal(Fixture *fixture, const char *content, GError **error)
{
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert_value(&dict, "content",
		g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, content, strlen(content), 1));
	return signer_call(
		fixture->control_socket, 20000, "seal", g_variant_dict_end(&dict), NULL, error);
}

char *fixture_permit(Fixture *fixture, const char *mailbox, const char *entity)
{
	g_autofree char *sha256 = digest_sha256_hex(entity, strlen(entity));
	g_autofree char *send_id = g_strdup_printf("send%u", ++fixture->sends);

	return permit_make(fixture->permit_key, send_id, mailbox, sha256,
		g_get_real_time() / G_USEC_PER_SEC + 60, NULL);
}

char *fixture_entity(const char *mailbox)
{
	return g_strdup_printf(
		"Content-Type: multipart/mixed; boundary=\"b\";\r\n hp=\"clear\"\r\n"
		"From: \"Secretaria, General\" <%s>\r\nTo: ciudadano@ciudadano.test\r\n"
		"Subject: Notificacion\r\n\r\n--b\r\n\r\nHola\r\n--b--\r\n",
		mailbox);
}

char *fixture_status(Fixture *fixture, const char *label, const char *member)
{
	g_autoptr(GVariant) answer =
		signer_call(fixture->control_socket, 10000, "status", NULL, NULL, NULL);
	g_autoptr(GVariant) tokens = NULL;

	assert_non_null(answer);
	tokens = g_variant_lookup_value(answer, "tokens", G_VARIANT_TYPE("aa{sv}"));
	for (gsize i = 0; i < g_variant_n_children(tokens); i++) {
		g_autoptr(GVariant) token = g_variant_get_child_value(tokens, i);
		const char *name = NULL;

		if (g_variant_lookup(token, "token", "&s", &name) && strcmp(name, label) == 0) {
			g_autoptr(GVariant) value = g_variant_lookup_value(token, member, NULL);

			assert_non_null(value);
			return g_variant_print(value, FALSE);
		}
	}
	return g_strdup("absent");
}

void fixture_await(Fixture *fixture, const char *label, const char *member, const char *value)
{
	g_autofree char *now = NULL;

	for (int i = 0; i < 400; i++) {
		g_free(now);
		now = fixture_status(fixture, label, member);
		if (strcmp(now, value) == 0)
			return;
		g_usleep(25000);
	}
	fail_msg("%s of token %s stays %s instead of %s", member, label, now, value);
}

gboolean fixture_openssl_verifies(Fixture *fixture, GVariant *answer, const char *content)
{
	g_autoptr(GVariant) cms = g_variant_lookup_value(answer, "cms", G_VARIANT_TYPE_BYTESTRING);
	g_autofree char *cms_path = g_build_filename(fixture->folder, "signature.p7s", NULL);
	g_autofree char *content_path = g_build_filename(fixture->folder, "content", NULL);
	g_autofree char *ca = g_build_filename(fixture->folder, "ca.pem", NULL);
	const char *argv[] = {"openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER",
		"-in", cms_path, "-content", content_path, "-CAfile", ca, "-purpose", "smimesign",
		"-out", "/dev/null", NULL};

	assert_non_null(cms);
	assert_true(g_file_set_contents(
		cms_path, g_variant_get_data(cms), (gssize)g_variant_get_size(cms), NULL));
	assert_true(g_file_set_contents(content_path, content, -1, NULL));
	return run_program(argv, FALSE);
}

Fixture *fixture_set_up_faulty(void **state, const char *lines)
{
	Fixture *fixture = fixture_new_faulty();

	*state = fixture;
	if (lines != NULL)
		fixture_configure(fixture, lines);
	fixture_start(fixture);
	return fixture;
}

int fixture_tear_down(void **state)
{
	fixture_free(*state);
	return 0;
}

void fixture_fault(Fixture *fixture, const char *lines)
{
	g_autofree char *path = g_build_filename(fixture->folder, "shim/control", NULL);

	/* As a whole: the shim reads it at any time. */
	assert_true(g_file_set_contents(path, lines, -1, NULL));
}

guint fixture_calls(Fixture *fixture, const char *function)
{
	g_autofree char *text = read_text(fixture, "shim/control.calls");
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	guint calls = 0;

	for (char **line = lines; *line != NULL; line++)
		calls += g_str_has_prefix(*line, function) && (*line)[strlen(function)] == ' ';
	return calls;
}

gboolean fixture_logged(Fixture *fixture, const char *const *words)
{
	g_autofree char *text = read_text(fixture, "log");
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		const char *const *word = words;

		while (*word != NULL && strstr(*line, *word) != NULL)
			word++;
		if (*word == NULL)
			return TRUE;
	}
	return FALSE;
}

static void add_children(GStrvBuilder *builder, const char *pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%s/task/%s/children", pid, pid);
	g_auto(GStrv) children = NULL;
	g_autofree char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return;
	children = g_strsplit(g_strchomp(text), " ", -1);
	g_strv_builder_addv(builder, (const char **)children);
}

char **fixture_workers(Fixture *fixture)
{
	g_autofree char *daemon = g_strdup_printf("%d", (int)fixture->daemon);
	g_autoptr(GStrvBuilder) keepers = g_strv_builder_new();
	g_autoptr(GStrvBuilder) workers = g_strv_builder_new();
	g_auto(GStrv) all = NULL;

	add_children(keepers, daemon);
	all = g_strv_builder_end(keepers);
	for (char **keeper = all; *keeper != NULL; keeper++)
		add_children(workers, *keeper);
	return g_strv_builder_end(workers);
}

int fixture_sign_for(Fixture *fixture, const char *mailbox)
{
	g_autofree char *entity = fixture_entity(mailbox);
	g_autofree char *permit = fixture_permit(fixture, mailbox, entity);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer = fixture_sign(fixture, permit, entity, &error);

	if (answer == NULL)
		return error->code;
	assert_true(fixture_openssl_verifies(fixture, answer, entity));
	return FIXTURE_SIGNED;
}
