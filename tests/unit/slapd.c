/* A private slapd for tests (slapd.h). Anything that fails aborts the test program with its reason.
 */
#include "tests/unit/slapd.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "directory/change.h"
#include "tests/unit/temporary.h"

#define START_TRIES 500
#define START_PAUSE_US 20000

static void run(char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *output = NULL;
	int status = 0;

	if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
		    NULL, NULL, &output, &status, &error) ||
		!g_spawn_check_wait_status(status, &error))
		g_error("%s: %s: %s", argv[0], error->message, output != NULL ? output : "");
}

static char *path_of(const TestSlapd *slapd, const char *name)
{
	return g_build_filename(slapd->folder, name, NULL);
}

static char *uri_of(const TestSlapd *slapd)
{
	g_autofree char *socket = path_of(slapd, "ldapi");
	g_autofree char *escaped = g_uri_escape_string(socket, NULL, FALSE);

	return g_strconcat("ldapi://", escaped, NULL);
}

static void load_settings(TestSlapd *slapd, const char *extra)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *uri = uri_of(slapd);
	g_autofree char *path = path_of(slapd, "acuse.conf");
	g_autofree char *text =
		g_strdup_printf("[institution]\nname=Municipalidad de Prueba\ndomain=muni.test\n"
				"[directory]\nuri=%s\nbase=dc=muni,dc=test\n%s",
			uri, extra != NULL ? extra : "");

	if (!g_file_set_contents(path, text, -1, &error))
		g_error("%s", error->message);
	slapd->settings = settings_load(path, &error);
	if (slapd->settings == NULL)
		g_error("%s", error->message);
}

/* more: arguments of make-config, or NULL. */
static void make_config(TestSlapd *slapd, char *const *more)
{
	const char *source = g_getenv("srcdir") != NULL ? g_getenv("srcdir") : ".";
	g_autofree char *script = g_build_filename(source, "contrib", "slapd", "make-config", NULL);
	g_autofree char *map = g_strdup_printf("%u=provision", (guint)geteuid());
	g_autofree char *here = g_get_current_dir();
	g_autofree char *checker =
		g_build_filename(here, "contrib", "slapd", "acuse-password.so", NULL);
	g_autofree char *socket = path_of(slapd, "ldapi");
	g_autofree char *path = g_strdup_printf("%s:/usr/sbin", g_getenv("PATH"));
	char *const words[] = {(char *)"sh", script, (char *)"--dir", slapd->folder,
		(char *)"--base", (char *)"dc=muni,dc=test", (char *)"--domain",
		(char *)"muni.test", (char *)"--ldapi", socket, (char *)"--checker", checker,
		(char *)"--map", map};
	g_autoptr(GPtrArray) argv = g_ptr_array_new();

	g_setenv("PATH", path, TRUE);
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		g_ptr_array_add(argv, words[i]);
	for (; more != NULL && *more != NULL; more++)
		g_ptr_array_add(argv, *more);
	g_ptr_array_add(argv, NULL);
	run((char **)argv->pdata);
}

static TestSlapd *slapd_new(void)
{
	TestSlapd *slapd = g_new0(TestSlapd, 1);

	slapd->folder = temporary_folder();
	return slapd;
}

TestSlapd *test_slapd_start(const char *extra)
{
	TestSlapd *slapd = slapd_new();

	make_config(slapd, NULL);
	load_settings(slapd, extra);
	test_slapd_continue(slapd);
	return slapd;
}

/* The peers log in by a password here, since one uid of ldapi is one service. */
void test_slapd_pair(TestSlapd *pair[2])
{
	static const char login[] = "bindmethod=simple credentials=de-prueba "
				    "binddn=\"cn=replica,ou=services,dc=muni,dc=test\"";

	for (int i = 0; i < 2; i++)
		pair[i] = slapd_new();
	for (int i = 0; i < 2; i++) {
		g_autofree char *id = g_strdup_printf("%d", i + 1);
		g_autofree char *peer = uri_of(pair[1 - i]);

		make_config(pair[i], (char *[]){(char *)"--server-id", id, (char *)"--peer", peer,
					     (char *)"--peer-login", (char *)login, NULL});
		load_settings(pair[i], NULL);
	}
	test_slapd_modify(pair[0],
		"dn: cn=replica,ou=services,dc=muni,dc=test\nchangetype: modify\n"
		"add: objectClass\nobjectClass: simpleSecurityObject\n-\n"
		"add: userPassword\nuserPassword: de-prueba\n");
	for (int i = 0; i < 2; i++)
		test_slapd_continue(pair[i]);
}

static void wait_until_ready(TestSlapd *slapd)
{
	g_autoptr(Directory) directory = directory_new(slapd->settings);

	for (int i = 0; i < START_TRIES; i++) {
		if (directory_ping(directory, NULL))
			return;
		g_usleep(START_PAUSE_US);
	}
	g_error("slapd does not answer");
}

/* slapd ends with a test program that aborts. */
static void die_with_parent(gpointer data)
{
	(void)data;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void test_slapd_continue(TestSlapd *slapd)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *config = path_of(slapd, "slapd.d");
	g_autofree char *urls_file = path_of(slapd, "urls");
	g_autofree char *urls = NULL;

	if (!g_file_get_contents(urls_file, &urls, NULL, &error))
		g_error("%s", error->message);
	g_strchomp(urls);
	if (!g_spawn_async(NULL,
		    (char *[]){(char *)"slapd", (char *)"-F", config, (char *)"-h", urls,
			    (char *)"-d", (char *)"0", NULL},
		    NULL,
		    G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL |
			    G_SPAWN_STDERR_TO_DEV_NULL,
		    die_with_parent, NULL, &slapd->pid, &error))
		g_error("%s", error->message);
	wait_until_ready(slapd);
}

void test_slapd_stop(TestSlapd *slapd)
{
	if (slapd->pid == 0)
		return;
	kill(slapd->pid, SIGTERM);
	waitpid(slapd->pid, NULL, 0);
	slapd->pid = 0;
}

void test_slapd_modify(TestSlapd *slapd, const char *ldif)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *config = path_of(slapd, "slapd.d");
	g_autofree char *file = path_of(slapd, "change.ldif");

	g_assert(slapd->pid == 0);
	if (!g_file_set_contents(file, ldif, -1, &error))
		g_error("%s", error->message);
	run((char *[]){(char *)"slapmodify", (char *)"-n", (char *)"1", (char *)"-F", config,
		(char *)"-l", file, NULL});
}

void test_slapd_free(TestSlapd *slapd)
{
	test_slapd_stop(slapd);
	temporary_remove(slapd->folder);
	settings_free(slapd->settings);
	g_free(slapd->folder);
	g_free(slapd);
}
