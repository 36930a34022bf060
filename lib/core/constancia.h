/*
 * The constancia of a send to one recipient (D6): from what is on record to the lines of a page,
 * in Spanish. It says what is proved and what is not (FACTS 32-37), and knows of no other
 * recipient. The text is the institution's act, so it is not translated.
 */
#ifndef ACUSE_CORE_CONSTANCIA_H
#define ACUSE_CORE_CONSTANCIA_H

#include <glib.h>

#include "core/outcome.h"

#define CONSTANCIA_MAX_TEXT 1500 /* characters of one field; the rest is told by an ellipsis */
#define CONSTANCIA_MAX_EVENTS 40 /* of what happened, the last ones; the rest is counted */

typedef struct {
	gint64 time_s;
	const char *event; /* "released", or a delivery state's name */
	gboolean counts;
	const char *trust;	/* trust_name(); NULL: our own doing */
	const char *diagnostic; /* the remote server's words; may be NULL */
} ConstanciaEvent;

/* Borrowed texts in UTF-8; what is not known is NULL, times that are not are 0. */
typedef struct {
	const char *institution, *domain, *legal_ground;
	GTimeZone *zone;
	const char *zone_name;
	gboolean notification;
	DeliveryState state, notified_by;

	const char *id, *mailbox, *login, *recipient;
	const char *subject, *document_type, *document_number, *expediente, *message_date;
	gint64 recorded_s;
	GArray *events; /* ConstanciaEvent, in the order they came; owned by the caller */

	const char *term_from, *term_until; /* days; NULL: no term */
	gboolean outside_hours;

	const char *message_sha256, *size, *entity_sha256, *certificate_sha256;
	const char *leaves; /* "3, 4, 9" */
	guint64 head_size;
	const char *head_root, *head_sha256, *head_certificate_sha256;
	gint64 head_time_s;
} ConstanciaFacts;

typedef enum {
	CONSTANCIA_TITLE,
	CONSTANCIA_SECTION,
	CONSTANCIA_FIELD,     /* label and text */
	CONSTANCIA_CODE,      /* the same; text is a digest */
	CONSTANCIA_PARAGRAPH, /* text alone */
	CONSTANCIA_SIGNATURE  /* room for a signature by hand, with a line above the text */
} ConstanciaLineKind;

typedef struct {
	ConstanciaLineKind kind;
	char *label, *text; /* label may be NULL */
} ConstanciaLine;

typedef struct {
	char *institution;
	GPtrArray *lines; /* ConstanciaLine * */
	char *qr;	  /* NULL: none; ASCII lines "name=value": what to verify with */
	char *footer;
	gint64 time_s; /* of the head: the date of the page */
} Constancia;

/* A page without lines, code and time, for another paper than a constancia; the texts are copied.
 */
Constancia *constancia_page_new(const char *institution, const char *footer);
/* Adds a line of text, cleaned as the others are. NULL or empty: a line for it, without text. */
void constancia_page_add(
	Constancia *page, ConstanciaLineKind kind, const char *label, const char *text);

/* Never fails. The same facts give the same text. */
Constancia *constancia_new(const ConstanciaFacts *facts);
void constancia_free(Constancia *constancia);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Constancia, constancia_free)

/* The whole text, one line each, for reading without the page; a new string. */
char *constancia_to_text(const Constancia *constancia);

#endif
