/* What proof_check.c and proof_content.c share of one check. */
#ifndef ACUSE_PROVISION_PROOF_PARTS_H
#define ACUSE_PROVISION_PROOF_PARTS_H

#include "core/merkle.h"
#include "provision/bundle_format.h"

typedef struct {
	GHashTable *files; /* name -> GBytes; what was covered is taken out */
	GPtrArray *leaves; /* BundleLeaf *, by index */
	const char *trust; /* PEM file or folder of them; NULL: nobody is */
	GPtrArray *lines;
	const char *manifest; /* as it has to be */
	gboolean same_zip;    /* the zip is the one that belongs to the files */
	guint64 size;	      /* of the tree under the signed head */
	gint64 time_s;	      /* of that head: certificates have to be good then */
	MerkleHash root;
	char *seal; /* subject of who signed the head */
} ProofCheck;

/* Sets DAMAGED and returns FALSE. */
gboolean proof_damaged(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* One more line of the report. */
void proof_say(ProofCheck *check, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Takes a file out; NULL with DAMAGED when it is not there. */
GBytes *proof_take(ProofCheck *check, const char *name, GError **error);

/* Message, reports, constancia; the copy of a recipient, if any. */
gboolean proof_check_content(ProofCheck *check, const char *received_eml, GError **error);

#endif
