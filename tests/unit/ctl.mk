check_PROGRAMS += tests/unit/test-print
TESTS += tests/unit/test-print
tests_unit_test_print_SOURCES = tests/unit/test-print.c provision/ctl/print.c provision/ctl/print.h
tests_unit_test_print_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_print_LDADD = lib/base/libbase.a $(JANSSON_LIBS) $(GLIB_LIBS) $(CMOCKA_LIBS)
