/* FORM-01 on paper (DI-002, Anexo 1): what was filed, to be printed and signed by the head. */
#ifndef ACUSE_PROVISION_REQUEST_PAGE_H
#define ACUSE_PROVISION_REQUEST_PAGE_H

#include "provision/service.h"

/* GET /v1/requests/{id}/form.pdf: A4; the same bytes as long as what it says is the same. */
gboolean request_page(const ApiRequest *request, ApiResponse *response, GError **error);

#endif
