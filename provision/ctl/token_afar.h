/* acusectl token unlock --remote: on another computer than the gateway. */
#ifndef ACUSE_CTL_TOKEN_AFAR_H
#define ACUSE_CTL_TOKEN_AFAR_H

#include "ctl.h"

#define TOKEN_MAX_PIN_BYTES 256 /* typed, with the end */

/*
 * Options remote (URL of the API), user, signer (its identity, hex) and ca. Asks for the password
 * of the mailbox, checks the signer's offer, asks for the PIN and sends it sealed. FALSE with
 * error: what the API says, or DAMAGED: the offer is not that signer's, or not for this token and
 * holder.
 */
gboolean token_unlock_afar(GHashTable *options, const char *label, GError **error);

#endif
