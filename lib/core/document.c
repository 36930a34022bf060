/* document.h: numbers, expedientes and exceptions in subjects. Pure. */
#include "core/document.h"

#include <string.h>

#include "core/document_mark.h"
#include "core/fold.h"

#define OFFICE "(?:[-/][A-Z0-9.&]*[A-Z0-9])*"

static char *first_group(const char *pattern, const char *text)
{
	g_autoptr(GRegex) regex = g_regex_new(pattern, 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;

	return g_regex_match(regex, text, 0, &match) ? g_match_info_fetch(match, 1) : NULL;
}

char *document_number_find(const char *subject, const GRegex *expediente_pattern)
{
	g_autofree char *rest = NULL, *fold = NULL;
	char *number;

	if (subject == NULL || !g_utf8_validate(subject, -1, NULL))
		return NULL;
	rest = expediente_pattern != NULL
		       ? g_regex_replace_literal(expediente_pattern, subject, -1, 0, " | ", 0, NULL)
		       : NULL;
	fold = text_fold(rest != NULL ? rest : subject);
	number = first_group("(?<![A-Z0-9-])(?:" DOCUMENT_MARK
			     " ?)?([0-9]{1,6}-[0-9]{4}(?![0-9])" OFFICE ")",
		fold);
	if (number != NULL)
		return number;
	return first_group(
		"(?<![A-Z0-9-])" DOCUMENT_MARK " ?([0-9]{1,6}" OFFICE ")(?![0-9])", fold);
}

char *document_expediente_find(const char *subject, const GRegex *expediente_pattern)
{
	g_autoptr(GMatchInfo) match = NULL;
	g_autofree char *number = NULL;

	if (subject == NULL || expediente_pattern == NULL || !g_utf8_validate(subject, -1, NULL) ||
		!g_regex_match(expediente_pattern, subject, 0, &match))
		return NULL;
	number = g_match_info_fetch(match, 1);
	return number != NULL && *number != '\0' ? g_steal_pointer(&number) : NULL;
}

gboolean document_expedientes_differ(const char *subject, const GRegex *expediente_pattern)
{
	g_autofree char *first = document_expediente_find(subject, expediente_pattern);
	g_autoptr(GMatchInfo) match = NULL;

	if (first == NULL)
		return FALSE;
	for (g_regex_match(expediente_pattern, subject, 0, &match); g_match_info_matches(match);
		g_match_info_next(match, NULL)) {
		g_autofree char *number = g_match_info_fetch(match, 1);

		if (number != NULL && strcmp(number, first) != 0)
			return TRUE;
	}
	return FALSE;
}

char *document_urgent_reason(const char *subject)
{
	g_autoptr(GRegex) tag =
		g_regex_new("\\[\\s*URGENTE\\s*:\\s*([^\\]]*?)\\s*\\]", G_REGEX_CASELESS, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	g_autofree char *reason = NULL;

	if (subject == NULL || !g_utf8_validate(subject, -1, NULL) ||
		!g_regex_match(tag, subject, 0, &match))
		return NULL;
	reason = g_match_info_fetch(match, 1);
	for (const char *at = reason; *at != '\0'; at = g_utf8_next_char(at))
		if (g_unichar_isalpha(g_utf8_get_char(at)) &&
			!text_is_invisible(g_utf8_get_char(at)))
			return text_begin(reason, DOCUMENT_REASON_MAX_CHARS);
	return NULL;
}
