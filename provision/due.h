/*
 * What is to be done on a day to come: ends, beginnings, reminders. Ordered in a change together
 * with its record, carried out on that day in the institution's time zone, or at the next start.
 * TABLE_INDEX "due/DATE/KIND/SUBJECT" -> its body (JSON), "due-of/KIND/SUBJECT" -> DATE.
 */
#ifndef ACUSE_PROVISION_DUE_H
#define ACUSE_PROVISION_DUE_H

#include "provision/service.h"

typedef struct {
	const char *kind;
	/* May be done twice. FALSE: tried again at the next look. */
	gboolean (*carry_out)(
		Service *service, const char *subject, const json_t *body, GError **error);
} DueKind;

extern const DueKind due_kinds_people[]; /* ends with kind NULL */

/*
 * Inside a change: orders it for that day in place of what stood under kind and subject. The words
 * have no slash.
 */
gboolean due_set(StoreTxn *txn, const char *kind, const char *subject, const char *date,
	const json_t *body, GError **error);
/* At a start: orders it for today, with no body, when nothing stands under kind and subject. */
gboolean due_arm(Service *service, const char *kind, const char *subject, GError **error);
/* Inside a change: orders it for tomorrow, with no body, as what is due daily does of itself. */
gboolean due_set_tomorrow(StoreTxn *txn, const Service *service, const char *kind,
	const char *subject, GError **error);
/* Inside a change: takes it back; TRUE also when there is none. */
gboolean due_clear(StoreTxn *txn, const char *kind, const char *subject, GError **error);

/* Carries out what is due. How many were done. */
guint due_run(Service *service, const DueKind *const *tables);

/* A thread that does so every few seconds. Over the tables that routes.c lists. */
typedef struct _Due Due;
Due *due_start(Service *service, GError **error);
Due *due_start_with(Service *service, const DueKind *const *tables, GError **error);
void due_stop(Due *due);

#endif
