/*
 * What goes to the case-file system (D6): the constancia as PDF and PNG and the proof bundle, with
 * a manifest, when a send comes to something; and the answer to a FORM-01 (A1), likewise. By a
 * folder (tramite_folder.c), a webhook (tramite_webhook.c), or both; each waits for itself alone,
 * at least once, as long as it takes.
 */
#ifndef ACUSE_PROVISION_TRAMITE_H
#define ACUSE_PROVISION_TRAMITE_H

#include "core/outcome.h"
#include "provision/outbox.h"

typedef struct {
	const char *send_id, *recipient;
	guint n_leaves; /* of the send at that moment */
	DeliveryOutcome outcome;
	gint64 time_s;
} TramiteItem;

/* Inside a change: queues the item for each way that is set. */
gboolean tramite_add(
	StoreTxn *txn, const Settings *settings, const TramiteItem *item, GError **error);

typedef struct {
	const char *request_id;
	const char *tramite; /* the number it came with, or NULL */
	const char *state, *subject, *text;
	const char *reasons, *account; /* or NULL */
	gint64 time_s;
} TramiteAnswer;

/* The same for the answer to a FORM-01. */
gboolean tramite_add_answer(
	StoreTxn *txn, const Settings *settings, const TramiteAnswer *answer, GError **error);

#define TRAMITE_FILES 4 /* at most */

typedef struct {
	char *key;    /* the same for the same item: letters, digits, "-" */
	char *folder; /* "2026/2026-001234": safe as a path, whatever the expediente is */
	struct {
		const char *name, *type;
		GBytes *bytes;
	} files[TRAMITE_FILES]; /* manifest.json is the first */
	guint n_files;
} TramiteParcel;

/*
 * The files of an entry's body, the same bytes every time. NULL with error: what the bundle needs
 * is not there now (retryable: seal locked, ...) or not any more.
 */
TramiteParcel *tramite_parcel_new(Service *service, const json_t *body, GError **error);
void tramite_parcel_free(TramiteParcel *parcel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TramiteParcel, tramite_parcel_free)

/*
 * "YEAR/EXPEDIENTE" of an expediente and a day YYYY-MM-DD: bytes other than letters, digits, "-",
 * "_" and "." inside are written %XX, so two expedientes never share a folder; a long one ends in
 * its digest. NULL: "SIN-EXPEDIENTE". A new string.
 */
char *tramite_folder_of(const char *expediente, const char *day);

#endif
