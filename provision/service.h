/*
 * What the parts of provisiond share: settings, store, blobs, the live directory, and how a call
 * of the API looks. Each part (sends, events, requests, offices, people, tokens, expedientes,
 * ledger, self) is one file that exports a table of routes; routes.c lists them. libmicrohttpd is
 * known to http.c only, Berkeley DB to store_bdb.c only.
 */
#ifndef ACUSE_PROVISION_SERVICE_H
#define ACUSE_PROVISION_SERVICE_H

#include <glib.h>
#include <jansson.h>

#include "base/settings.h"
#include "core/calendar.h"
#include "core/policy.h"
#include "directory/live.h"
#include "provision/blobs.h"
#include "provision/store.h"

/* Roles by peer uid on the Unix socket; ROLE_PUBLIC is anybody, over TLS. A mask. */
typedef enum {
	ROLE_PUBLIC = 1 << 0,
	ROLE_OUTGOING = 1 << 1, /* acuse-milter@outgoing */
	ROLE_EVIDENCE = 1 << 2, /* acuse-milter@evidence */
	ROLE_OTIC = 1 << 3,
	ROLE_HR = 1 << 4,
	ROLE_TRAMITE = 1 << 5,
	ROLE_AUDITOR = 1 << 6,
	ROLE_HEAD = 1 << 7, /* of a unit: files requests and follows the own ones */
} Role;

typedef struct _Outbox Outbox;	       /* provision/outbox.h */
typedef struct _Reconciler Reconciler; /* provision/reconcile.h */

typedef struct {
	const Settings *settings;
	const char *settings_path;    /* of the file they are from */
	const PolicySettings *policy; /* of the same settings */
	const Calendar *calendar;
	Store *store;
	Blobs *blobs;
	LiveDirectory *live;
	GBytes *permit_key;
	Outbox *outbox;
	Reconciler *reconciler; /* NULL: none runs */
	gint64 (*now_s)(void);
} Service;

typedef struct {
	Service *service;
	Role roles;
	const char *actor; /* "uid:1000", the name given behind root, or "public:ADDRESS"; for
			      records */
	const char *method;
	char *const *arguments; /* values of {…} in the route's path, decoded, NULL-terminated */
	const char *(*query)(gpointer http, const char *name); /* NULL: absent */
	gpointer http;
	json_t *body;	 /* parsed JSON object; NULL when none */
	GBytes *raw;	 /* body of a raw route */
	GBytes *message; /* what followed the JSON; NULL: nothing */
} ApiRequest;

typedef struct {
	unsigned status;	  /* 200 by default */
	json_t *json;		  /* owned; or */
	GBytes *bytes;		  /* owned, with */
	const char *content_type; /* static */
	gboolean secret; /* holds a password: never kept for an Idempotency-Key; a repeat is a
			    conflict */
} ApiResponse;

typedef struct {
	const char *method;
	const char *path; /* "/v1/sends/{id}/prepared" */
	int roles;	  /* mask of who may call; default deny */
	gboolean raw;	  /* body is bytes, not JSON */
	/* FALSE with error: answered as a problem document by the error table. Runs in a thread of
	 * its own. */
	gboolean (*handle)(const ApiRequest *request, ApiResponse *response, GError **error);
	gboolean repeatable; /* handle itself gives a repeat its answer again: none is kept for an
				Idempotency-Key */
	gboolean message;    /* a message may follow the JSON (header Acuse-Message-Size) */
} Route;

/* Sets INVALID "NAME: WHY" and returns FALSE. Name the member, never quote its value. */
gboolean api_invalid(GError **error, const char *name, const char *why);

/* Each ends with a row whose method is NULL. */
extern const Route routes_blobs[], routes_sends[], routes_events[], routes_incoming[],
	routes_ledger[], routes_requests[], routes_offices[], routes_people[], routes_accounts[],
	routes_tokens[], routes_expedientes[], routes_notifiers[], routes_aliases[],
	routes_outbox[], routes_exceptions[], routes_self[], routes_health[], routes_metrics[],
	routes_timestamps[], routes_token_afar[];

/*
 * Required string member, within max_chars, without control characters, and of which something can
 * be seen: who looks at a record later reads why it was. INVALID names it otherwise.
 */
const char *api_string(const json_t *body, const char *name, gsize max_chars, GError **error);
/* The same of an optional one: *text NULL when it is absent or null. */
gboolean api_string_optional(
	const json_t *body, const char *name, gsize max_chars, const char **text, GError **error);
/* Whether the member "date" is a day of the calendar, YYYY-MM-DD. */
gboolean api_date(const char *text, GError **error);
/* Today where the institution is, YYYY-MM-DD: a new string. */
char *service_today(const Service *service);
/* Its time zone, UTC when it has none: a new reference. */
GTimeZone *service_zone(const Service *service);
/* So many business days after that time, by its calendar and hours. INVALID: there is no such day.
 */
gboolean service_term(const Service *service, CalendarMatter matter, gint64 time_s, guint days,
	CalendarTerm *term, GError **error);
/* That time there, as g_date_time_format has it: a new string. */
char *service_local(const Service *service, gint64 time_s, const char *format);
/* The day there of that time. */
char *service_day(const Service *service, gint64 time_s);
/*
 * Whether body has no member but the named ones (NULL-terminated); INVALID names the other. A NULL
 * body has none.
 */
gboolean api_known(const json_t *body, GError **error, ...) G_GNUC_NULL_TERMINATED;
/* ?limit= (1..1000, 100 when absent) and ?after= (NULL when absent) of a list. */
gboolean api_page(const ApiRequest *request, guint *limit, const char **after, GError **error);
/* Whether body has a list "rows" of at most that many, and "dry_run" true, false or absent. */
gboolean api_rows(const json_t *body, guint most, GError **error);
/* "a@b.c", lower case, at most 254 characters: a new string, or NULL with INVALID naming `what`. */
char *api_address(const char *text, const char *what, GError **error);

#endif
