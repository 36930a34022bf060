/* What page.c draws with: one surface, its fonts, and where on which page it is. */
#ifndef ACUSE_RENDER_PAPER_H
#define ACUSE_RENDER_PAPER_H

#include <glib.h>
#include <pango/pangocairo.h>

/* Points: 1/72 inch. */
#define PAPER_WIDTH 595.28
#define PAPER_HEIGHT 841.89
#define PAPER_MARGIN 50.0
#define PAPER_BOTTOM (PAPER_HEIGHT - 56.0)

/* Fonts of this folder's own choice; NULL with ACUSE_ERROR_UNAVAILABLE. */
PangoFontMap *paper_fonts_new(GError **error);

/* The code's side in modules and one byte a module, 1 is dark; NULL when text does not fit. */
guint8 *paper_qr(const char *text, guint *side);

#endif
