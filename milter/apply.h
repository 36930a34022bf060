/* Carries out an Outcome at end of message: the only file with libmilter's calls that change a
 * message. */
#ifndef ACUSE_MILTER_APPLY_H
#define ACUSE_MILTER_APPLY_H

#include <libmilter/mfapi.h>

#include "milter/outcome.h"

/* Actions that Postfix has to offer for it. */
#define APPLY_ACTIONS                                                                              \
	(SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY | SMFIF_CHGFROM | SMFIF_ADDRCPT |           \
		SMFIF_ADDRCPT_PAR | SMFIF_DELRCPT)

/* Sets the reply of a refusal. reply: "550 5.7.1 text", with LF between the lines of the text.
 * Returns SMFIS_REJECT or SMFIS_TEMPFAIL. */
sfsistat apply_reply(SMFICTX *context, const char *reply);

/*
 * original: the message as it came. Returns what the callback has to return; SMFIS_TEMPFAIL when a
 * call failed, so that Postfix drops the half-changed message.
 */
sfsistat apply_outcome(SMFICTX *context, const MailMessage *original, const Outcome *outcome);

#endif
