/* The group [signature] of the settings, its files read and checked. */
#ifndef ACUSE_MIME_SIGNATURE_FILES_H
#define ACUSE_MIME_SIGNATURE_FILES_H

#include "base/settings.h"
#include "core/signature.h"

#define SIGNATURE_MAX_LOGO_BYTES (64 * 1024) /* it goes with every HTML mail */

/* NULL with ACUSE_ERROR_INVALID, "[signature] key: reason". */
SignatureSettings *signature_files_load(const Settings *settings, GError **error);

#endif
