/* fold.h over GLib's Unicode tables. Pure; never fails. */
#include "core/fold.h"

#include <string.h>

/* Capitals of other scripts that are drawn as Latin ones (Unicode's confusables). */
static gunichar to_latin(gunichar c)
{
	static const struct {
		gunichar foreign;
		char latin;
	} alike[] = {
		{0x00d8, 'O'},
		{0x0110, 'D'},
		{0x0141, 'L'},
		{0x0166, 'T'},
		{0x0197, 'I'},
		{0x0391, 'A'},
		{0x0392, 'B'},
		{0x0395, 'E'},
		{0x0396, 'Z'},
		{0x0397, 'H'},
		{0x0399, 'I'},
		{0x039a, 'K'},
		{0x039c, 'M'},
		{0x039d, 'N'},
		{0x039f, 'O'},
		{0x03a1, 'P'},
		{0x03a4, 'T'},
		{0x03a5, 'Y'},
		{0x03a7, 'X'},
		{0x03f9, 'C'},
		{0x0405, 'S'},
		{0x0406, 'I'},
		{0x0408, 'J'},
		{0x0410, 'A'},
		{0x0412, 'B'},
		{0x0415, 'E'},
		{0x041a, 'K'},
		{0x041c, 'M'},
		{0x041d, 'H'},
		{0x041e, 'O'},
		{0x0420, 'P'},
		{0x0421, 'C'},
		{0x0422, 'T'},
		{0x0423, 'Y'},
		{0x0425, 'X'},
		{0x04ae, 'Y'},
		{0x04c0, 'I'},
		{0x051a, 'Q'},
		{0x051c, 'W'},
		{0x054d, 'U'},
		{0x0555, 'O'},
		/* Small capitals, of which few have a capital of their own. */
		{0x0262, 'G'},
		{0x026a, 'I'},
		{0xa7ae, 'I'},
		{0x0274, 'N'},
		{0x0280, 'R'},
		{0x01a6, 'R'},
		{0x0299, 'B'},
		{0x029c, 'H'},
		{0x029f, 'L'},
		{0x028f, 'Y'},
		{0xa730, 'F'},
		{0x1d00, 'A'},
		{0x1d04, 'C'},
		{0x1d05, 'D'},
		{0x1d07, 'E'},
		{0x1d0d, 'M'},
		{0x1d0f, 'O'},
		{0x1d18, 'P'},
		{0x1d1b, 'T'},
		{0x1d1c, 'U'},
	};
	/* Scripts of which most capitals are drawn so, letter by letter. */
	static const struct {
		const char *foreign, *latin;
	} scripts[] = {
		{"ᎪᏴᏟᎠᎬᏀᎻᎥᎫᏦᏞᎷᏢᏒᏚᎢᏙᎳᏃ", "ABCDEGHIJKLMPRSTVWZ"},		    /* Cherokee */
		{"ꓮꓐꓚꓓꓰꓝꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ", "ABCDEFGHIJKLMNOPRSTUVWXYZ"}, /* Lisu */
		{"ⲀⲂⲤⲈⲎⲒⲔⲘⲚⲞⲢⲦⲨⲬ", "ABCEHIKMNOPTYX"},			    /* Coptic */
	};
	/* Alphabets of white letters in black circles and squares, and of regional indicators. */
	static const gunichar pictures[] = {0x1f150, 0x1f170, 0x1f1e6};

	for (guint i = 0; i < G_N_ELEMENTS(alike); i++)
		if (alike[i].foreign == c)
			return (gunichar)alike[i].latin;
	for (guint i = 0; i < G_N_ELEMENTS(scripts); i++) {
		const char *at = g_utf8_strchr(scripts[i].foreign, -1, c);

		if (at != NULL)
			return (gunichar)scripts[i]
				.latin[g_utf8_pointer_to_offset(scripts[i].foreign, at)];
	}
	for (guint i = 0; i < G_N_ELEMENTS(pictures); i++)
		if (c >= pictures[i] && c < pictures[i] + 26)
			return 'A' + c - pictures[i];
	return c;
}

gboolean text_is_invisible(gunichar c)
{
	/* Fillers that Unicode classes as letters or symbols. */
	static const gunichar fillers[] = {
		0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0};
	GUnicodeType type = g_unichar_type(c);

	for (guint i = 0; i < G_N_ELEMENTS(fillers); i++)
		if (fillers[i] == c)
			return TRUE;
	return g_unichar_iszerowidth(c) || type == G_UNICODE_FORMAT || type == G_UNICODE_CONTROL ||
	       type == G_UNICODE_UNASSIGNED || type == G_UNICODE_SURROGATE;
}

char *text_shorten(const char *text, gsize max_bytes)
{
	static const char more[] = "...";
	gsize size = strlen(text), cut = max_bytes - strlen(more), word;

	if (size <= max_bytes)
		return g_strdup(text);
	while (cut > 0 && (text[cut] & 0xc0) == 0x80)
		cut--;
	for (word = cut; word > 0 && text[word] != ' ';)
		word--;
	if (word > 0 && word * 2 >= cut)
		cut = word;
	return g_strdup_printf("%.*s%s", (int)cut, text, more);
}

char *text_begin(const char *text, glong max_chars)
{
	return text != NULL ? g_utf8_substring(text, 0, MIN(max_chars, g_utf8_strlen(text, -1)))
			    : g_strdup("");
}

char *text_fold(const char *text)
{
	g_autofree char *decomposed = g_utf8_normalize(text, -1, G_NORMALIZE_ALL);
	g_autoptr(GString) folded = g_string_new(NULL);

	for (const char *at = decomposed; at != NULL && *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (g_unichar_ismark(c) || (text_is_invisible(c) && !g_unichar_isspace(c)))
			continue;
		if (!g_unichar_isspace(c))
			g_string_append_unichar(folded, to_latin(g_unichar_toupper(c)));
		else if (folded->len > 0 && folded->str[folded->len - 1] != ' ')
			g_string_append_c(folded, ' ');
	}
	return g_strdup(folded->str);
}

gboolean text_shows(const char *text)
{
	g_autofree char *shown = text_fold(text);

	return *shown != '\0';
}
