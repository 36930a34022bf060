/*
 * Number of the national identity document: 8 digits, and on the card a check character behind a
 * hyphen, a digit or on older cards a letter (RENIEC). It is verified when it is given and never
 * kept. Pure.
 */
#ifndef ACUSE_CORE_DNI_H
#define ACUSE_CORE_DNI_H

#include <glib.h>

#define DNI_DIGITS 8

/*
 * "17801146", "17801146-0" or "17801146-D" -> the 8 digits in number. FALSE, with number untouched,
 * for anything else, a wrong check character included.
 */
gboolean dni_parse(const char *text, char number[DNI_DIGITS + 1]);

#endif
