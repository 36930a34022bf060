/*
 * A constancia as PDF and as PNG, A4: pango sets it, cairo draws it, libqrencode makes the code.
 * Their types stay in this folder. The same constancia, logo and fonts give the same bytes: fonts
 * come from Debian's packages alone (fonts.c, contrib/packages), never from the machine's
 * configuration.
 */
#ifndef ACUSE_RENDER_PAGE_H
#define ACUSE_RENDER_PAGE_H

#include "core/constancia.h"

#define RENDER_MAX_PAGES 12
#define RENDER_MAX_LOGO_BYTES (512 * 1024)

/*
 * logo: a PNG, or NULL. A new buffer; NULL with ACUSE_ERROR_INVALID (the logo is no PNG),
 * TOO_LARGE (logo, pages) or UNAVAILABLE (the fonts are not installed). Any thread.
 */
GBytes *render_pdf(const Constancia *constancia, GBytes *logo, GError **error);
/* The pages under each other in one picture. */
GBytes *render_png(const Constancia *constancia, GBytes *logo, GError **error);

#endif
