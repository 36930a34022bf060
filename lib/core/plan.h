/*
 * What to do with an outgoing message: the policy writes a Plan, the adapters carry it out, whole
 * or not at all (DESIGN 3).
 */
#ifndef ACUSE_CORE_PLAN_H
#define ACUSE_CORE_PLAN_H

#include <glib.h>

/* D1: internal < external < notification. */
typedef enum { CLASS_INTERNAL, CLASS_EXTERNAL, CLASS_NOTIFICATION } SendClass;

const char *send_class_name(SendClass send_class); /* "internal" "external" "notification" */
gboolean send_class_parse(const char *word, SendClass *send_class);

typedef enum {
	HEADER_SET,    /* delete every field of this name, then add one */
	HEADER_DELETE, /* delete every field of this name */
} HeaderOp;

typedef struct {
	HeaderOp op;
	char *name;
	char *value; /* UTF-8, one line without leading blank; lib/mime encodes and folds it. NULL:
			HEADER_DELETE */
} HeaderEdit;

HeaderEdit *header_edit_new(HeaderOp op, const char *name, const char *value);
void header_edit_free(HeaderEdit *edit);

/* P13: what becomes of a message that breaks a rule. */
typedef enum {
	MODE_OFF,    /* the rule is not asked */
	MODE_LOG,    /* a line in the log, and the record */
	MODE_WARN,   /* and a notice to the sender */
	MODE_ENFORCE /* refused */
} RuleMode;

gboolean rule_mode_parse(const char *word, RuleMode *mode);
const char *rule_mode_name(RuleMode mode); /* "off" "log" "warn" "enforce" */

/* One rule that a message breaks. */
typedef struct {
	char *rule;    /* "P3" */
	RuleMode mode; /* never MODE_OFF */
	char *article; /* "DI-002, art. 4.6" */
	char *advice;  /* Spanish, what to do, no final stop */
	char *status;  /* "550 5.7.1" */
} Finding;

void finding_free(Finding *finding);

/*
 * "[P3] Falta el asunto ... (DI-002, art. 4.6)", a new string. At most FINDING_LINE_MAX_BYTES of
 * printable ASCII, so that it is one line of an SMTP reply (512 with code, status and line end: RFC
 * 5321 4.5.3.1.5); an advice that is too long is cut behind a word, its article stays.
 */
char *finding_line(const Finding *finding);
#define FINDING_LINE_MAX_BYTES 490

typedef struct {
	/*
	 * NULL: accept. Else the status and a line for each finding in mode enforce, ASCII, with LF
	 * between lines: "550 5.7.1 [P1] ...\n[P3] Falta ...". Then the plan has no edits.
	 */
	char *refusal;
	GPtrArray *findings; /* Finding *, in the order of the rules */
	SendClass send_class;
	char *document_type;	 /* "NOTIFICACION", or NULL */
	char *document_number;	 /* "012-2026-GM-MPSM", or NULL */
	char *exception;	 /* F 8.15: why a document is not signed; NULL: none declared */
	char *expediente;	 /* "2026-001234", or NULL */
	char *mailbox;		 /* whose mail it is: the From address */
	GPtrArray *header_edits; /* HeaderEdit * */
	char *block_text,
		*block_html; /* UTF-8, LF lines, no final line end; NULL: no block (protected) */
	char **block_items;  /* the data in the block, in order; NULL with block_text */
	char *request_text,
		*request_html; /* under the block: that the citizen answer (D4); or NULL */
	gboolean sign;	       /* S/MIME-sign as `mailbox` */
	char *return_address;  /* new MAIL FROM, or NULL to keep it */
	char *envid;	       /* xtext-safe ENVID, or NULL */
	/* guint, AttachmentFacts.part: those to travel in a zip, where that makes them a tenth
	 * smaller (P8). */
	GArray *compress;
} Plan;

Plan *plan_new(void);
void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

/*
 * Adds what a rule found; strings are copied. A rule calls it for what it has to say beside its
 * verdict; a mode over the rule's own is lowered to that.
 */
void plan_add_finding(Plan *plan, const char *rule, RuleMode mode, const char *article,
	const char *advice, const char *status);

/* The same of a finding that another process made: a line as finding_line writes it. What is not
 * one is left out. */
void plan_add_line(Plan *plan, RuleMode mode, const char *line);

/* A refused mail is not changed: takes back all edits of the plan. */
void plan_drop_edits(Plan *plan);

/* Appends a HeaderEdit; value NULL deletes the field. */
void plan_edit_header(Plan *plan, const char *name, const char *value);

#endif
