/*
 * pdf_signature.h: the PDF goes into a private folder, pdfsig runs there with limits of memory,
 * CPU, files and time, without environment but the locale, and is killed at the deadline. It gets
 * no network where the kernel lets us take it away, so revocation is not asked: -no-ocsp would say
 * so, but with it pdfsig 22.12 trusts no certificate at all. Fails into PDF_UNREADABLE with the
 * reason. Threads share one checker; they wait for one another under its lock when too many run.
 */
#include "inspect/pdf_signature.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_BYTES_MAX (64 * 1024)
#define SIGNATURES_MAX 64
#define DETAIL_CHARS_MAX 200
#define FILE_NAME "documento.pdf"
#define SIGNING_TIME "  - Signing Time: "
#define NO_SIGNATURES 2 /* pdfsig's exit status */

struct _PdfChecker {
	char *program, *trust_folder;
	guint64 memory_bytes;
	guint timeout_ms, max_running;
	GMutex lock;
	GCond changed;
	guint running; /* under the lock */
};

PdfChecker *pdf_checker_new(const char *program, const char *trust_folder, guint64 memory_bytes,
	guint timeout_ms, guint max_running)
{
	PdfChecker *checker = g_new0(PdfChecker, 1);

	checker->program = g_strdup(program);
	checker->trust_folder = g_strdup(trust_folder);
	checker->memory_bytes = memory_bytes;
	checker->timeout_ms = timeout_ms;
	checker->max_running = max_running;
	g_mutex_init(&checker->lock);
	g_cond_init(&checker->changed);
	return checker;
}

void pdf_checker_free(PdfChecker *checker)
{
	if (checker == NULL)
		return;
	g_free(checker->program);
	g_free(checker->trust_folder);
	g_mutex_clear(&checker->lock);
	g_cond_clear(&checker->changed);
	g_free(checker);
}

gint64 pdf_checker_deadline(const PdfChecker *checker)
{
	return g_get_monotonic_time() + (gint64)checker->timeout_ms * 1000;
}

/* ---- what pdfsig says ---- */

typedef struct {
	guint signatures, whole, valid, mismatched, trusted;
	guint covers, validations, certificates; /* lines of these kinds in the signature at hand */
	gboolean covered_last, odd;
	char *name;
} Reading;

/* A signer's name may hold line ends, and so lines that pdfsig did not mean: then a kind of line is
 * there twice. */
static void end_signature(Reading *reading)
{
	if (reading->signatures == 0)
		return;
	reading->odd |=
		reading->covers != 1 || reading->validations != 1 || reading->certificates > 1;
	reading->covers = reading->validations = reading->certificates = 0;
}

static void read_line(Reading *reading, const char *line)
{
	const char *value;

	if (g_str_has_prefix(line, "Signature #")) {
		end_signature(reading);
		reading->signatures++;
	} else if (strcmp(line, "  - Total document signed") == 0) {
		reading->covers++;
		reading->whole++;
	} else if (strcmp(line, "  - Not total document signed") == 0) {
		reading->covers++;
	} else if (g_str_has_prefix(line, "  - Signature Validation: ")) {
		value = line + strlen("  - Signature Validation: ");
		reading->validations++;
		reading->valid += strcmp(value, "Signature is Valid.") == 0;
		reading->mismatched += strcmp(value, "Digest Mismatch.") == 0 ||
				       strcmp(value, "Signature is Invalid.") == 0;
	} else if (g_str_has_prefix(line, "  - Certificate Validation: ")) {
		value = line + strlen("  - Certificate Validation: ");
		reading->certificates++;
		reading->trusted += strcmp(value, "Certificate is Trusted.") == 0;
	} else if (g_str_has_prefix(line, "  - Signer Certificate Common Name: ")) {
		g_free(reading->name);
		reading->name = g_strdup(line + strlen("  - Signer Certificate Common Name: "));
	}
}

static PdfSignature judge(const Reading *reading)
{
	if (reading->odd || reading->signatures == 0 || reading->signatures > SIGNATURES_MAX)
		return PDF_UNREADABLE;
	if (reading->mismatched > 0 ||
		(reading->valid == reading->signatures && reading->whole == 0))
		return PDF_BROKEN;
	if (reading->valid < reading->signatures)
		return PDF_UNREADABLE;
	return reading->trusted == reading->signatures ? PDF_VALID : PDF_UNTRUSTED;
}

/* One line of valid text, for records. */
static char *tidy(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	for (char *at = valid; *at != '\0'; at++)
		if (g_ascii_iscntrl(*at))
			*at = ' ';
	return g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), DETAIL_CHARS_MAX));
}

PdfSignature pdf_signature_read(const char *text, int status, char **detail)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	Reading reading = {0};
	PdfSignature signature;

	if (status == NO_SIGNATURES && strstr(text, "Signature #") == NULL &&
		strstr(text, "does not contain any signatures") != NULL) {
		*detail = g_strdup("no signature");
		return PDF_UNSIGNED;
	}
	if (status != 0) {
		*detail = g_strdup_printf("pdfsig ended with %d", status);
		return PDF_UNREADABLE;
	}
	for (char **line = lines; *line != NULL; line++)
		read_line(&reading, *line);
	end_signature(&reading);
	signature = judge(&reading);
	*detail = tidy(reading.name != NULL ? reading.name : "");
	g_free(reading.name);
	return signature;
}

/* "Nov 20 2026 20:53:56"; 0: none. */
static gint64 read_time(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char month[4] = "";
	int day, year, hour, minute, second, end = 0;
	const char *found;
	g_autoptr(GDateTime) time = NULL;

	if (sscanf(text, "%3s %2d %4d %2d:%2d:%2d%n", month, &day, &year, &hour, &minute, &second,
		    &end) != 6 ||
		text[end] != '\0' || strlen(month) != 3)
		return 0;
	found = strstr(months, month);
	if (found == NULL || (found - months) % 3 != 0)
		return 0;
	time = g_date_time_new_utc(
		year, (int)(found - months) / 3 + 1, day, hour, minute, (gdouble)second);
	return time != NULL ? g_date_time_to_unix(time) : 0;
}

gint64 pdf_signature_time_s(const char *said)
{
	g_auto(GStrv) lines = g_strsplit(said, "\n", -1);
	guint signatures = 0, times = 0;
	gint64 last_s = 0;

	for (char **line = lines; *line != NULL; line++) {
		gint64 time_s;

		signatures += g_str_has_prefix(*line, "Signature #");
		if (!g_str_has_prefix(*line, SIGNING_TIME))
			continue;
		times++;
		time_s = read_time(*line + strlen(SIGNING_TIME));
		if (time_s <= 0)
			return 0;
		last_s = MAX(last_s, time_s);
	}
	/* One each: what stands there more often may be a signer's name. */
	return times == signatures ? last_s : 0;
}

/* ---- the process ---- */

typedef struct {
	const PdfChecker *checker;
	guint cpu_s;
} Limits;

static void limit(int resource, rlim_t value)
{
	const struct rlimit both = {value, value};

	setrlimit((__rlimit_resource_t)resource, &both);
}

/* In the child, between fork and exec. */
static void confine(gpointer data)
{
	const Limits *limits = data;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Where user namespaces are forbidden the deadline alone bounds what it may ask. */
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		errno = 0;
	limit(RLIMIT_AS, limits->checker->memory_bytes);
	limit(RLIMIT_CPU, limits->cpu_s);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NOFILE, 64);
}

static int left_ms(gint64 deadline_us)
{
	gint64 left = (deadline_us - g_get_monotonic_time()) / 1000;

	return left > 0 ? (int)MIN(left, G_MAXINT) : 0;
}

/* All that comes until the end of file. FALSE at the deadline, or when it is too much. */
static gboolean read_all(int fd, gint64 deadline_us, GString *text)
{
	char buffer[4096];

	for (;;) {
		struct pollfd one = {.fd = fd, .events = POLLIN};
		ssize_t got;
		int left = left_ms(deadline_us);

		if (left == 0 || text->len > OUTPUT_BYTES_MAX)
			return FALSE;
		if (poll(&one, 1, left) <= 0)
			continue;
		got = read(fd, buffer, sizeof buffer);
		if (got == 0)
			return TRUE;
		if (got > 0)
			g_string_append_len(text, buffer, got);
		else if (errno != EINTR)
			return FALSE;
	}
}

/* The exit status; -1 when it was killed, by us at the deadline or by a limit. */
static int end_process(GPid pid, gboolean at_once, gint64 deadline_us)
{
	int status = 0;
	pid_t done = 0;

	while (!at_once && (done = waitpid(pid, &status, WNOHANG)) == 0 && left_ms(deadline_us) > 0)
		g_usleep(1000);
	if (done != pid) {
		kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
			;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static PdfSignature run(const PdfChecker *checker, const char *folder, gint64 deadline_us,
	char **detail, char **said)
{
	g_autofree char *home = g_strconcat("HOME=", folder, NULL);
	char *trusting[] = {checker->program, "-nssdir", checker->trust_folder, FILE_NAME, NULL};
	char *plain[] = {checker->program, "-nocert", FILE_NAME, NULL};
	char **arguments = checker->trust_folder != NULL ? trusting : plain;
	char *environment[] = {"LC_ALL=C", "TZ=UTC", "PATH=/usr/bin:/bin", home, NULL};
	Limits limits = {checker, checker->timeout_ms / 1000 + 1};
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	gboolean whole;
	int out, status;
	GPid pid;

	if (!g_spawn_async_with_pipes(folder, arguments, environment,
		    G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL, confine, &limits, &pid,
		    NULL, &out, NULL, &error)) {
		*detail = tidy(error->message);
		return PDF_UNREADABLE;
	}
	whole = read_all(out, deadline_us, text);
	close(out);
	status = end_process(pid, !whole, deadline_us);
	g_spawn_close_pid(pid);
	if (!whole || memchr(text->str, '\0', text->len) != NULL) {
		*detail = g_strdup("pdfsig took too long or said too much");
		return PDF_UNREADABLE;
	}
	*said = g_strdup(text->str);
	return pdf_signature_read(text->str, status, detail);
}

/* A place among those that run; FALSE when none was free by the deadline. */
static gboolean take_place(PdfChecker *checker, gint64 deadline_us)
{
	gboolean taken = TRUE;

	g_mutex_lock(&checker->lock);
	while (taken && checker->running >= checker->max_running)
		taken = g_cond_wait_until(&checker->changed, &checker->lock, deadline_us);
	if (taken)
		checker->running++;
	g_mutex_unlock(&checker->lock);
	return taken;
}

static void give_place(PdfChecker *checker)
{
	g_mutex_lock(&checker->lock);
	checker->running--;
	g_cond_signal(&checker->changed);
	g_mutex_unlock(&checker->lock);
}

PdfSignature pdf_checker_look_said(PdfChecker *checker, const void *data, gsize size,
	gint64 deadline_us, char **detail, char **said)
{
	g_autofree char *folder = NULL, *path = NULL;
	PdfSignature signature = PDF_UNREADABLE;

	*said = NULL;
	if (left_ms(deadline_us) == 0 || !take_place(checker, deadline_us)) {
		*detail = g_strdup("no time left");
		return PDF_UNREADABLE;
	}
	folder = g_dir_make_tmp("acuse-pdf-XXXXXX", NULL);
	path = folder != NULL ? g_build_filename(folder, FILE_NAME, NULL) : NULL;
	if (path != NULL && g_file_set_contents_full(
				    path, data, (gssize)size, G_FILE_SET_CONTENTS_NONE, 0600, NULL))
		signature = run(checker, folder, deadline_us, detail, said);
	else
		*detail = g_strdup("no room for a copy");
	if (path != NULL)
		g_unlink(path);
	if (folder != NULL)
		g_rmdir(folder);
	give_place(checker);
	return signature;
}

PdfSignature pdf_checker_look(
	PdfChecker *checker, const void *data, gsize size, gint64 deadline_us, char **detail)
{
	g_autofree char *said = NULL;

	return pdf_checker_look_said(checker, data, size, deadline_us, detail, &said);
}
