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
	char *value; /* ASCII, folded with LF + blank at 78, no leading blank, no final line end;
			NULL: HEADER_DELETE */
} HeaderEdit;

HeaderEdit *header_edit_new(HeaderOp op, const char *name, const char *value);
void header_edit_free(HeaderEdit *edit);

typedef struct {
	char *refusal; /* NULL: accept. Else a whole SMTP reply, ASCII: "550 5.7.1 [P3] Falta ..."
			*/
	GPtrArray *warnings; /* char *: "[P3] ..." of rules in mode warn or log, for the log and the
				notice */
	SendClass send_class;
	char *document_type;	 /* "NOTIFICACION", or NULL */
	char *expediente;	 /* "2026-001234", or NULL */
	char *mailbox;		 /* whose mail it is: the From address */
	GPtrArray *header_edits; /* HeaderEdit * */
	char *block_text,
		*block_html;  /* UTF-8, LF lines, no final line end; NULL: no block (protected) */
	char **block_items;   /* the data in the block, in order; NULL with block_text */
	gboolean sign;	      /* S/MIME-sign as `mailbox` */
	char *return_address; /* new MAIL FROM, or NULL to keep it */
	char *envid;	      /* xtext-safe ENVID, or NULL */
	gboolean ask_delivery_confirmation; /* P6: the envelope has to carry NOTIFY=SUCCESS... */
} Plan;

Plan *plan_new(void);
void plan_free(Plan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Plan, plan_free)

/* Appends a HeaderEdit; value NULL deletes the field. */
void plan_edit_header(Plan *plan, const char *name, const char *value);

#endif
