/* The known word that was probably meant. */
#ifndef ACUSE_BASE_NEAREST_H
#define ACUSE_BASE_NEAREST_H

#include <glib.h>

/* Longer words are near to none. */
#define NEAREST_MAX_BYTES 64

typedef struct {
	const char *word; /* what is looked for */
	const char *best; /* nearest so far, or NULL; belongs to the caller */
	guint distance;	  /* its distance */
} Nearest;

/* Offers one candidate: letters left out, added, changed or swapped count one each, case none. A
 * candidate of which more than a third (and more than two) would change is not near. */
void nearest_offer(Nearest *nearest, const char *candidate);

#endif
