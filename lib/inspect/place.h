/* Private to lib/inspect: where in the packed things a look is, shared by inspect.c and apart.c. */
#ifndef ACUSE_INSPECT_PLACE_H
#define ACUSE_INSPECT_PLACE_H

#include "archive/look.h"
#include "core/content.h"
#include "inspect/inspect.h"

typedef struct {
	const InspectOptions *options;
	AttachmentFacts *attachment; /* gets the findings */
	ArchiveBudget *budget;
	const char *path;
	guint depth;	  /* archives and mails that are open */
	GError **trouble; /* where a look that could not be done says so */
} Place;

typedef struct {
	const guint8 *data;
	gsize size;
	gboolean whole;
} Bytes;

/* Looks into what is packed, in this process. */
void place_look_here(const Place *place, Bytes bytes, ContentKind kind);

#endif
