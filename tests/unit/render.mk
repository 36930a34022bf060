# unit tests of lib/core/constancia and lib/render
check_PROGRAMS += tests/unit/test-constancia
TESTS += tests/unit/test-constancia
tests_unit_test_constancia_SOURCES = tests/unit/test-constancia.c
tests_unit_test_constancia_CPPFLAGS = $(AM_CPPFLAGS) -DGOLDEN_FOLDER='"$(abs_top_srcdir)/tests/golden/constancia"'
tests_unit_test_constancia_CFLAGS = $(AM_CFLAGS) $(RENDER_CFLAGS)
tests_unit_test_constancia_LDADD = lib/render/librender.a lib/core/libcore.a lib/base/libbase.a $(RENDER_LIBS) $(GLIB_LIBS) \
	$(CMOCKA_LIBS)
CLEANFILES += constancia-*.png constancia-*.pdf
