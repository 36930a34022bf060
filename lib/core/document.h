/*
 * The official documents that subjects name (Directiva 001-2020 7.5): their types, numbers, and the
 * expediente. "NOTIFICACIÓN N° 012-2026-GM-MPSM Exp. 2026-001234" is a NOTIFICACION of number
 * 012-2026-GM-MPSM. Case, accents and invisible characters are put aside, digits and letters of
 * other scripts that are drawn like a letter taken for it, letters with gaps between them joined.
 */
#ifndef ACUSE_CORE_DOCUMENT_H
#define ACUSE_CORE_DOCUMENT_H

#include <glib.h>

typedef struct _DocumentTypes DocumentTypes;

/*
 * types: "NAME|FORM|FORM", each what a subject may begin with, a form that ends in "N" with its
 * number behind it; notifying: the names, or their first words, of those that make a notification
 * when they go to the outside; a name that is no type is one too, with forms of its own; ordinary:
 * what begins like a document and is none ("CARTA FIANZA"). Never NULL; the lists may be.
 */
DocumentTypes *document_types_new(
	const char *const *types, const char *const *notifying, const char *const *ordinary);
void document_types_free(DocumentTypes *types);

/*
 * The name of the type whose longest form the subject begins with, or a tag of it; tags like
 * "[URGENTE: ...]", "URGENTE:", a number or expediente and marks before it aside. Further on a form
 * is a document only with its number or expediente ("Remito NOTIFICACIÓN N° 12-2026"), unless words
 * before it say that the mail only speaks of it ("Consulta sobre su carta N° 3"). `original`: the
 * mail answers nothing and passes nothing on, so that a "Re:" or "RV:" hides no document. NULL:
 * none. Owned by types.
 */
const char *document_type_find(const DocumentTypes *types, const char *subject, gboolean original);
/* The type that the name of a file says with a number, "CARTA_012-2026-GM.pdf"; NULL: none, or a
 * file of a kind that no document is of, as a sheet. */
const char *document_type_of_file(const DocumentTypes *types, const char *name);
gboolean document_type_notifies(const DocumentTypes *types, const char *name);

/* The number as it is written in the subject, folded: "012-2026-GM-MPSM". NULL: none. The
 * expediente's is not it. */
char *document_number_find(const char *subject, const GRegex *expediente_pattern);

/* Group 1 of the pattern, or NULL. */
char *document_expediente_find(const char *subject, const GRegex *expediente_pattern);

/* Whether the subject names two different ones. */
gboolean document_expedientes_differ(const char *subject, const GRegex *expediente_pattern);

/* F 8.15: the reason of "[URGENTE: REASON]" in the subject, at most DOCUMENT_REASON_MAX_CHARS;
 * NULL: not there, or no reason in it. */
char *document_urgent_reason(const char *subject);
#define DOCUMENT_REASON_MAX_CHARS 200

#endif
