/* One POST to a server of somebody else's. */
#ifndef ACUSE_API_WEBHOOK_H
#define ACUSE_API_WEBHOOK_H

#include <glib.h>

typedef struct {
	const char *url;	   /* http or https */
	const char *const *fields; /* "Name: value", NULL-terminated */
	GBytes *body;
	const char *certificate, *certificate_key, *ca; /* PEM files; each may be NULL */
	guint timeout_ms;				/* for all of it */
} WebhookPost;

/*
 * TRUE: answered with 2xx. No redirection is followed: what is behind it was not trusted. FALSE
 * with ACUSE_ERROR_INVALID when the server says that this very body will never do (400, 413, 415,
 * 422), else ACUSE_ERROR_UNAVAILABLE: no answer, 401, 403, 3xx, 5xx, ... may all be mended there.
 * Any thread; blocks.
 */
gboolean webhook_post(const WebhookPost *post, GError **error);

#endif
