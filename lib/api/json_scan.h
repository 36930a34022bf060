/*
 * The plain part of JSON, read where it stands: strings without other escapes than \" and \\. What
 * a ledger is made of is a million rows of one exact form, and to build a tree of values for each
 * takes most of the time of checking it. What is not plain is no failure: the caller gives the
 * untouched text to jansson. Pure.
 */
#ifndef ACUSE_API_JSON_SCAN_H
#define ACUSE_API_JSON_SCAN_H

#include <glib.h>

/*
 * The string that begins at *at, unescaped in its own place and ended with NUL; *at goes behind its
 * closing quote. NULL when it is not plain UTF-8: then the text is spoilt.
 */
char *json_scan_string(char **at);
/* Moves *at behind these characters; FALSE when others stand there. */
gboolean json_scan_literal(char **at, const char *literal);

#endif
