/*
 * The table of errors: every failure of Acuse is one row (code, name, may a retry help, SMTP
 * status, HTTP status, text). A GError of domain ACUSE_ERROR carries the code; its message adds the
 * detail.
 */
#ifndef ACUSE_BASE_ERROR_H
#define ACUSE_BASE_ERROR_H

#include <glib.h>

#define ACUSE_ERROR (acuse_error_quark())

typedef enum {
	ACUSE_ERROR_INTERNAL, /* a fault of ours */
	ACUSE_ERROR_INVALID,  /* bad input; nothing changed */
	ACUSE_ERROR_NOT_FOUND,
	ACUSE_ERROR_CONFLICT,	     /* the state does not allow it */
	ACUSE_ERROR_FORBIDDEN,	     /* the caller's role or uid may not */
	ACUSE_ERROR_UNAUTHENTICATED, /* wrong login or password */
	ACUSE_ERROR_UNAVAILABLE,     /* a daemon, slapd or the disk does not answer now */
	ACUSE_ERROR_TIMEOUT,
	ACUSE_ERROR_TOO_LARGE,		/* over a named limit */
	ACUSE_ERROR_NO_SPACE,		/* below the floor of free space */
	ACUSE_ERROR_NOT_BUILT,		/* not part of this version */
	ACUSE_ERROR_STALE_DIRECTORY,	/* the live copy is older than allowed */
	ACUSE_ERROR_ACCOUNT_INACTIVE,	/* P2 */
	ACUSE_ERROR_NOT_AUTHORISED,	/* P1, as judged by provisiond */
	ACUSE_ERROR_EXPEDIENTE_UNKNOWN, /* P10, S10 */
	ACUSE_ERROR_NOT_NOTIFIABLE,	/* D9 */
	ACUSE_ERROR_ACT_LATE,		/* D5 */
	ACUSE_ERROR_WEAK_PASSWORD,	/* A11 */
	ACUSE_ERROR_REPEAT_RELEASED,	/* the same mail was released before */
	ACUSE_ERROR_REPEAT_UNDECIDED,	/* the same mail waits for its outcome */
	ACUSE_ERROR_PERMIT,		/* no permit, a forged or expired one, or for other bytes */
	ACUSE_ERROR_NO_BINDING,		/* no active token is bound to the mailbox */
	ACUSE_ERROR_TOKEN_LOCKED,	/* the PIN has to be typed */
	ACUSE_ERROR_TOKEN_ABSENT,
	ACUSE_ERROR_TOKEN_TROUBLE, /* the module or the device failed */
	ACUSE_ERROR_TOKEN_BUSY,	   /* too many wait for it, or too long */
	ACUSE_ERROR_PIN_WRONG,
	ACUSE_ERROR_PIN_LOW,	 /* one more wrong PIN would lock the token */
	ACUSE_ERROR_CERTIFICATE, /* absent, unfit, or of another address */
	ACUSE_ERROR_CERTIFICATE_REVOKED,
	ACUSE_ERROR_CERTIFICATE_EXPIRED,
	ACUSE_ERROR_CERTIFICATE_UNCHECKED, /* whether it is revoked could not be learned */
	ACUSE_ERROR_DAMAGED,		   /* stored data or a proof does not verify */
	ACUSE_ERROR_UNREADABLE,		   /* a part of the mail cannot be read for certain */
	ACUSE_ERROR_TOO_COMPLEX, /* over a named limit of structure: parts, levels, fields, markup
				  */
	ACUSE_ERROR_TOO_SLOW,	 /* costs more processor time than a message may */
	ACUSE_ERROR_UNSIGNABLE, /* the mail cannot be made 7-bit, so its signature would not last */
	ACUSE_ERROR_ADDRESS_8BIT,     /* the same for an address with letters before its @ */
	ACUSE_ERROR_OVER_LIMIT,	      /* P15, until some time has passed; the message says when */
	ACUSE_ERROR_OVER_LIMIT_FINAL, /* P15, for good */
	ACUSE_ERROR_HOLD_OVER,	      /* S6: what was held will not be signed any more */
	ACUSE_ERROR_PURGED,	      /* was kept as long as it is to be, or purged by an order */
	ACUSE_N_ERRORS
} AcuseErrorCode;

typedef struct {
	AcuseErrorCode code;
	const char *name; /* stable, kebab-case: "token-locked"; used by the API and the signer */
	gboolean retry;	  /* trying the same again later can help */
	const char *smtp_status; /* "451 4.3.0" or "550 5.7.1" */
	unsigned http_status;
	const char *text; /* Spanish, ASCII, translatable: what to do */
} AcuseErrorRow;

GQuark acuse_error_quark(void);

/* The row of a code; never NULL (an unknown code gives ACUSE_ERROR_INTERNAL's). */
const AcuseErrorRow *acuse_error_row(int code);

/* The row of a GError: its code's when the domain is ACUSE_ERROR, else ACUSE_ERROR_INTERNAL's. */
const AcuseErrorRow *acuse_error_row_of(const GError *error);

/* The row with this name, or NULL. */
const AcuseErrorRow *acuse_error_by_name(const char *name);

/* Whether it says that there is no signature now: its status is X.7.5 (RFC 3463), and later there
 * may be one. */
gboolean acuse_error_is_of_signature(const GError *error);

#endif
