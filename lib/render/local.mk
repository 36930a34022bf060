# lib/render: the constancia as PDF and PNG; the only pango, cairo, fontconfig and libqrencode.
noinst_LIBRARIES += lib/render/librender.a
lib_render_librender_a_SOURCES = \
	lib/render/page.c lib/render/page.h \
	lib/render/fonts.c lib/render/qr.c lib/render/paper.h
lib_render_librender_a_CFLAGS = $(AM_CFLAGS) $(RENDER_CFLAGS)
