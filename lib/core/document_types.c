/*
 * document.h: the types of official documents in subjects and file names. Each form is a regular
 * expression over the folded text, which forgives what a reader forgives too: a digit that is drawn
 * like a letter, letters with gaps between them. Pure.
 */
#include "core/document.h"

#include <string.h>

#include "core/document_mark.h"
#include "core/fold.h"
#include "core/rules/subject.h"

/* Between the letters of a word that is spaced out; what stands for a letter is no gap. */
#define GAP "[^A-Z0-9@$|!]*+"
/* Shorter words are taken as they are written: with gaps, other words would look like them. */
#define LOOSE_MIN_LETTERS 5
#define NUMBER                                                                                     \
	"(?:" DOCUMENT_MARK "[^A-Z0-9]?[0-9]|[0-9]{1,6}[^A-Z0-9][0-9]{4}(?![0-9])|EXP(?:EDIENTE)?" \
	"[^A-Z])"
/* "CARTA EXTERNA N° 4", "RESOLUCION DE ALCALDIA N° 5". */
#define KINDS                                                                                      \
	"(?:(?:DE )?(?:EXTERN[AO]|INTERN[AO]|MULTIPLE|CIRCULAR|SIMPLE|ADMINISTRATIV[AO]|ALCALDIA|" \
	"GERENCIA|GERENCIAL|CONCEJO|JEFATURAL|DIRECTORAL|SUB|MUNICIPAL)S?[^A-Z0-9]+){0,3}"

typedef struct {
	GRegex *regex;
	guint letters; /* the form of more of them decides */
} Form;

typedef struct {
	char *name;	  /* NULL: what begins like a document and is none */
	GPtrArray *forms; /* Form * */
} Type;

struct _DocumentTypes {
	GPtrArray *list; /* Type * */
	char **notifying;
	GRegex *number;	 /* what follows the form of a document that has one */
	GRegex *leading; /* a number or expediente that stands before it */
};

static void form_free(gpointer data)
{
	Form *form = data;

	g_regex_unref(form->regex);
	g_free(form);
}

static void type_free(gpointer data)
{
	Type *type = data;

	g_free(type->name);
	g_ptr_array_unref(type->forms);
	g_free(type);
}

static char *folded(const char *text)
{
	g_autofree char *fold = text_fold(text);

	return g_strdup(g_strstrip(fold));
}

/* A letter, or what is drawn like it. */
static void add_letter(GString *pattern, char letter)
{
	static const char *const alike[] = {
		"A4@", "B8", "E3", "G6", "I1L|!", "LI1|", "O0", "S5$", "T7", "Z2"};

	for (guint i = 0; i < G_N_ELEMENTS(alike); i++)
		if (alike[i][0] == letter) {
			g_string_append_printf(pattern, "[%s]", alike[i]);
			return;
		}
	g_string_append_c(pattern, letter);
}

static guint count_letters(const char *text)
{
	guint letters = 0;

	for (; *text != '\0'; text++)
		letters += g_ascii_isalnum(*text) ? 1 : 0;
	return letters;
}

#define NO_YEARS "(?!(?:19|20)[0-9]{2}[^A-Z0-9](?:19|20)[0-9]{2}(?![0-9]))"
/* "N° 12-2026-GM:", "Exp. 2026-001234 -" before the type. */
#define LEADING                                                                                    \
	"(?:EXP(?:EDIENTE)?[^A-Z0-9]*)?(?:" DOCUMENT_MARK "[^A-Z0-9]*)?" NO_YEARS                  \
	"[0-9]{1,6}-[0-9]{3,9}(?:[-/][A-Z0-9.&]*[A-Z0-9])*(?![A-Z0-9])"
/* What follows a form that is one only with its number: "INFORME N° 8", "R.A. 8-2026". Two years
 * are no number: "Informe 2025-2026". */
#define OWN_NUMBER                                                                                 \
	"(?=[^A-Z0-9]*+(?:" DOCUMENT_MARK "[^A-Z0-9]*[0-9]|" NO_YEARS                              \
	"[0-9]{1,6}[-/_][0-9]{4}(?![0-9])))"

/* The form without a last word that only announces the number: "INFORME NRO" is "INFORME", and a
 * number has to follow. */
static gboolean cut_mark(char *form)
{
	char *last = strrchr(form, ' ');

	if (last == NULL ||
		(strcmp(last, " N") != 0 && strcmp(last, " NO") != 0 && strcmp(last, " NRO") != 0))
		return FALSE;
	*last = '\0';
	return TRUE;
}

static void add_strict(GString *pattern, const char *text)
{
	g_autofree char *escaped = g_regex_escape_string(text, -1);

	g_string_append(pattern, escaped);
	if (g_ascii_isalnum(text[strlen(text) - 1]))
		g_string_append(pattern, "(?![A-Z0-9])");
}

static void add_loose(GString *pattern, const char *text)
{
	gboolean first = TRUE;

	for (; *text != '\0'; text++) {
		if (!g_ascii_isalnum(*text))
			continue;
		if (!first)
			g_string_append(pattern, GAP);
		add_letter(pattern, *text);
		first = FALSE;
	}
	/* "NOTIFICACIONN°12" is one too. */
	g_string_append(pattern, "(?:(?![A-Z])|(?=" DOCUMENT_MARK "[^A-Z0-9]?[0-9]))");
}

/* NULL: an empty one. */
static Form *form_new(const char *text)
{
	g_autofree char *fold = folded(text);
	g_autoptr(GString) pattern = g_string_new("(?<![A-Z0-9])");
	gboolean marked = cut_mark(fold);
	Form *form;

	if (*fold == '\0')
		return NULL;
	form = g_new0(Form, 1);
	form->letters = count_letters(fold) + marked;
	if (form->letters < LOOSE_MIN_LETTERS)
		add_strict(pattern, fold);
	else
		add_loose(pattern, fold);
	if (marked)
		g_string_append(pattern, OWN_NUMBER);
	form->regex = g_regex_new(pattern->str, 0, 0, NULL);
	if (form->regex == NULL)
		g_clear_pointer(&form, g_free);
	return form;
}

static const Type *add_type(DocumentTypes *types, const char *row, gboolean official)
{
	g_auto(GStrv) words = g_strsplit(row, "|", -1);
	Type *type = g_new0(Type, 1);

	type->forms = g_ptr_array_new_with_free_func(form_free);
	for (char **word = words; *word != NULL; word++) {
		Form *form = form_new(*word);

		if (form != NULL)
			g_ptr_array_add(type->forms, form);
	}
	if (official)
		type->name = folded(words[0] != NULL ? words[0] : "");
	g_ptr_array_add(types->list, type);
	return type;
}

DocumentTypes *document_types_new(
	const char *const *types, const char *const *notifying, const char *const *ordinary)
{
	DocumentTypes *made = g_new0(DocumentTypes, 1);
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();

	made->list = g_ptr_array_new_with_free_func(type_free);
	made->number = g_regex_new("[^A-Z0-9#]*+" KINDS NUMBER, 0, 0, NULL);
	made->leading = g_regex_new(LEADING, 0, 0, NULL);
	for (; types != NULL && *types != NULL; types++)
		add_type(made, *types, TRUE);
	for (; notifying != NULL && *notifying != NULL; notifying++) {
		const Type *type = add_type(made, *notifying, TRUE);

		g_strv_builder_add(names, type->name);
	}
	for (; ordinary != NULL && *ordinary != NULL; ordinary++)
		add_type(made, *ordinary, FALSE);
	made->notifying = g_strv_builder_end(names);
	return made;
}

void document_types_free(DocumentTypes *types)
{
	if (types == NULL)
		return;
	g_ptr_array_unref(types->list);
	g_strfreev(types->notifying);
	g_clear_pointer(&types->number, g_regex_unref);
	g_clear_pointer(&types->leading, g_regex_unref);
	g_free(types);
}

/* The type whose form of most letters stands here, or NULL. */
static const Type *find_at(const DocumentTypes *types, const char *text)
{
	const Type *found = NULL;
	guint most = 0;

	for (guint i = 0; i < types->list->len; i++) {
		const Type *type = types->list->pdata[i];

		for (guint j = 0; j < type->forms->len; j++) {
			const Form *form = type->forms->pdata[j];

			if (form->letters <= most ||
				!g_regex_match(form->regex, text, G_REGEX_MATCH_ANCHORED, NULL))
				continue;
			found = type;
			most = form->letters;
		}
	}
	return found;
}

/* Words before the name of a document of which a mail only speaks. */
static gboolean refers(const char *text, gsize size)
{
	static const char *const words[] = {"SU", "SUS", "TU", "VUESTRA", "VUESTRO", "SOBRE",
		"CONSULTA", "CONSULTAS", "RESPUESTA", "RESPUESTAS", "RESPONDO", "REF", "REFERENCIA",
		"REFERENTE", "RELACION", "ATENCION", "SEGUN", "RECIBI", "RECIBIDO", "RECIBIDA",
		"RECEPCION", "ACUSE", "CONFIRMACION", "CONFIRMO", "RECLAMO", "SOLICITO",
		"SOLICITUD", NULL};
	g_autofree char *before = g_strndup(text, size);
	g_auto(GStrv) said = g_strsplit_set(before, " .,:;/()-\"'", -1);

	for (char **word = said; *word != NULL; word++)
		if (g_strv_contains(words, *word))
			return TRUE;
	return FALSE;
}

/* Whether the form stands anywhere with a number behind it; ordinary words are none. */
static gboolean has_number(
	const DocumentTypes *types, const Form *form, const char *text, gboolean heed)
{
	g_autoptr(GMatchInfo) match = NULL;
	int start, end;

	for (g_regex_match(form->regex, text, 0, &match); g_match_info_matches(match);
		g_match_info_next(match, NULL)) {
		const Type *here;

		if (!g_match_info_fetch_pos(match, 0, &start, &end) || end == start)
			return FALSE;
		if (!g_regex_match(types->number, text + end, G_REGEX_MATCH_ANCHORED, NULL))
			continue;
		here = find_at(types, text + start);
		if ((here == NULL || here->name != NULL) && !(heed && refers(text, (gsize)start)))
			return TRUE;
	}
	return FALSE;
}

/* Anywhere in the text a type with a number; `heed`: not when the text only speaks of it. */
static const char *find_numbered(const DocumentTypes *types, const char *text, gboolean heed)
{
	const char *found = NULL;
	guint most = 0;

	for (guint i = 0; i < types->list->len; i++) {
		const Type *type = types->list->pdata[i];

		for (guint j = 0; type->name != NULL && j < type->forms->len; j++) {
			const Form *form = type->forms->pdata[j];

			if (form->letters <= most || !has_number(types, form, text, heed))
				continue;
			found = type->name;
			most = form->letters;
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

/* Behind a word that only asks for attention, or NULL: there is none. */
static const char *skip_label(const char *text)
{
	static const char *const labels[] = {
		"MUY URGENTE", "URGENTE", "IMPORTANTE", "ASUNTO", "REITERATIVO"};

	for (guint i = 0; i < G_N_ELEMENTS(labels); i++) {
		gsize size = strlen(labels[i]);

		if (strncmp(text, labels[i], size) == 0 &&
			!g_unichar_isalnum(g_utf8_get_char(text + size)))
			return text + size;
	}
	return NULL;
}

/* Behind a number, or NULL: there is none. */
static const char *skip_number(const DocumentTypes *types, const char *text)
{
	g_autoptr(GMatchInfo) match = NULL;
	int end = 0;

	g_regex_match(types->leading, text, G_REGEX_MATCH_ANCHORED, &match);
	return g_match_info_fetch_pos(match, 0, NULL, &end) ? text + end : NULL;
}

const char *document_type_find(const DocumentTypes *types, const char *subject, gboolean original)
{
	g_autofree char *fold = NULL;
	gboolean tag;

	if (types == NULL || subject == NULL)
		return NULL;
	fold = text_fold(subject);
	for (const char *at = fold, *next; at != NULL; at = next) {
		const Type *found;

		at = skip_marks(at, &tag);
		found = find_at(types, at);
		if (found != NULL && found->name != NULL)
			return found->name;
		next = tag ? strchr(at, ']') : skip_prefix(at);
		if (next != NULL && !tag && !original)
			return NULL;
		if (next == NULL && !tag)
			next = skip_label(at);
		if (next == NULL && !tag)
			next = skip_number(types, at);
	}
	return find_numbered(types, fold, TRUE);
}

/* A text, a scan or an archive of them, or what does not say what it is; no sheet, no data. */
static gboolean can_be_document(const char *folded_name)
{
	static const char *const extensions[] = {"PDF", "DOC", "DOCX", "ODT", "RTF", "JPG", "JPEG",
		"PNG", "TIF", "TIFF", "ZIP", "RAR", "7Z", "P7M", NULL};
	const char *dot = strrchr(folded_name, '.');

	return dot == NULL || strchr(dot, ' ') != NULL || g_strv_contains(extensions, dot + 1);
}

const char *document_type_of_file(const DocumentTypes *types, const char *name)
{
	g_autofree char *fold = NULL;

	if (types == NULL || name == NULL)
		return NULL;
	fold = text_fold(name);
	for (char *at = fold; *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	return can_be_document(fold) ? find_numbered(types, fold, FALSE) : NULL;
}

gboolean document_type_notifies(const DocumentTypes *types, const char *name)
{
	if (types == NULL || name == NULL)
		return FALSE;
	for (char **word = types->notifying; *word != NULL; word++) {
		gsize size = strlen(*word);

		if (size > 0 && strncmp(name, *word, size) == 0 &&
			!g_unichar_isalnum(g_utf8_get_char(name + size)))
			return TRUE;
	}
	return FALSE;
}
