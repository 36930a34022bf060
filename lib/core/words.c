/* words.h: a search from the first to the last. No state. */
#include "core/words.h"

#include <string.h>

int word_index(const char *const *words, guint count, const char *word)
{
	for (guint i = 0; word != NULL && i < count; i++)
		if (strcmp(words[i], word) == 0)
			return (int)i;
	return -1;
}
