/*
 * What waits for one token: a line for each sender, served in turn, so that who sends two hundred
 * mails at once does not keep out who sends one. When it is full, the newest of the sender who has
 * most gives way to one who has less. Pure; no thread of its own.
 */
#ifndef ACUSE_SIGNER_FAIR_QUEUE_H
#define ACUSE_SIGNER_FAIR_QUEUE_H

#include <glib.h>

typedef struct _FairQueue FairQueue;

/* max_length: 1 or more. */
FairQueue *fair_queue_new(guint max_length);
/* What still waits is the caller's. */
void fair_queue_free(FairQueue *queue);

guint fair_queue_length(const FairQueue *queue);
/* How many would be served before one more of this sender. */
guint fair_queue_before(const FairQueue *queue, const char *sender);

/*
 * Puts the item behind the others of its sender. FALSE: full, and nobody has more waiting than this
 * sender. *displaced: what gave way, NULL: nothing.
 */
gboolean fair_queue_push(FairQueue *queue, const char *sender, gpointer item, gpointer *displaced);
/* It is served next; full or not. */
void fair_queue_push_first(FairQueue *queue, const char *sender, gpointer item);
/* NULL: empty. */
gpointer fair_queue_pop(FairQueue *queue);
/* The first that is wanted, out of its turn; NULL: none. */
gpointer fair_queue_take(
	FairQueue *queue, gboolean (*wanted)(gconstpointer item, gpointer data), gpointer data);
/* FALSE: it does not wait. */
gboolean fair_queue_remove(FairQueue *queue, const char *sender, gpointer item);

#endif
