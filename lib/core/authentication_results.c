/*
 * Reads dmarc results out of Authentication-Results (authentication_results.h). A value with an
 * open comment or string is not believed at all. Pure.
 */
#include "core/authentication_results.h"

#include <string.h>

/* Drops a comment that begins at `at`; returns what follows, or NULL when it never ends. */
static const char *skip_comment(const char *at)
{
	guint depth = 0;

	for (; *at != '\0'; at++) {
		if (*at == '\\' && at[1] != '\0')
			at++;
		else if (*at == '(')
			depth++;
		else if (*at == ')' && --depth == 0)
			return at + 1;
	}
	return NULL;
}

static const char *skip_quoted(const char *at)
{
	for (at++; *at != '\0'; at++) {
		if (*at == '\\' && at[1] != '\0')
			at++;
		else if (*at == '"')
			return at + 1;
	}
	return NULL;
}

/* The value with comments as a blank and quoted strings as '"'; folds as blanks, other LF stay.
 * NULL: malformed. */
static char *take_off_free_text(const char *values)
{
	g_autoptr(GString) plain = g_string_new(NULL);
	const char *at = values;

	while (at != NULL && *at != '\0') {
		if (*at == '(') {
			g_string_append_c(plain, ' ');
			at = skip_comment(at);
		} else if (*at == '"') {
			g_string_append_c(plain, '"');
			at = skip_quoted(at);
		} else {
			gboolean fold = *at == '\n' && (at[1] == ' ' || at[1] == '\t');

			g_string_append_c(plain, fold || *at == '\t' || *at == '\r' ? ' ' : *at);
			at++;
		}
	}
	return at != NULL ? g_strdup(plain->str) : NULL;
}

/* "dmarc = pass  header.from=a.test" -> words "dmarc=pass" "header.from=a.test". */
static char **split_words(const char *result)
{
	g_autoptr(GString) tight = g_string_new(NULL);

	for (const char *at = result; *at != '\0'; at++) {
		gsize length = tight->len;

		if (*at != ' ') {
			if (*at == '=' && length > 0 && tight->str[length - 1] == ' ')
				g_string_truncate(tight, length - 1);
			g_string_append_c(tight, *at);
		} else if (length > 0 && tight->str[length - 1] != ' ' &&
			   tight->str[length - 1] != '=') {
			g_string_append_c(tight, ' ');
		}
	}
	return g_strsplit(g_strchomp(tight->str), " ", -1);
}

typedef enum { DMARC_ABSENT, DMARC_PASS, DMARC_OTHER } Dmarc;

/* One result, between two semicolons. */
static Dmarc read_result(const char *result, const char *domain)
{
	g_auto(GStrv) words = split_words(result);
	const char *from = NULL, *verdict;

	if (words[0] == NULL || g_ascii_strncasecmp(words[0], "dmarc", 5) != 0 ||
		(words[0][5] != '=' && words[0][5] != '/'))
		return DMARC_ABSENT;
	verdict = strchr(words[0], '=');
	for (guint i = 1; words[i] != NULL; i++) {
		if (g_ascii_strncasecmp(words[i], "header.from=", 12) != 0)
			continue;
		if (from != NULL)
			return DMARC_OTHER;
		from = words[i] + 12;
	}
	if (from == NULL || verdict == NULL || g_ascii_strcasecmp(verdict, "=pass") != 0)
		return DMARC_OTHER;
	if (strrchr(from, '@') != NULL)
		from = strrchr(from, '@') + 1;
	return g_ascii_strcasecmp(from, domain) == 0 ? DMARC_PASS : DMARC_OTHER;
}

gboolean authentication_results_dmarc_pass(const char *values, const char *domain)
{
	g_autofree char *plain = values != NULL ? take_off_free_text(values) : NULL;
	g_auto(GStrv) lines = NULL;
	gboolean pass = FALSE;

	if (plain == NULL || domain == NULL || *domain == '\0')
		return FALSE;
	lines = g_strsplit(plain, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) results = g_strsplit(*line, ";", -1);

		/* The first part is the authserv-id. */
		for (guint i = 1; results[0] != NULL && results[i] != NULL; i++) {
			Dmarc dmarc = read_result(results[i], domain);

			if (dmarc == DMARC_OTHER)
				return FALSE;
			pass = pass || dmarc == DMARC_PASS;
		}
	}
	return pass;
}

char *authentication_results_summary(const char *values)
{
	g_autofree char *plain = values != NULL ? take_off_free_text(values) : NULL;
	g_autoptr(GString) found = g_string_new(NULL);
	g_auto(GStrv) lines = NULL;

	if (plain == NULL)
		return NULL;
	lines = g_strsplit(plain, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) results = g_strsplit(*line, ";", -1);

		for (guint i = 1; results[0] != NULL && results[i] != NULL; i++) {
			g_auto(GStrv) words = split_words(results[i]);

			if (words[0] != NULL && strchr(words[0], '=') != NULL)
				g_string_append_printf(
					found, "%s%s", found->len > 0 ? " " : "", words[0]);
		}
	}
	return found->len > 0 ? g_strdup(found->str) : NULL;
}
