/*
 * PUT /v1/blobs/{sha256}: bytes that a record is going to name, put into the message store first
 * (blobs.h). Repeats are harmless. Fails with INVALID (the digest is another) or NO_SPACE; any
 * thread.
 */
#include "base/error.h"
#include "provision/service.h"

static gboolean put_blob(const ApiRequest *request, ApiResponse *response, GError **error)
{
	if (request->raw == NULL) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "no bytes");
		return FALSE;
	}
	if (!blobs_put(request->service->blobs, request->arguments[0], request->raw, error))
		return FALSE;
	response->status = 201;
	response->json = json_object();
	return TRUE;
}

const Route routes_blobs[] = {
	{"PUT", "/v1/blobs/{sha256}",
		ROLE_OUTGOING | ROLE_EVIDENCE | ROLE_OTIC | ROLE_TRAMITE | ROLE_HEAD, TRUE,
		put_blob},
	{NULL, NULL, 0, FALSE, NULL},
};
