/* Enumerations as the words that stand for them in records, the API and the directory. Pure. */
#ifndef ACUSE_CORE_WORDS_H
#define ACUSE_CORE_WORDS_H

#include <glib.h>

/* Where the word stands among `count` words, or -1. A NULL word stands nowhere. */
int word_index(const char *const *words, guint count, const char *word);

#endif
