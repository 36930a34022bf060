/* document.h: forms are compared word by word with the beginning of the folded subject. Pure. */
#include "core/document.h"

#include <string.h>

#include "core/fold.h"
#include "core/rules/subject.h"

/* N°, Nº (which folds to NO), N.o, No., Nro., Num., #. */
#define MARK "(?:N(?:\\.?[°O]|RO|UM)?[.°]*|#)"
#define OFFICE "(?:[-/][A-Z0-9.&]*[A-Z0-9])*"

typedef struct {
	char *name;
	char **forms; /* folded; the name is the first */
} Type;

struct _DocumentTypes {
	GPtrArray *list; /* Type * */
	char **notifying;
};

static void type_free(gpointer data)
{
	Type *type = data;

	g_free(type->name);
	g_strfreev(type->forms);
	g_free(type);
}

static char *folded(const char *text)
{
	g_autofree char *fold = text_fold(text);

	return g_strdup(g_strstrip(fold));
}

static void add_type(DocumentTypes *types, const char *row)
{
	Type *type = g_new0(Type, 1);

	type->forms = g_strsplit(row, "|", -1);
	for (char **form = type->forms; *form != NULL; form++) {
		char *fold = folded(*form);

		g_free(*form);
		*form = fold;
	}
	type->name = g_strdup(type->forms[0] != NULL ? type->forms[0] : "");
	g_ptr_array_add(types->list, type);
}

static gboolean starts_with_word(const char *text, const char *word)
{
	gsize size = strlen(word);

	return size > 0 && strncmp(text, word, size) == 0 &&
	       !g_unichar_isalnum(g_utf8_get_char(text + size));
}

DocumentTypes *document_types_new(const char *const *types, const char *const *notifying)
{
	DocumentTypes *made = g_new0(DocumentTypes, 1);
	GPtrArray *names = g_ptr_array_new();

	made->list = g_ptr_array_new_with_free_func(type_free);
	for (; types != NULL && *types != NULL; types++)
		add_type(made, *types);
	for (; notifying != NULL && *notifying != NULL; notifying++) {
		add_type(made, *notifying);
		g_ptr_array_add(names, folded(*notifying));
	}
	g_ptr_array_add(names, NULL);
	made->notifying = (char **)g_ptr_array_free(names, FALSE);
	return made;
}

void document_types_free(DocumentTypes *types)
{
	if (types == NULL)
		return;
	g_ptr_array_unref(types->list);
	g_strfreev(types->notifying);
	g_free(types);
}

static const char *find_at(const DocumentTypes *types, const char *text)
{
	const char *found = NULL;
	gsize longest = 0;

	for (guint i = 0; i < types->list->len; i++) {
		const Type *type = types->list->pdata[i];

		for (char **form = type->forms; *form != NULL; form++) {
			if (strlen(*form) <= longest || !starts_with_word(text, *form))
				continue;
			found = type->name;
			longest = strlen(*form);
		}
	}
	return found;
}

/* Behind quotation marks, dashes, pictograms; at a letter, a digit or the end. *tag: a bracket was
 * the last. */
static const char *skip_marks(const char *text, gboolean *tag)
{
	*tag = FALSE;
	for (; *text != '\0'; text = g_utf8_next_char(text)) {
		if (g_unichar_isalnum(g_utf8_get_char(text)))
			break;
		*tag = *text == '[';
	}
	return text;
}

/* Behind one "RE:" or "RV:", or NULL: there is none. */
static const char *skip_prefix(const char *text)
{
	const char *colon = strchr(text, ':');
	g_autofree char *prefix = colon != NULL ? g_strndup(text, (gsize)(colon + 1 - text)) : NULL;
	g_autofree char *visible = prefix != NULL ? subject_visible(prefix) : NULL;

	return visible != NULL && *subject_skip_prefix(visible) == '\0' ? colon + 1 : NULL;
}

const char *document_type_find(const DocumentTypes *types, const char *subject, gboolean original)
{
	const char *found = NULL, *at;
	g_autofree char *fold = NULL;
	gboolean tag;

	if (types == NULL || subject == NULL)
		return NULL;
	fold = text_fold(subject);
	for (at = fold; at != NULL && found == NULL;) {
		at = skip_marks(at, &tag);
		found = find_at(types, at);
		if (tag)
			at = strchr(at, ']');
		else
			at = original ? skip_prefix(at) : NULL;
	}
	return found;
}

gboolean document_type_notifies(const DocumentTypes *types, const char *name)
{
	if (types == NULL || name == NULL)
		return FALSE;
	for (char **word = types->notifying; *word != NULL; word++)
		if (starts_with_word(name, *word))
			return TRUE;
	return FALSE;
}

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
	number = first_group(
		"(?<![A-Z0-9-])(?:" MARK " ?)?([0-9]{1,6}-[0-9]{4}(?![0-9])" OFFICE ")", fold);
	if (number != NULL)
		return number;
	return first_group("(?<![A-Z0-9-])" MARK " ?([0-9]{1,6}" OFFICE ")(?![0-9])", fold);
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
		if (g_unichar_isalpha(g_utf8_get_char(at)))
			return g_utf8_substring(reason, 0,
				MIN(g_utf8_strlen(reason, -1), DOCUMENT_REASON_MAX_CHARS));
	return NULL;
}
