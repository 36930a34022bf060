/* People who were in the directory before Acuse, and are accounts of it from then on. */
#ifndef ACUSE_PROVISION_ADOPTION_H
#define ACUSE_PROVISION_ADOPTION_H

#include "provision/service.h"

/* TABLE_INDEX: of each that was adopted, {"uid","dni","paternal_surname","maternal_surname"}. */
#define ADOPTED_PREFIX "adopted/"

/* POST /v1/accounts/adopt: {"document","rows":[...],"dry_run":bool|absent} */
gboolean accounts_adopt(const ApiRequest *request, ApiResponse *response, GError **error);

/* What the outbox carries out: a row of the index above. */
gboolean account_adopt(Service *service, const json_t *body, GError **error);

#endif
