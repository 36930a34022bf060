/* Texts that people write one way and another, made comparable. */
#ifndef ACUSE_CORE_FOLD_H
#define ACUSE_CORE_FOLD_H

#include <glib.h>

/* Case, accents, invisible characters and runs of blanks put aside, letters of other scripts that
 * look like Latin ones taken for these: "Notificación  N°" ->
 * "NOTIFICACION NO". A new string, "" when the text is not UTF-8. */
char *text_fold(const char *text);

/*
 * The text in at most max_bytes (4 or more): when it is longer, cut behind a word, "..." at its
 * end. A word that takes more than half of it is cut inside, never inside a character. A new
 * string.
 */
char *text_shorten(const char *text, gsize max_bytes);

/* The first characters of valid UTF-8, at most so many; NULL has none. A new string. */
char *text_begin(const char *text, glong max_chars);

/* Fillers, marks of direction and other characters that show nothing; blanks are not among them. */
gboolean text_is_invisible(gunichar c);

/* Whether something of the text can be seen: not blanks, fillers and lone accents alone. */
gboolean text_shows(const char *text);

#endif
