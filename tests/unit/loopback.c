/* loopback.h. What does not listen in time fails the test. One thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loopback.h"

guint loopback_free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static void die_with_parent(gpointer data)
{
	(void)data;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* Without a connection: openssl ocsp never gets over one that asks nothing. */
static gboolean is_listening(guint port)
{
	static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
	g_autofree char *pattern =
		g_strdup_printf("(?m)^ *[0-9]+: [0-9A-F]+:%04X [0-9A-F]+:0000 0A ", port);
	gboolean found = FALSE;

	for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
		g_autofree char *text = NULL;

		if (g_file_get_contents(tables[i], &text, NULL, NULL))
			found |= g_regex_match_simple(pattern, text, 0, 0);
	}
	return found;
}

GPid loopback_serve(const char *folder, const char *command, guint port)
{
	g_auto(GStrv) argv = NULL;
	GPid pid = 0;

	assert_true(g_shell_parse_argv(command, NULL, &argv, NULL));
	assert_true(g_spawn_async(folder, argv, NULL,
		G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL |
			G_SPAWN_STDERR_TO_DEV_NULL,
		die_with_parent, NULL, &pid, NULL));
	for (int i = 0; i < 400; i++) {
		if (is_listening(port))
			return pid;
		g_usleep(25000);
	}
	fail_msg("%s does not listen", command);
	return pid;
}

void loopback_end(GPid *pid)
{
	if (*pid == 0)
		return;
	kill(*pid, SIGTERM);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}
