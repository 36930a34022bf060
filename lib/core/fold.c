/* fold.h over GLib's Unicode tables. Pure; never fails. */
#include "core/fold.h"

char *text_fold(const char *text)
{
	g_autofree char *decomposed = g_utf8_normalize(text, -1, G_NORMALIZE_ALL);
	g_autoptr(GString) folded = g_string_new(NULL);

	for (const char *at = decomposed; at != NULL && *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (g_unichar_ismark(c) || g_unichar_type(c) == G_UNICODE_FORMAT)
			continue;
		if (!g_unichar_isspace(c))
			g_string_append_unichar(folded, g_unichar_toupper(c));
		else if (folded->len > 0 && folded->str[folded->len - 1] != ' ')
			g_string_append_c(folded, ' ');
	}
	return g_strdup(folded->str);
}
