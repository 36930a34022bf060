/* Texts that people write one way and another, made comparable. */
#ifndef ACUSE_CORE_FOLD_H
#define ACUSE_CORE_FOLD_H

#include <glib.h>

/* Case, accents, invisible characters and runs of blanks put aside: "Notificación  N°" ->
 * "NOTIFICACION NO". A new string, "" when the text is not UTF-8. */
char *text_fold(const char *text);

#endif
