/*
 * present.h: texts as words, compared from the end: what stands before a word that is neither free
 * nor of an item is never looked at. Pure functions, never fail.
 */
#include "mime/present.h"

#include <string.h>

#include "mime/text.h"

#define TAIL_BYTES 1024 /* of the text that are looked at, and three times the block */

typedef struct {
	char *text;	 /* letters and digits, case folded */
	gboolean first;	 /* of its line */
	gboolean soft;	 /* part of an address of mail or web */
	gboolean quoted; /* in a line that begins with '>' */
} Word;

static void word_clear(gpointer data)
{
	g_free(((Word *)data)->text);
}

static gboolean is_address(const char *from, const char *to)
{
	gsize size = (gsize)(to - from);

	return memchr(from, '@', size) != NULL || g_strstr_len(from, (gssize)size, "://") != NULL ||
	       (size >= 4 && memcmp(from, "www.", 4) == 0);
}

/* End of the run of characters without blanks that begins at p. */
static const char *run_end(const char *p)
{
	while (*p && !g_unichar_isspace(g_utf8_get_char(p)))
		p = g_utf8_next_char(p);
	return p;
}

static void push_word(GArray *words, GString *letters, Word *pending)
{
	if (letters->len == 0)
		return;
	pending->text = g_strdup(letters->str);
	g_array_append_val(words, *pending);
	g_string_truncate(letters, 0);
	pending->first = FALSE;
}

static GArray *words_new(void)
{
	GArray *words = g_array_new(FALSE, TRUE, sizeof(Word));

	g_array_set_clear_func(words, word_clear);
	return words;
}

/* What spoils the word that it stands in: a byte that meant nothing, as text.h or another program
 * shows it, and the rest of a quoted-printable that was decoded wrongly. */
static gboolean spoils(const char *p, gunichar c, const GString *letters)
{
	gunichar next;

	if (c != '=' && c != '?')
		return c == 0xFFFD || c == (gunichar)TEXT_MASK;
	next = g_utf8_get_char(p + 1);
	return g_unichar_isalnum(next) ||
	       (letters->len > 0 && next != 0 && !g_unichar_isspace(next));
}

static GArray *split_words(const char *utf8)
{
	/* ASCII is normal as it is. */
	gboolean ascii = g_str_is_ascii(utf8);
	g_autofree char *normal =
		ascii ? NULL : g_utf8_normalize(utf8, -1, G_NORMALIZE_ALL_COMPOSE);
	const char *text = ascii ? utf8 : normal != NULL ? normal : "";
	g_autoptr(GString) letters = g_string_new(NULL);
	GArray *words = words_new();
	Word pending = {.first = TRUE, .quoted = text[0] == '>'};
	const char *run = NULL;
	gboolean address = FALSE;

	for (const char *p = text; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (p >= run) {
			run = run_end(p);
			address = run > p && is_address(p, run);
		}
		if (g_unichar_isalnum(c) || g_unichar_ismark(c) || spoils(p, c, letters)) {
			g_string_append_unichar(letters, g_unichar_tolower(c));
			pending.soft = address;
		} else if (g_unichar_type(c) != G_UNICODE_FORMAT) {
			push_word(words, letters, &pending);
			if (c == '\n' || c == 0x2028 || c == 0x2029) {
				pending.first = TRUE;
				pending.quoted = p[1] == '>';
			}
		}
	}
	push_word(words, letters, &pending);
	return words;
}

static gpointer make_labels(gpointer unused)
{
	static const char *const labels[] = {"anexo", "anx", "ext", "extension", "extensión",
		"interno", "tel", "telf", "tlf", "telefono", "teléfono", "telefax", "fono",
		"central", "cel", "celular", "email", "e", "mail", "correo", "web", "n", "no",
		"nro"};
	GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);

	(void)unused;
	for (gsize i = 0; i < G_N_ELEMENTS(labels); i++)
		g_hash_table_add(set, (gpointer)labels[i]);
	return set;
}

static gboolean is_label(const char *text)
{
	static GOnce once = G_ONCE_INIT;

	return g_hash_table_contains(g_once(&once, make_labels, NULL), text);
}

/* The texts are those of `own`. */
static GHashTable *free_words(const GArray *own)
{
	GHashTable *loose = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < own->len; i++)
		g_hash_table_add(loose, g_array_index(own, Word, i).text);
	return loose;
}

static gboolean is_free(const Word *word, GHashTable *loose)
{
	return !word->quoted &&
	       (word->soft || is_label(word->text) || g_hash_table_contains(loose, word->text));
}

/* Past the words that together make the item, or 0. */
static guint match_item(const GArray *words, guint at, const char *item)
{
	while (*item && at < words->len) {
		const Word *word = &g_array_index(words, Word, at);

		if (word->quoted || !g_str_has_prefix(item, word->text))
			return 0;
		item += strlen(word->text);
		at++;
	}
	return *item ? 0 : at;
}

static gboolean begins_line(const GArray *words, guint at, GHashTable *loose)
{
	while (!g_array_index(words, Word, at).first) {
		at--;
		if (!is_free(&g_array_index(words, Word, at), loose))
			return FALSE;
	}
	return TRUE;
}

static gboolean matches_from(const GArray *words, guint at, char *const *items, GHashTable *loose)
{
	for (; *items; items++) {
		guint after = match_item(words, at, *items);

		while (after == 0 && at < words->len &&
			is_free(&g_array_index(words, Word, at), loose))
			after = match_item(words, ++at, *items);
		if (after == 0)
			return FALSE;
		at = after;
	}
	for (; at < words->len; at++)
		if (!is_free(&g_array_index(words, Word, at), loose))
			return FALSE;
	return TRUE;
}

/* Each item as its letters in one piece; those without any are left out. */
static char **squeeze(const char *const *items)
{
	g_autoptr(GStrvBuilder) out = g_strv_builder_new();

	for (; *items; items++) {
		g_autoptr(GArray) words = split_words(*items);
		g_autoptr(GString) whole = g_string_new(NULL);

		for (guint i = 0; i < words->len; i++)
			g_string_append(whole, g_array_index(words, Word, i).text);
		if (whole->len > 0)
			g_strv_builder_add(out, whole->str);
	}
	return g_strv_builder_end(out);
}

/* Whether a block may reach back over the word. */
static gboolean may_belong(const Word *word, char *const *items, GHashTable *loose)
{
	if (is_free(word, loose))
		return TRUE;
	for (; !word->quoted && *items; items++)
		if (strstr(*items, word->text) != NULL)
			return TRUE;
	return FALSE;
}

/* Where the last line of the first `size` bytes begins. */
static gsize last_line(const char *text, gsize size)
{
	while (size > 0 && text[size - 1] != '\n')
		size--;
	return size;
}

/* The words of the lines at the end that a block may take up, and of the one before. Cuts the text
 * into its lines. */
static GArray *words_at_end(char *text, char *const *items, GHashTable *loose)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
	GArray *words = words_new();
	gsize end = strlen(text);
	gboolean go_on = TRUE;

	while (go_on) {
		gsize begin = last_line(text, end);
		GArray *line = split_words(text + begin);

		g_ptr_array_add(lines, line);
		for (guint i = 0; i < line->len; i++)
			go_on = go_on && may_belong(&g_array_index(line, Word, i), items, loose);
		go_on = go_on && begin > 0;
		end = begin > 0 ? begin - 1 : 0;
		text[end] = '\0';
	}
	for (guint i = lines->len; i > 0; i--) {
		GArray *line = lines->pdata[i - 1];

		if (line->len > 0)
			g_array_append_vals(words, line->data, line->len);
		g_array_set_clear_func(line, NULL); /* they are the others' now */
	}
	return words;
}

gboolean present_at_end(
	const char *text, gsize size, const char *const *items, const char *rendered)
{
	gsize looked_at = TAIL_BYTES + 3 * strlen(rendered);
	gsize skipped = size > looked_at ? size - looked_at : 0;
	/* An empty text may have no address. */
	g_autofree char *tail =
		size > 0 ? g_utf8_make_valid(text + skipped, (gssize)(size - skipped))
			 : g_strdup("");
	g_autoptr(GArray) own = split_words(rendered), words = NULL;
	g_autoptr(GHashTable) loose = free_words(own);
	g_auto(GStrv) wanted = squeeze(items);

	if (wanted[0] == NULL)
		return TRUE;
	words = words_at_end(tail, wanted, loose);
	for (guint at = words->len; at > 0; at--)
		if (match_item(words, at - 1, wanted[0]) > 0 && begins_line(words, at - 1, loose) &&
			matches_from(words, at - 1, wanted, loose))
			return TRUE;
	return FALSE;
}
