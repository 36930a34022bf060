/*
 * The fonts of paper.h, by a fontconfig of our own that knows four files and nothing of the
 * machine's configuration: what another package installs must not change a constancia's bytes.
 */
#include "render/paper.h"

#include <fontconfig/fontconfig.h>
#include <pango/pangofc-fontmap.h>

#include "base/error.h"

#define FONTS "/usr/share/fonts/truetype/"

/* Of Debian's fonts-liberation and, for letters that those lack, fonts-dejavu-core. */
static const char *const files[] = {FONTS "liberation/LiberationSans-Regular.ttf",
	FONTS "liberation/LiberationSans-Bold.ttf", FONTS "liberation/LiberationMono-Regular.ttf",
	FONTS "dejavu/DejaVuSans.ttf"};

/* No hinting and no sub-pixels: those depend on the screen. */
static const char rules[] =
	"<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"fonts.dtd\"><fontconfig>"
	"<match target=\"pattern\"><edit name=\"family\" mode=\"append_last\">"
	"<string>DejaVu Sans</string></edit></match>"
	"<match target=\"font\"><edit name=\"hinting\" mode=\"assign\"><bool>false</bool></edit>"
	"<edit name=\"antialias\" mode=\"assign\"><bool>true</bool></edit>"
	"<edit name=\"rgba\" mode=\"assign\"><const>none</const></edit></match></fontconfig>";

static FcConfig *config_new(GError **error)
{
	FcConfig *config = FcConfigCreate();

	FcConfigParseAndLoadFromMemory(config, (const FcChar8 *)rules, FcFalse);
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		if (FcConfigAppFontAddFile(config, (const FcChar8 *)files[i]))
			continue;
		FcConfigDestroy(config);
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_UNAVAILABLE, "no font %s", files[i]);
		return NULL;
	}
	return config;
}

/* One for the process, once the fonts are there: pango 1.50 keeps every one that it was given. */
static FcConfig *config_get(GError **error)
{
	static GMutex lock;
	static FcConfig *config;
	FcConfig *found;

	g_mutex_lock(&lock);
	if (config == NULL)
		config = config_new(error);
	found = config;
	g_mutex_unlock(&lock);
	return found;
}

PangoFontMap *paper_fonts_new(GError **error)
{
	FcConfig *config = config_get(error);
	PangoFontMap *map;

	if (config == NULL)
		return NULL;
	map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
	pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(map), config);
	return map;
}
