/* What acuse-provisiond asks of group [signing] beyond the table of settings, before it starts. */
#ifndef ACUSE_PROVISION_TOKEN_SETTINGS_H
#define ACUSE_PROVISION_TOKEN_SETTINGS_H

#include "base/settings.h"

/* Longest warning before the end of a certificate. */
#define TOKEN_WARN_DAYS_MAX 3650

/* INVALID: a folder without certificates, an address of another scheme, or days that are none. */
gboolean token_settings_check(const Settings *settings, GError **error);

#endif
