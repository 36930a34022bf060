/*
 * Mails of the gateway to people of the institution: what was found in a mail of theirs (P13), what
 * the OTIC has to know. A notice is committed with the record that gives cause for it, waits in the
 * outbox, and is handed to the smtpd of [notices] smtp. It goes out at least once: the same notice
 * has the same Message-ID every time.
 */
#ifndef ACUSE_PROVISION_NOTICES_H
#define ACUSE_PROVISION_NOTICES_H

#include "provision/outbox.h"

/* What a kind of notice says, of the facts it was queued with: one row of notices.c's table. */
typedef struct {
	const char *kind; /* "policy-warning"; never renamed, entries of it may wait */
	/* A new string, Spanish. */
	char *(*subject)(const json_t *facts);
	/* Appends the text, Spanish, LF lines; greeting and end are added. No content of a mail
	 * beyond subject and date. */
	void (*text)(const json_t *facts, GString *text);
	/*
	 * Adds what goes with it, in time of carrying it out: notice_attach(). FALSE: tried again
	 * later, as the error says. NULL: nothing.
	 */
	gboolean (*attach)(
		Service *service, const json_t *facts, GArray *attachments, GError **error);
} NoticeKind;

/* Takes the bytes; the name is ASCII letters, digits, "-_.", the type static. */
void notice_attach(GArray *attachments, const char *name, const char *type, GBytes *bytes);

/* send_limits.c has the second, people_notices.c those of the next line. */
extern const NoticeKind notice_policy_warning, notice_over_limit;
/* outcome_notices.c */
extern const NoticeKind notice_notified, notice_failed, notice_by_cedula, notice_late,
	notice_corrected, notice_read;
extern const NoticeKind notice_ledger_head;	/* witnesses.c */
extern const NoticeKind notice_ledger_restored; /* restore.c */
extern const NoticeKind notice_office_left, notice_password_expiry, notice_account_ending,
	notice_request;
extern const NoticeKind notice_incoming_overdue;       /* incoming_term.c */
extern const NoticeKind notice_held, notice_hold_over; /* send_hold.c */
/* token_notices.c */
extern const NoticeKind notice_token_lost, notice_token_return, notice_token_expiry,
	notice_token_certificate, notice_token_trouble, notice_token_count;

/*
 * Inside a change: queues a notice of this kind to an address of the institution. facts is not
 * consumed. A kind that is not in the table is an error of the caller: INTERNAL.
 */
gboolean notice_add(StoreTxn *txn, const char *to, const char *kind, const json_t *facts,
	gint64 now_s, GError **error);

/*
 * Inside a change: one notice to who sent it, with every finding of the send in mode warn; nothing
 * when there is none, or the mail is itself about a notice. domain: the institution's, for a login
 * without one.
 */
gboolean notice_add_warnings(
	StoreTxn *txn, const json_t *send, const char *domain, gint64 now_s, GError **error);

/* The address of who has this login; a new string. */
char *notice_address(const char *login, const char *domain);

#endif
