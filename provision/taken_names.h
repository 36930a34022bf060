/*
 * Local parts that are in use outside the directory: the first words of the files of [naming]
 * taken_files, in the manner of aliases(5) and virtual(5). Read anew at each question: they are
 * short, and asked when an account is made.
 */
#ifndef ACUSE_PROVISION_TAKEN_NAMES_H
#define ACUSE_PROVISION_TAKEN_NAMES_H

#include "base/settings.h"

#define TAKEN_NAMES_BYTES_MAX (1024 * 1024) /* of a file */

/*
 * Whether a file has the name, case aside, alone or in the institution's domain. A file that is not
 * there has none; FALSE with UNAVAILABLE when one cannot be read or is too long.
 */
gboolean taken_names_have(
	const Settings *settings, const char *name, gboolean *taken, GError **error);

#endif
