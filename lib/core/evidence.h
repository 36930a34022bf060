/*
 * Evidence: facts of one report or answer, and the judgement of what it proves about which
 * recipient of which send. Pure, so that evidence can be judged again later. D2, D4, D10; FACTS 5,
 * 8, 13-15.
 */
#ifndef ACUSE_CORE_EVIDENCE_H
#define ACUSE_CORE_EVIDENCE_H

#include "core/facts.h"
#include "core/send.h"

typedef enum {
	REPORT_NONE,	  /* none of the others: ordinary mail that answers nothing of ours */
	REPORT_DSN,	  /* RFC 3464 */
	REPORT_MDN,	  /* RFC 8098 */
	REPORT_ANSWER,	  /* a person's reply */
	REPORT_AUTOMATIC, /* RFC 3834: vacation and the like; never counts */
} ReportKind;

const char *report_kind_name(ReportKind kind); /* "none" "dsn" "mdn" "answer" "automatic" */
gboolean report_kind_parse(const char *word, ReportKind *kind);

typedef struct {
	char *final_recipient;	  /* address without its type; NULL when absent */
	char *original_recipient; /* NULL when absent */
	char *action;	  /* lower case: "relayed" "delivered" "expanded" "delayed" "failed" */
	char *status;	  /* "2.0.0" */
	char *diagnostic; /* the remote server's reply */
	char *remote_mta;
} ReportRecipient;

typedef struct {
	ReportKind kind;
	Stream stream;
	char *client_address;
	char *queue_id;		      /* of the report's own transaction */
	char *token;		      /* from a recipient acuse+TOKEN@, MAC already checked; NULL */
	char *envelope_sender;	      /* "" for the null sender */
	char *from;		      /* the only From address; NULL */
	char *authentication_results; /* the values of our own authserv-id's fields, joined by LF;
					 NULL */
	char *message_id;	      /* of the report itself; NULL */
	char *date;		      /* NULL */
	char *written;		      /* the same, RFC 3339 in UTC; NULL when it cannot be read */
	char *addressed; /* tokens of acuse+TOKEN@ in To and Cc, joined by blanks; NULL: none */
	char *envid;	 /* Original-Envelope-Id, decoded; NULL */
	char *postfix_queue_id;	   /* X-Postfix-Queue-ID; NULL */
	char *reporting_mta;	   /* NULL */
	char *original_message_id; /* MDN field, or Message-ID of the returned headers; NULL */
	char **references;	   /* In-Reply-To and References ids, no brackets; may be NULL */
	char *disposition;	   /* MDN: "displayed" "deleted" ...; NULL */
	GPtrArray *recipients;	   /* ReportRecipient * */
	char *original_sha256;	   /* blob with the report's exact bytes */
} ReportFacts;

ReportFacts *report_facts_new(void);
ReportRecipient *report_recipient_new(void);
void report_recipient_free(ReportRecipient *recipient);
void report_facts_free(ReportFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReportFacts, report_facts_free)

/* What is on record of the candidate send. */
typedef struct {
	char *send_id, *token, *message_id;
	char **queue_ids;  /* every recorded attempt */
	char **recipients; /* recorded envelope recipients */
	gint64 time_s;	   /* when it was recorded; 0: not known */
} SendFacts;

/* TRUST_OWN_MAILBOX: our own Dovecot saw it opened; no report has it. */
typedef enum { TRUST_OWN_POSTFIX, TRUST_OUTSIDE, TRUST_UNPROVED, TRUST_OWN_MAILBOX } Trust;
const char *trust_name(Trust trust); /* "own-postfix" "outside" "unproved" "own-mailbox" */

typedef struct {
	char *recipient;     /* the recorded recipient it speaks of; NULL: of none */
	DeliveryState event; /* what it says */
	Trust trust;
	gboolean counts;	/* moves the recipient's state */
	const char *matched_by; /* "queue-id" "token" "message-id" "envid" "reference" */
	const char *reason;	/* static, English: why it counts or not */
} Verdict;

void verdict_free(Verdict *verdict);

#define EVIDENCE_CLOCK_SKEW_S 600

/*
 * Judges the report against one send. Returns an array of Verdict * (owned by the caller, free func
 * set), empty when the report says nothing about it.
 *
 * Counts: INTERNAL DSN only when postfix_queue_id is a recorded queue id and final_recipient a
 * recorded recipient; INBOUND displayed MDN matched by token or Message-ID from a recorded
 * recipient, and an ANSWER likewise, only with dmarc=pass for From's domain in
 * authentication_results; else unproved. AUTOMATIC never. A mail of the citizen that anybody may
 * send again proves nothing anew: it has to name this send in a field (To, Cc, In-Reply-To,
 * References, Original-Message-ID), not in the envelope alone, and its Date has to lie behind the
 * send but for EVIDENCE_CLOCK_SKEW_S.
 */
GPtrArray *evidence_judge(const ReportFacts *report, const SendFacts *send);

#endif
