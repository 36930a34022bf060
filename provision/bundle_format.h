/*
 * What the maker of a proof bundle and its check share: names, limits, fixed texts, and the summary
 * (send.json), which is computed from leaves and openings alone, so that it can state nothing of
 * its own. Pure.
 */
#ifndef ACUSE_PROVISION_BUNDLE_FORMAT_H
#define ACUSE_PROVISION_BUNDLE_FORMAT_H

#include <glib.h>
#include <jansson.h>

#include "core/send.h"

#define BUNDLE_MIMETYPE "application/vnd.etsi.asic-e+zip"
#define BUNDLE_EVENT "event" /* type of the leaf of what came back */
#define BUNDLE_MAX_FILES 20000
#define BUNDLE_MAX_BYTES (512u * 1024 * 1024) /* of all files together, unpacked */

typedef struct {
	guint64 index;
	json_t *leaf;	    /* owned */
	json_t *opening;    /* owned; NULL: none, purged, or another recipient's */
	char *text;	    /* the leaf's exact bytes */
	char *opening_text; /* NULL as opening */
} BundleLeaf;

BundleLeaf *bundle_leaf_new(guint64 index, const char *leaf, const char *opening, GError **error);
void bundle_leaf_free(BundleLeaf *leaf);

/* A field's text, opened when it is personal; NULL: absent, or its opening is. */
const char *bundle_leaf_text(const BundleLeaf *leaf, const char *name);
gint64 bundle_leaf_time_s(const BundleLeaf *leaf); /* 0: it has none */
/* The first leaf of that type, or NULL. leaves: BundleLeaf *, by index. */
const BundleLeaf *bundle_find(const GPtrArray *leaves, const char *type);

/* What a leaf does to a delivery: FALSE when nothing. *recipient: borrowed, NULL when it is not
 * open.
 */
gboolean bundle_leaf_event(const BundleLeaf *leaf, const char **recipient, DeliveryState *event);
/* Whether all that the leaf commits to is open. */
gboolean bundle_leaf_is_open(const BundleLeaf *leaf);
/* The recipient that it speaks of, or NULL. */
const char *bundle_leaf_recipient(const BundleLeaf *leaf);

/*
 * Digests of the original reports that belong into the bundle, each once, borrowed: those of which
 * every leaf that names them is open and, where a recipient is not shown, speaks of one who is.
 */
GPtrArray *bundle_reports(const GPtrArray *leaves);

/* The exact text of send.json. */
char *bundle_summary(const GPtrArray *leaves);
/* The text of LEEME.txt. */
const char *bundle_readme(void);

#endif
