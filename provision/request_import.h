/* Many FORM-01 at once (POST /v1/requests/import): shown first, and filed all or none. */
#ifndef ACUSE_PROVISION_REQUEST_IMPORT_H
#define ACUSE_PROVISION_REQUEST_IMPORT_H

#include "provision/service.h"

/* {"rows":[{"line", form}],"apply":bool|absent} -> {"items":[...],"applied":bool} */
gboolean request_import(const ApiRequest *request, ApiResponse *response, GError **error);

/* A form as it would be filed, checked against directory, documents and clock: a new reference, or
 * NULL with what keeps it from being filed (requests.c). */
json_t *request_prepare(const ApiRequest *request, const json_t *body, GError **error);

#endif
