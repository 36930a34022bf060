/* Answers of the API as text for people: labels in Spanish, lists as tables. */
#ifndef ACUSE_CTL_PRINT_H
#define ACUSE_CTL_PRINT_H

#include <glib.h>
#include <jansson.h>

/*
 * A new string that ends with a line end. Control characters of values are shown as \xNN. columns:
 * the members that a list of items shows, between blanks; NULL: every scalar one.
 */
char *print_text(const json_t *answer, const char *columns);

#endif
