/* Translatable text for people. The source strings are the Spanish ones; po/ holds the others. */
#ifndef ACUSE_BASE_TEXT_H
#define ACUSE_BASE_TEXT_H

#include <libintl.h>

#define _(text) dgettext("acuse", text)
#define N_(text) (text)

#endif
