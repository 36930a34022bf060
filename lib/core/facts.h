/*
 * What is known of an outgoing message before any decision. lib/mime fills MessageFacts from the
 * bytes, the milter fills Envelope; the policy reads both. Strings are UTF-8; addresses have no
 * angle brackets.
 */
#ifndef ACUSE_CORE_FACTS_H
#define ACUSE_CORE_FACTS_H

#include <glib.h>

#include "core/attachment.h"

/* Which Postfix service speaks ({daemon_name}, FACTS 6). */
typedef enum {
	STREAM_UNKNOWN,
	STREAM_SUBMISSION,
	STREAM_INBOUND,
	STREAM_INTERNAL,
	STREAM_LOCAL,
	STREAM_RELEASE /* the second stage of held mail */
} Stream;

Stream stream_parse(const char *daemon_name);
const char *stream_name(Stream stream);

typedef struct {
	Stream stream;
	char *queue_id;	       /* {i}; NULL before DATA */
	char *login;	       /* {auth_authen}, lower case; NULL: not authenticated */
	char *client_address;  /* "192.0.2.1"; NULL when local */
	char *sender;	       /* MAIL FROM; "" for the null sender */
	GPtrArray *recipients; /* char *, in order of RCPT */
	/* char *: those whose RCPT asks for no report of success (RFC 3461 4.1). */
	GPtrArray *unconfirmed;
} Envelope;

Envelope *envelope_new(void);
void envelope_free(Envelope *envelope);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Envelope, envelope_free)

/* What its author did to the mail; anything but NONE is never altered (S7). */
typedef enum {
	PROTECTION_NONE,
	PROTECTION_SMIME_SIGNED, /* multipart/signed pkcs7, or opaque signed-data */
	PROTECTION_SMIME_ENCRYPTED,
	PROTECTION_PGP_SIGNED,
	PROTECTION_PGP_ENCRYPTED,
	PROTECTION_PGP_INLINE
} Protection;

typedef struct {
	GPtrArray *from;	  /* char *: each address of each From header, domain lower case */
	guint from_headers;	  /* how many From headers there are */
	gboolean from_unreadable; /* a From that no parser agrees on: groups, garbage, encoded-words
				     in addresses */
	char *from_name;	  /* what the From shows beside its one address, decoded; NULL */
	char *sender;		  /* address of Sender; NULL: none, "": not one for sure */
	GPtrArray *resent;   /* char *: addresses of Resent-From and Resent-Sender; "": one that
				cannot be read for sure */
	GPtrArray *repeated; /* char *: fields that may stand once (RFC 5322 3.6, RFC 2045) and
				stand more often, each name once */
	char *odd_field;     /* name of a field that not every reader sees ("From :"); NULL: none */
	GPtrArray *to, *cc;  /* char *: addresses */
	char *subject;	     /* decoded, one line; NULL: no such header */
	gboolean subject_undecodable;
	guint subject_headers;
	char *message_id;  /* without angle brackets; NULL */
	char *in_reply_to; /* first id; NULL */
	char **thread;	   /* ids of In-Reply-To and References as they came, perhaps no
			      UTF-8; NULL-terminated */
	guint date_headers;
	char *date;		/* header value; NULL */
	gboolean date_readable; /* there is one Date, and it says the time: */
	gint64 date_s;
	gboolean marked_notification; /* X-Acuse-Class: notification (the sender's own mark) */
	gboolean asks_read_receipt;   /* Disposition-Notification-To is there */
	gboolean forwards;	      /* subject or X-Forwarded-Message-Id say so */
	gboolean has_original;	      /* of a forward: a message is attached, or a text quoted */
	Protection protection;
	gboolean has_8bit;	  /* a byte over 127 in the body */
	guint longest_line_bytes; /* without the line end */
	/* Hex, lower case: the body as it arrived. NULL until the mail is known to go out. */
	char *content_sha256;
	/* AttachmentFacts *: every leaf that a reader gets as a file, also inside attached
	 * messages, in the order of the parts. */
	GPtrArray *attachments;
} MessageFacts;

MessageFacts *message_facts_new(void);
void message_facts_free(MessageFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MessageFacts, message_facts_free)

#endif
