/*
 * Account names (A4, DI-002 art. 6.1): initial of the first given name + paternal surname + initial
 * of the maternal surname; if taken, the second letter of the maternal surname too; then numbers
 * after the base form. Only a-z and 0-9 come out: marks dropped, a small table for the rest,
 * particles (De la, Del) joined. Pure.
 */
#ifndef ACUSE_CORE_NAMING_H
#define ACUSE_CORE_NAMING_H

#include <glib.h>

#define NAMING_MAX_CHARS 64 /* local part, RFC 5321 4.5.3.1.1 */

/*
 * The n-th candidate (0: base form) for a person, or NULL with ACUSE_ERROR_INVALID when the name is
 * empty, is not UTF-8 or cannot be written in a-z. maternal may be NULL or empty (one surname).
 * Rosa Morales Aranda: 0 rmoralesa, 1 rmoralesar, 2 rmoralesa1, 3 rmoralesa2.
 */
char *naming_candidate(const char *given, const char *paternal, const char *maternal, guint n,
	guint first_number, GError **error);

/*
 * How many candidates come before the numbers: the n-th candidate is numbered from there on. 0 when
 * the surname cannot be written.
 */
guint naming_lettered(const char *maternal);

/*
 * Whether an operator may give a person this name, when no rule can write the person's own:
 * [a-z][a-z0-9]+, at most 64, not reserved.
 */
gboolean naming_person_valid(const char *local_part);

/*
 * Names for an office or activity that a title proposes (DI-002 6.4), an operator confirms one: the
 * initials of its words, and its main word, the first that is no kind of office. "Oficina de
 * Tecnologías de la Información": oti, tecnologias. A new array, empty when nothing can be written.
 */
char **naming_office_proposals(const char *title);

/* Whether a local part may name an office: [a-z0-9]+([.-][a-z0-9]+)*, at most 64, not reserved. */
gboolean naming_office_valid(const char *local_part);

/* postmaster, abuse, root, acuse, ... (RFC 2142 and our own). */
gboolean naming_reserved(const char *local_part);

#endif
