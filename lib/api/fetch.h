/* One question over HTTP to somebody else's server: a responder, a list, a time-stamping authority.
 */
#ifndef ACUSE_API_FETCH_H
#define ACUSE_API_FETCH_H

#include <glib.h>

typedef struct {
	const char *url;	  /* http:// or https:// */
	const char *content_type; /* of body */
	GBytes *body;		  /* NULL: a GET, else a POST */
	gsize max_bytes;	  /* of the answer */
	guint timeout_ms;	  /* for all of it */
} Fetch;

/*
 * The body of a 200. No redirection is followed. INVALID: another scheme; TOO_LARGE; UNAVAILABLE:
 * no answer in time, or another status. Any thread; blocks.
 */
GBytes *http_fetch(const Fetch *fetch, GError **error);

#endif
