/* The PIN of an office's token as a systemd credential: $CREDENTIALS_DIRECTORY/pin.LABEL
 * (systemd.exec(5)). */
#ifndef ACUSE_SIGNER_CREDENTIAL_H
#define ACUSE_SIGNER_CREDENTIAL_H

#include "signer/packet_buffer.h"

#define CREDENTIAL_MAX_PIN 255

/* The PIN without its trailing newline, in locked memory; NULL when there is none that can be used.
 */
PacketBuffer *credential_read(const char *label);

#endif
