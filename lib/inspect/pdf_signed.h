/*
 * What a PDF's signature is over, so that who signed can be asked of the signature itself. Pure.
 */
#ifndef ACUSE_INSPECT_PDF_SIGNED_H
#define ACUSE_INSPECT_PDF_SIGNED_H

#include <glib.h>

#define PDF_SIGNED_CMS_BYTES_MAX (64 * 1024)

/*
 * said: what pdfsig printed of that PDF. Of the signature that covers all of it: *cms is its CMS
 * with the zeros that fill its place (ISO 32000-1, 12.8.3.3; cms_without_padding), *content what
 * that is over, both new. FALSE with INVALID: no signature covers the whole, or what lies between
 * the signed ranges is not hexadecimal digits in brackets.
 */
gboolean pdf_signed_split(
	GBytes *pdf, const char *said, GBytes **cms, GBytes **content, GError **error);

#endif
