/*
 * hidden.h over Landlock, whose rules can only allow: so whatever stands beside a hidden path is
 * allowed one by one, from the root downwards, and the folders above a hidden path are not. A rule
 * belongs to a file and not to its name; symbolic links get none, since what they lead to is
 * reached by its own path. One thread.
 */
#include "signer/hidden.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

/* Of a later kernel than the headers may be. */
#define ACCESS_TRUNCATE (1ULL << 14)

#define ACCESS_FILE                                                                                \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |                               \
		LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE)
#define ACCESS_FIRST (LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1) /* all of the first version */

typedef struct {
	char **paths; /* hidden ones */
	int rules;
	guint64 access; /* that the kernel knows */
} Hiding;

static long version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

gboolean hidden_is_possible(void)
{
	return version() > 0;
}

static guint64 access_of(long kernel_version)
{
	return ACCESS_FIRST | (kernel_version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) |
	       (kernel_version >= 3 ? ACCESS_TRUNCATE : 0);
}

static gboolean fail(GError **error, const char *what)
{
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "landlock: %s: %s", what,
		g_strerror(errno));
	return FALSE;
}

/* 0: it has nothing to do with them; 1: it is one of them; 2: it is above one. */
static int place_of(const Hiding *hiding, const char *path)
{
	gsize length = strlen(path);
	int place = 0;

	for (char **hidden = hiding->paths; *hidden != NULL; hidden++) {
		if (strcmp(*hidden, path) == 0)
			return 1;
		if (strncmp(*hidden, path, length) == 0 && (*hidden)[length] == '/')
			place = 2;
	}
	return place;
}

static gboolean allow(const Hiding *hiding, const char *path, GError **error)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = hiding->access, .parent_fd = -1};
	struct stat info;
	gboolean ok = TRUE;

	rule.parent_fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	/* It went, or only others may go there. */
	if (rule.parent_fd < 0)
		return TRUE;
	if (fstat(rule.parent_fd, &info) == 0 && !S_ISLNK(info.st_mode)) {
		if (!S_ISDIR(info.st_mode))
			rule.allowed_access &= ACCESS_FILE;
		ok = syscall(SYS_landlock_add_rule, hiding->rules, LANDLOCK_RULE_PATH_BENEATH,
			     &rule, 0) == 0 ||
		     fail(error, path);
	}
	close(rule.parent_fd);
	return ok;
}

/* All in the folder but what is hidden. */
static gboolean allow_beside(const Hiding *hiding, const char *folder, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	gboolean ok = TRUE;
	const char *name;

	/* Who cannot list it has nothing in it. */
	while (ok && dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		int place = place_of(hiding, path);

		if (place == 0)
			ok = allow(hiding, path, error);
		else if (place == 2)
			ok = allow_beside(hiding, path, error);
	}
	return ok;
}

static char **true_paths(const char *const *paths)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

	for (; *paths != NULL; paths++) {
		char *path = **paths != '\0' ? realpath(*paths, NULL) : NULL;

		if (path != NULL)
			g_strv_builder_add(builder, path);
		free(path);
	}
	return g_strv_builder_end(builder);
}

gboolean hidden_make(const char *const *paths, GError **error)
{
	long kernel_version = version();
	Hiding hiding = {.access = access_of(kernel_version)};
	struct landlock_ruleset_attr handled = {.handled_access_fs = hiding.access};
	gboolean ok;

	if (kernel_version <= 0)
		return TRUE;
	hiding.rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
	if (hiding.rules < 0)
		return fail(error, "no rules");
	hiding.paths = true_paths(paths);
	ok = allow_beside(&hiding, "/", error);
	if (ok && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
			  syscall(SYS_landlock_restrict_self, hiding.rules, 0) != 0))
		ok = fail(error, "rules are not taken");
	close(hiding.rules);
	g_strfreev(hiding.paths);
	return ok;
}
