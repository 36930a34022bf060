/*
 * page.h. A constancia is set twice: the first time to count its pages, which the footer names.
 * A paragraph is broken between its lines when a page is full. Fails as page.h says; no state is
 * kept, each call has its own fonts.
 */
#include "render/page.h"

#include <cairo-pdf.h>
#include <string.h>

#include "base/error.h"
#include "render/paper.h"

#define LABEL_WIDTH 146.0
#define GAP 8.0
#define LOGO_HEIGHT 52.0
#define LOGO_MAX_WIDTH 150.0
#define QR_SIDE 78.0
#define SIGNATURE_WIDTH 240.0
#define SIGNATURE_ROOM 64.0
#define PNG_SCALE (150.0 / 72.0)
#define LOGO_MAX_SIDE 4096

#define BODY "Liberation Sans 9"
#define BOLD "Liberation Sans Bold 9"
#define CODE "Liberation Mono 7.5"
#define TITLE "Liberation Sans Bold 14"
#define SECTION "Liberation Sans Bold 10"
#define SMALL "Liberation Sans 7.5"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PangoContext, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cairo_surface_t, cairo_surface_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cairo_t, cairo_destroy)

typedef struct {
	const Constancia *constancia;
	cairo_t *cairo;
	PangoFontMap *fonts;
	cairo_surface_t *logo; /* NULL: none */
	gboolean pdf;	       /* a page is a page, not a part of one picture */
	gboolean dry;	       /* only counts */
	guint page, n_pages;   /* page: from 1 */
	double y;
} Press;

static PangoLayout *layout_new(
	const Press *press, const char *font, const char *text, double width, PangoAlignment align)
{
	g_autoptr(PangoContext) context = pango_font_map_create_context(press->fonts);
	PangoFontDescription *description = pango_font_description_from_string(font);
	cairo_font_options_t *options = cairo_font_options_create();
	PangoAttrList *attributes = pango_attr_list_new();
	PangoLayout *layout;

	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	pango_cairo_context_set_font_options(context, options);
	cairo_font_options_destroy(options);
	pango_cairo_context_set_resolution(context, 72.0);
	pango_context_set_language(context, pango_language_from_string("es-PE"));
	pango_context_set_round_glyph_positions(context, FALSE);
	layout = pango_layout_new(context);
	pango_layout_set_font_description(layout, description);
	pango_font_description_free(description);
	pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
	pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_auto_dir(layout, FALSE);
	/* Where an address or a digest is broken, no hyphen is put that is not of it. */
	pango_attr_list_insert(attributes, pango_attr_insert_hyphens_new(FALSE));
	pango_layout_set_attributes(layout, attributes);
	pango_attr_list_unref(attributes);
	pango_layout_set_alignment(layout, align);
	pango_layout_set_text(layout, text, -1);
	return layout;
}

static double layout_height(PangoLayout *layout)
{
	int height;

	pango_layout_get_size(layout, NULL, &height);
	return (double)height / PANGO_SCALE;
}

static void show(const Press *press, PangoLayout *layout, double x, double y)
{
	if (press->dry)
		return;
	cairo_move_to(press->cairo, x, y);
	pango_cairo_show_layout(press->cairo, layout);
}

static void rule(const Press *press, double y, double width)
{
	if (press->dry)
		return;
	cairo_set_line_width(press->cairo, width);
	cairo_move_to(press->cairo, PAPER_MARGIN, y);
	cairo_line_to(press->cairo, PAPER_WIDTH - PAPER_MARGIN, y);
	cairo_stroke(press->cairo);
}

static void show_footer(const Press *press)
{
	g_autofree char *number = g_strdup_printf("Página %u de %u", press->page, press->n_pages);
	const double width = PAPER_WIDTH - 2 * PAPER_MARGIN, y = PAPER_HEIGHT - 46;
	g_autoptr(PangoLayout) left =
		layout_new(press, SMALL, press->constancia->footer, width, PANGO_ALIGN_LEFT);
	g_autoptr(PangoLayout) right = layout_new(press, SMALL, number, width, PANGO_ALIGN_RIGHT);

	rule(press, y - 5, 0.5);
	show(press, left, PAPER_MARGIN, y);
	show(press, right, PAPER_MARGIN, y);
}

static void end_page(Press *press)
{
	show_footer(press);
	if (press->pdf && !press->dry)
		cairo_show_page(press->cairo);
	else if (!press->dry)
		cairo_translate(press->cairo, 0, PAPER_HEIGHT);
}

static void next_page(Press *press)
{
	end_page(press);
	press->page++;
	press->y = PAPER_MARGIN;
}

static void need(Press *press, double height)
{
	if (press->y + height > PAPER_BOTTOM)
		next_page(press);
}

/* Line by line, so that a long text goes on on the next page. */
static void set_lines(Press *press, PangoLayout *layout, double x)
{
	PangoLayoutIter *iter = pango_layout_get_iter(layout);

	do {
		PangoRectangle box;
		double height;

		pango_layout_iter_get_line_extents(iter, NULL, &box);
		height = (double)box.height / PANGO_SCALE;
		need(press, height);
		if (!press->dry) {
			double baseline = (double)(pango_layout_iter_get_baseline(iter) - box.y);

			cairo_move_to(press->cairo, x + (double)box.x / PANGO_SCALE,
				press->y + baseline / PANGO_SCALE);
			pango_cairo_show_layout_line(
				press->cairo, pango_layout_iter_get_line_readonly(iter));
		}
		press->y += height;
	} while (pango_layout_iter_next_line(iter));
	pango_layout_iter_free(iter);
}

static void set_block(Press *press, const char *font, const char *text, PangoAlignment align)
{
	g_autoptr(PangoLayout) layout =
		layout_new(press, font, text, PAPER_WIDTH - 2 * PAPER_MARGIN, align);

	set_lines(press, layout, PAPER_MARGIN);
}

static void set_field(Press *press, const ConstanciaLine *line)
{
	const char *font = line->kind == CONSTANCIA_CODE ? CODE : BODY;
	const double x = PAPER_MARGIN + LABEL_WIDTH + GAP;
	g_autoptr(PangoLayout) label =
		layout_new(press, BOLD, line->label, LABEL_WIDTH, PANGO_ALIGN_LEFT);
	g_autoptr(PangoLayout) text = layout_new(
		press, font, line->text, PAPER_WIDTH - PAPER_MARGIN - x, PANGO_ALIGN_LEFT);
	guint page;
	double bottom;

	need(press, layout_height(label));
	show(press, label, PAPER_MARGIN, press->y);
	page = press->page;
	bottom = press->y + layout_height(label);
	set_lines(press, text, x);
	if (press->page == page)
		press->y = MAX(press->y, bottom);
	press->y += 3;
}

/* Signed by hand above the line, named below it. */
static void set_signature(Press *press, const char *text)
{
	const double x = (PAPER_WIDTH - SIGNATURE_WIDTH) / 2;
	g_autoptr(PangoLayout) layout =
		layout_new(press, BODY, text, SIGNATURE_WIDTH, PANGO_ALIGN_CENTER);
	double height = layout_height(layout);

	need(press, SIGNATURE_ROOM + height + 2 * GAP);
	press->y += SIGNATURE_ROOM;
	if (!press->dry) {
		cairo_set_line_width(press->cairo, 0.5);
		cairo_move_to(press->cairo, x, press->y);
		cairo_line_to(press->cairo, x + SIGNATURE_WIDTH, press->y);
		cairo_stroke(press->cairo);
	}
	show(press, layout, x, press->y + 3);
	press->y += 3 + height + GAP;
}

static void set_line(Press *press, const ConstanciaLine *line)
{
	switch (line->kind) {
	case CONSTANCIA_SIGNATURE:
		set_signature(press, line->text);
		return;
	case CONSTANCIA_TITLE:
		press->y += 6;
		set_block(press, TITLE, line->text, PANGO_ALIGN_CENTER);
		press->y += 10;
		return;
	case CONSTANCIA_SECTION:
		need(press, 50);
		press->y += 9;
		set_block(press, SECTION, line->text, PANGO_ALIGN_LEFT);
		rule(press, press->y + 2, 0.5);
		press->y += 7;
		return;
	case CONSTANCIA_FIELD:
	case CONSTANCIA_CODE:
		set_field(press, line);
		return;
	case CONSTANCIA_PARAGRAPH:
	default:
		set_block(press, BODY, line->text, PANGO_ALIGN_LEFT);
		press->y += 5;
	}
}

static double show_logo(const Press *press)
{
	double width, height, scale;

	if (press->logo == NULL)
		return 0;
	width = cairo_image_surface_get_width(press->logo);
	height = cairo_image_surface_get_height(press->logo);
	scale = MIN(LOGO_HEIGHT / height, LOGO_MAX_WIDTH / width);
	if (!press->dry) {
		cairo_save(press->cairo);
		cairo_translate(press->cairo, PAPER_MARGIN, PAPER_MARGIN);
		cairo_scale(press->cairo, scale, scale);
		cairo_set_source_surface(press->cairo, press->logo, 0, 0);
		cairo_paint(press->cairo);
		cairo_restore(press->cairo);
	}
	return width * scale + GAP * 2;
}

/* At the right edge, where no text stands. */
static gboolean show_qr(const Press *press)
{
	const double x = PAPER_WIDTH - PAPER_MARGIN - QR_SIDE;
	guint side = 0;
	g_autofree guint8 *modules =
		press->constancia->qr != NULL ? paper_qr(press->constancia->qr, &side) : NULL;
	double unit;

	if (modules == NULL || press->dry)
		return modules != NULL;
	unit = QR_SIDE / side;
	for (guint i = 0; i < side * side; i++)
		if (modules[i] != 0)
			cairo_rectangle(press->cairo, x + unit * (i % side),
				PAPER_MARGIN + unit * (i / side), unit, unit);
	cairo_fill(press->cairo);
	return TRUE;
}

static void set_head(Press *press)
{
	double shift = show_logo(press), qr = show_qr(press) ? QR_SIDE + 2 * GAP : 0;
	double height = MAX(shift > 0 ? LOGO_HEIGHT : 0, qr > 0 ? QR_SIDE : 0), name_height;
	g_autoptr(PangoLayout) name = layout_new(press, SECTION, press->constancia->institution,
		PAPER_WIDTH - 2 * PAPER_MARGIN - shift - qr, PANGO_ALIGN_LEFT);

	name_height = layout_height(name);
	show(press, name, PAPER_MARGIN + shift,
		PAPER_MARGIN + MAX(0, (MIN(LOGO_HEIGHT, height) - name_height) / 2));
	press->y = PAPER_MARGIN + MAX(height, name_height) + GAP;
	rule(press, press->y, 1);
	press->y += GAP;
}

static void set_all(Press *press)
{
	press->page = 1;
	set_head(press);
	for (guint i = 0; i < press->constancia->lines->len; i++)
		set_line(press, press->constancia->lines->pdata[i]);
	end_page(press);
}

typedef struct {
	const guint8 *bytes;
	gsize left;
} Source;

static cairo_status_t read_png(void *data, unsigned char *into, unsigned length)
{
	Source *source = data;

	if (length > source->left)
		return CAIRO_STATUS_READ_ERROR;
	memcpy(into, source->bytes, length);
	source->bytes += length;
	source->left -= length;
	return CAIRO_STATUS_SUCCESS;
}

/* The size that stands in a PNG's first chunk, before anything is unpacked. */
static gboolean is_small_png(const guint8 *bytes, gsize size)
{
	guint32 width, height;

	if (size < 24 || memcmp(bytes, "\211PNG\r\n\032\n", 8) != 0)
		return FALSE;
	memcpy(&width, bytes + 16, 4);
	memcpy(&height, bytes + 20, 4);
	width = GUINT32_FROM_BE(width);
	height = GUINT32_FROM_BE(height);
	return width > 0 && height > 0 && width <= LOGO_MAX_SIDE && height <= LOGO_MAX_SIDE;
}

static gboolean load_logo(Press *press, GBytes *logo, GError **error)
{
	Source source;

	if (logo == NULL)
		return TRUE;
	source.bytes = g_bytes_get_data(logo, &source.left);
	if (source.left > RENDER_MAX_LOGO_BYTES) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE, "logo: too large");
		return FALSE;
	}
	if (is_small_png(source.bytes, source.left)) {
		press->logo = cairo_image_surface_create_from_png_stream(read_png, &source);
		if (cairo_surface_status(press->logo) == CAIRO_STATUS_SUCCESS)
			return TRUE;
		g_clear_pointer(&press->logo, cairo_surface_destroy);
	}
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_INVALID,
		"logo: no PNG, or over 4096 pixels wide or high");
	return FALSE;
}

static gboolean press_open(Press *press, GBytes *logo, GError **error)
{
	press->fonts = paper_fonts_new(error);
	if (press->fonts == NULL || !load_logo(press, logo, error))
		return FALSE;
	press->dry = TRUE;
	set_all(press);
	press->dry = FALSE;
	press->n_pages = press->page;
	if (press->n_pages <= RENDER_MAX_PAGES)
		return TRUE;
	g_set_error_literal(
		error, ACUSE_ERROR, ACUSE_ERROR_TOO_LARGE, "constancia: too many pages");
	return FALSE;
}

static void press_close(Press *press)
{
	g_clear_object(&press->fonts);
	g_clear_pointer(&press->logo, cairo_surface_destroy);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Press, press_close)

static cairo_status_t take(void *data, const unsigned char *bytes, unsigned length)
{
	g_byte_array_append(data, bytes, length);
	return CAIRO_STATUS_SUCCESS;
}

static GBytes *finish(
	cairo_surface_t *surface, cairo_status_t status, GByteArray **bytes, GError **error)
{
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_status(surface);
	if (status == CAIRO_STATUS_SUCCESS)
		return g_byte_array_free_to_bytes(g_steal_pointer(bytes));
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_INTERNAL, "constancia: %s",
		cairo_status_to_string(status));
	return NULL;
}

/* The date of the page stands for that of its making: the same page, the same bytes. */
static void describe(cairo_surface_t *surface, const Constancia *constancia)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(constancia->time_s);
	g_autofree char *date =
		time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;

	cairo_pdf_surface_restrict_to_version(surface, CAIRO_PDF_VERSION_1_5);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, constancia->footer);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, constancia->institution);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Acuse");
	cairo_pdf_surface_set_metadata(
		surface, CAIRO_PDF_METADATA_CREATE_DATE, date != NULL ? date : "");
}

GBytes *render_pdf(const Constancia *constancia, GBytes *logo, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autoptr(cairo_surface_t) surface = NULL;
	g_autoptr(cairo_t) cairo = NULL;
	g_auto(Press) press = {.constancia = constancia, .pdf = TRUE};

	if (!press_open(&press, logo, error))
		return NULL;
	surface = cairo_pdf_surface_create_for_stream(take, bytes, PAPER_WIDTH, PAPER_HEIGHT);
	describe(surface, constancia);
	press.cairo = cairo = cairo_create(surface);
	set_all(&press);
	cairo_surface_finish(surface);
	return finish(surface, CAIRO_STATUS_SUCCESS, &bytes, error);
}

GBytes *render_png(const Constancia *constancia, GBytes *logo, GError **error)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autoptr(cairo_surface_t) surface = NULL;
	g_autoptr(cairo_t) cairo = NULL;
	g_auto(Press) press = {.constancia = constancia};

	if (!press_open(&press, logo, error))
		return NULL;
	surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(PAPER_WIDTH * PNG_SCALE),
		(int)(PAPER_HEIGHT * PNG_SCALE * press.n_pages));
	press.cairo = cairo = cairo_create(surface);
	cairo_set_source_rgb(cairo, 1, 1, 1);
	cairo_paint(cairo);
	cairo_set_source_rgb(cairo, 0, 0, 0);
	cairo_scale(cairo, PNG_SCALE, PNG_SCALE);
	set_all(&press);
	return finish(
		surface, cairo_surface_write_to_png_stream(surface, take, bytes), &bytes, error);
}
