/*
 * What the decisions of outgoing.c and evidence.c use of the world: the directory's copy, the API,
 * the signer, clock and randomness. Function pointers, so that a test can make each of them fail;
 * services_new gives the real ones.
 */
#ifndef ACUSE_MILTER_SERVICES_H
#define ACUSE_MILTER_SERVICES_H

#include <glib.h>
#include <jansson.h>

#include "core/account.h"
#include "milter/options.h"

typedef struct {
	const MilterOptions *options;
	gpointer data; /* first argument of the functions below */
	gint64 (*directory_age_s)(gpointer data);
	/* A copy, or NULL. */
	Account *(*account_by_uid)(gpointer data, const char *uid);
	Account *(*account_by_mail)(gpointer data, const char *mail);
	/* api/client.h, bounded by timeout_ms; message NULL: none follows the body. */
	json_t *(*call)(gpointer data, guint timeout_ms, const char *method, const char *path,
		const json_t *body, GBytes *message, GError **error);
	gboolean (*put_blob)(
		gpointer data, guint timeout_ms, const char *sha256, GBytes *bytes, GError **error);
	/* The CMS (DER) over the entity and the digest of its certificate (a new string). */
	GBytes *(*sign)(gpointer data, guint timeout_ms, const char *permit, GBytes *entity,
		char **certificate_sha256, GError **error);
	gint64 (*now_s)(gpointer data);
	gint64 (*monotonic_ms)(gpointer data);
	gint64 (*cpu_ms)(gpointer data); /* processor time of the calling thread */
} Services;

/* options must outlive it. The evidence instance uses no directory. NULL with error. */
Services *services_new(
	const Settings *settings, const MilterOptions *options, Instance instance, GError **error);
void services_free(Services *services);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Services, services_free)

/* What a message may take: a point on the monotonic clock by which everything must be done, and
 * one on that of its thread's processor time. */
typedef struct {
	const Services *services;
	gint64 end_ms, cpu_end_ms;
} Deadline;

/* Of a client: [milter] client_wait_ms. */
Deadline deadline_start(const Services *services);
Deadline deadline_start_for(const Services *services, guint wait_ms);
/* What is left; 0 with ACUSE_ERROR_TIMEOUT when nothing is. */
guint deadline_left_ms(const Deadline *deadline, GError **error);
/* Between two steps of the work, before anything is recorded: FALSE with ACUSE_ERROR_TIMEOUT, or
 * with ACUSE_ERROR_TOO_SLOW when it is the message itself that costs too much. */
gboolean deadline_allows(const Deadline *deadline, GError **error);

#endif
