/*
 * One step in the life of a FORM-01: the table of request_life.h carried out on its row, with its
 * record and its outbox entry, in one change.
 */
#ifndef ACUSE_PROVISION_REQUEST_STEP_H
#define ACUSE_PROVISION_REQUEST_STEP_H

#include "provision/request_life.h"
#include "provision/service.h"

typedef struct {
	const ApiRequest *request;
	RequestEvent event; /* REQUEST_AMEND becomes REQUEST_COMPLETE when nothing is missing */
	const char *id;
	const char *reasons;  /* of observe, deny, cancel; or NULL */
	const json_t *brings; /* what an amendment sets in the row; NULL: nothing */
	const char *receipt;  /* the cargo of a delivery, or NULL */
	const char *uid;      /* of the account that there is already, or NULL */
	json_t *row;	      /* result, owned by the caller */
	guint64 number;	      /* of the outbox entry; 0: none */
} RequestChange;

/* Inside a change: files change->row; its id, state and time are added. */
gboolean request_step_file_within(StoreTxn *txn, RequestChange *change, GError **error);
/* Files change->row; its id, state and time are added. FALSE frees the row. */
gboolean request_step_file(RequestChange *change, GError **error);

/* Takes the step; change->row is then as it was saved. CONFLICT, FORBIDDEN, NOT_FOUND, or the
 * store's error. */
gboolean request_step_take(RequestChange *change, GError **error);

/* Whether the table lets this caller do it now; CONFLICT or FORBIDDEN. */
gboolean request_step_check(
	const ApiRequest *request, const json_t *row, RequestEvent event, GError **error);

/* The row as it is, a new reference; NULL with NOT_FOUND, also for a head who did not file it. */
json_t *request_row_read(const ApiRequest *request, const char *id, GError **error);

RequestState request_row_state(const json_t *row);

/* As the API shows it; a new reference. */
json_t *request_row_show(const json_t *row);

#endif
