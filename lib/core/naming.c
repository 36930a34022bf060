/*
 * Account names of the directive (naming.h). A name goes through compatibility decomposition, loses
 * its marks, takes the small table for letters that have none, and is refused when something else
 * than a-z is left: an operator decides then. Pure.
 */
#include "core/naming.h"

#include <string.h>

#include "base/error.h"

/* Letters that do not decompose (FACTS 26). */
static const struct {
	gunichar letter;
	const char *written;
} letter_table[] = {
	{0x00df, "ss"},
	{0x00e6, "ae"},
	{0x00f0, "d"},
	{0x00f8, "o"},
	{0x00fe, "th"},
	{0x0111, "d"},
	{0x0127, "h"},
	{0x0131, "i"},
	{0x0142, "l"},
	{0x014b, "n"},
	{0x0153, "oe"},
	{0x0167, "t"},
};

/* What stands between the words and letters of a name and is not written. */
static const gunichar joiners[] = {'\'', '-', '.', ',', '`', 0x00b4, 0x02b9, 0x02bb, 0x02bc, 0x02bd,
	0x055a, 0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2018, 0x2019, 0x201b, 0x2032, 0x2212,
	0xff07};

static const char *const reserved_names[] = {"abuse", "acuse", "admin", "administrador",
	"administrator", "all", "bin", "daemon", "dovecot", "ftp", "hostmaster", "info", "ldap",
	"list", "listserv", "mail", "mailer-daemon", "mailerdaemon", "majordomo", "marketing",
	"news", "nobody", "no-reply", "noc", "noreply", "operator", "postfix", "postmaster", "root",
	"sales", "security", "support", "sys", "sysadmin", "system", "todos", "usenet", "uucp",
	"vmail", "webmaster", "www", "www-data"};

static gboolean is_joiner(gunichar c)
{
	for (guint i = 0; i < G_N_ELEMENTS(joiners); i++) {
		if (joiners[i] == c)
			return TRUE;
	}
	return g_unichar_isspace(c);
}

static const char *find_written(gunichar c)
{
	for (guint i = 0; i < G_N_ELEMENTS(letter_table); i++) {
		if (letter_table[i].letter == c)
			return letter_table[i].written;
	}
	return NULL;
}

/* "De la Cruz" -> "delacruz"; NULL when it cannot be written in a-z. NULL in: empty. */
static char *write_plainly(const char *name)
{
	g_autoptr(GString) plain = g_string_new(NULL);
	g_autofree char *decomposed = NULL;

	if (name == NULL)
		return g_strdup("");
	/* GLib reads over the end of half a letter. */
	if (!g_utf8_validate(name, -1, NULL))
		return NULL;
	decomposed = g_utf8_normalize(name, -1, G_NORMALIZE_ALL);
	if (decomposed == NULL)
		return NULL;
	for (const char *at = decomposed; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_unichar_tolower(g_utf8_get_char(at));
		const char *written;

		/* A spacing acute is compatible with a blank and a mark: both vanish. */
		if (is_joiner(c) || g_unichar_ismark(c))
			continue;
		if (c >= 'a' && c <= 'z') {
			g_string_append_c(plain, (char)c);
			continue;
		}
		written = find_written(c);
		if (written == NULL)
			return NULL;
		g_string_append(plain, written);
	}
	return g_strdup(plain->str);
}

/* Without a second letter the numbers begin at once. */
static guint count_lettered(const char *plain_maternal)
{
	return strlen(plain_maternal) > 1 ? 2 : 1;
}

guint naming_lettered(const char *maternal)
{
	g_autofree char *plain = write_plainly(maternal);

	return plain != NULL ? count_lettered(plain) : 0;
}

/* The end of the n-th candidate, after initial and paternal surname. */
static char *make_ending(const char *maternal, guint n, guint first_number)
{
	guint lettered = count_lettered(maternal);

	if (n < lettered)
		return g_strndup(maternal, n + 1);
	return g_strdup_printf(
		"%.1s%" G_GUINT64_FORMAT, maternal, (guint64)first_number + (n - lettered));
}

char *naming_candidate(const char *given, const char *paternal, const char *maternal, guint n,
	guint first_number, GError **error)
{
	g_autofree char *plain_given = write_plainly(given);
	g_autofree char *plain_paternal = write_plainly(paternal);
	g_autofree char *plain_maternal = write_plainly(maternal);
	g_autofree char *ending = NULL;

	if (plain_given == NULL || plain_paternal == NULL || plain_maternal == NULL) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"the name cannot be written in a-z");
		return NULL;
	}
	if (*plain_given == '\0' || *plain_paternal == '\0') {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
			"a given name and a paternal surname are needed");
		return NULL;
	}
	ending = make_ending(plain_maternal, n, first_number);
	return g_strdup_printf("%c%.*s%s", *plain_given, NAMING_MAX_CHARS - 1 - (int)strlen(ending),
		plain_paternal, ending);
}

gboolean naming_person_valid(const char *local_part)
{
	gsize length = local_part != NULL ? strlen(local_part) : 0;

	if (length < 2 || length > NAMING_MAX_CHARS || !g_ascii_islower(*local_part))
		return FALSE;
	for (const char *at = local_part; *at != '\0'; at++)
		if (!g_ascii_islower(*at) && !g_ascii_isdigit(*at))
			return FALSE;
	return !naming_reserved(local_part);
}

static gboolean is_one_of(const char *word, const char *const *words)
{
	return g_strv_contains(words, word);
}

char **naming_office_proposals(const char *title)
{
	static const char *const small[] = {
		"de", "del", "la", "las", "el", "los", "y", "e", "en", "a", "para", "por", NULL};
	static const char *const kinds[] = {"oficina", "gerencia", "subgerencia", "sub", "unidad",
		"area", "direccion", "subdireccion", "division", "departamento", "seccion",
		"comite", "comision", "general", NULL};
	g_auto(GStrv) words = g_strsplit_set(title, " -/", -1);
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();
	g_autoptr(GString) initials = g_string_new(NULL);
	g_autofree char *main_word = NULL;

	for (char **word = words; *word != NULL; word++) {
		g_autofree char *plain = write_plainly(*word);

		if (plain == NULL || *plain == '\0' || is_one_of(plain, small))
			continue;
		g_string_append_c(initials, *plain);
		if (main_word == NULL && !is_one_of(plain, kinds))
			main_word = g_steal_pointer(&plain);
	}
	if (initials->len > 1 && naming_office_valid(initials->str))
		g_strv_builder_add(names, initials->str);
	if (main_word != NULL && naming_office_valid(main_word))
		g_strv_builder_add(names, main_word);
	return g_strv_builder_end(names);
}

gboolean naming_office_valid(const char *local_part)
{
	gboolean after_word = FALSE;

	if (local_part == NULL || strlen(local_part) > NAMING_MAX_CHARS)
		return FALSE;
	for (const char *at = local_part; *at != '\0'; at++) {
		gboolean word = g_ascii_islower(*at) || g_ascii_isdigit(*at);

		if (!word && !(after_word && (*at == '.' || *at == '-')))
			return FALSE;
		after_word = word;
	}
	return after_word && !naming_reserved(local_part);
}

gboolean naming_reserved(const char *local_part)
{
	for (guint i = 0; local_part != NULL && i < G_N_ELEMENTS(reserved_names); i++) {
		if (g_ascii_strcasecmp(local_part, reserved_names[i]) == 0)
			return TRUE;
	}
	return FALSE;
}
