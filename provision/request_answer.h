/* The answer to a FORM-01 goes back by the way it came (A1, DI-002 art. 2.2, 2.3). */
#ifndef ACUSE_PROVISION_REQUEST_ANSWER_H
#define ACUSE_PROVISION_REQUEST_ANSWER_H

#include "provision/request_step.h"

/* Inside the change of a step: a notice to the head who signed, or to [notices] tramite when it
 * came on paper; and to the case-file system by [tramite]'s ways, which is where a form comes from.
 * change->row is as it will be saved. */
gboolean request_answer(StoreTxn *txn, const RequestChange *change, GError **error);

#endif
