/*
 * What is to become of a message: the decision of outgoing.c or evidence.c, carried out by apply.c
 * whole or not at all, and said in one log line.
 */
#ifndef ACUSE_MILTER_OUTCOME_H
#define ACUSE_MILTER_OUTCOME_H

#include <glib.h>

#include "mime/message.h"

typedef enum {
	ACTION_ACCEPT,	/* with the changes below, if any */
	ACTION_DISCARD, /* answered 250, goes nowhere */
	ACTION_REPLY,	/* refused with `reply` */
} Action;

typedef struct {
	Action action;
	char *reply; /* "550 5.7.1 text"; ASCII; LF between lines */
	MailMessage
		*final; /* what Postfix shall have (outcome_arrange was called); NULL: as it came */
	gboolean body_changed;	 /* final has another body than came; what came is gone */
	char *sender;		 /* new MAIL FROM without brackets; NULL: unchanged */
	char *sender_parameters; /* of CHGFROM: "ENVID=..."; NULL: none */
	GPtrArray *delete_recipients, *add_recipients; /* char *, without brackets */
	/* For the log. */
	char *send_id;
	const char *class_name; /* static; NULL */
	const char *decision;	/* static word */
	char *detail;		/* English, no content; NULL */
	GPtrArray *warnings;	/* char * */
} Outcome;

Outcome *outcome_new(Action action, const char *decision);
/* Refused with this reply. */
Outcome *outcome_reply(const char *reply, const char *decision, const char *detail);
/* Refused with the reply of the error's row; a row that is no refusal, or is permanent when the
 * fault is ours, becomes 451. */
Outcome *outcome_of_error(const GError *error, gboolean may_be_permanent);
void outcome_free(Outcome *outcome);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outcome, outcome_free)

/*
 * Puts the fields of `final` into the order they will have in Postfix: fields whose name has the
 * same values in `original` stay where they were; of all others every field is deleted and the new
 * ones stand at the end, in the order of `final`. So the recorded bytes are the bytes of Postfix
 * (FACTS 10).
 */
void outcome_arrange(const MailMessage *original, MailMessage *final);
/* Whether all fields of that name are the same, in the same order, in both messages. */
gboolean outcome_fields_equal(const MailMessage *one, const MailMessage *other, const char *name);

/* 451: the copy of the directory is too old, or there is none. */
Outcome *outcome_stale_directory(void);

#endif
