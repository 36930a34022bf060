/*
 * How a send stood after so many of its leaves, for one recipient, under one signed head: what a
 * constancia and a bundle are made of. The head of a point is chosen once and kept, so the same
 * point gives the same constancia, however often it is asked for.
 */
#ifndef ACUSE_PROVISION_PROOF_POINT_H
#define ACUSE_PROVISION_PROOF_POINT_H

#include "provision/service.h"

typedef struct {
	char *send_id;
	json_t *send;	   /* the row, as it is now */
	GPtrArray *leaves; /* BundleLeaf *, by index; those of other recipients are not open */
	guint n_leaves;	   /* of the send, at that point */
	char *recipient;   /* NULL: all of them */
	guint number;	   /* of the recipient in the send, from 1; 0: all of them */
	char *head;	   /* exact text */
	GBytes *head_cms;
	GBytes *head_tsr;	       /* RFC 3161 answer; NULL: none */
	char *head_certificate_sha256; /* NULL: the signer did not tell */
	char *head_root;
	guint64 head_size;
	gint64 head_time_s;
} ProofPoint;

/*
 * recipient NULL: the only one of a send that has one, else all of them. n_leaves 0: as it is now.
 * NULL with NOT_FOUND (send, recipient), DAMAGED, the store's error, or why the head could not be
 * signed (UNAVAILABLE, TOKEN_LOCKED, NO_BINDING, ...). Any thread.
 */
ProofPoint *proof_point_new(Service *service, const char *send_id, const char *recipient,
	guint n_leaves, GError **error);
void proof_point_free(ProofPoint *point);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProofPoint, proof_point_free)

#endif
