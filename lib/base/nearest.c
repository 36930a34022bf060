/* nearest.h: the distance of Damerau and Levenshtein, over bytes. Pure; never fails. */
#include "base/nearest.h"

#include <string.h>

static guint distance(const char *a, gsize a_size, const char *b, gsize b_size)
{
	guint rows[3][NEAREST_MAX_BYTES + 1];
	guint *before = rows[0], *last = rows[1], *now = rows[2];

	for (gsize j = 0; j <= b_size; j++)
		last[j] = (guint)j;
	for (gsize i = 1; i <= a_size; i++) {
		guint *free_row = before;

		now[0] = (guint)i;
		for (gsize j = 1; j <= b_size; j++) {
			char x = g_ascii_tolower(a[i - 1]), y = g_ascii_tolower(b[j - 1]);

			now[j] = MIN(MIN(last[j], now[j - 1]) + 1, last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) &&
				y == g_ascii_tolower(a[i - 2]))
				now[j] = MIN(now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = free_row;
	}
	return last[b_size];
}

void nearest_offer(Nearest *nearest, const char *candidate)
{
	gsize size = strlen(nearest->word), other = strlen(candidate);
	guint found;

	if (size > NEAREST_MAX_BYTES || other > NEAREST_MAX_BYTES)
		return;
	found = distance(nearest->word, size, candidate, other);
	if (found > MAX(2, other / 3) || found >= other ||
		(nearest->best != NULL && found >= nearest->distance))
		return;
	nearest->best = candidate;
	nearest->distance = found;
}
