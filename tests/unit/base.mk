check_PROGRAMS += tests/unit/test-settings
TESTS += tests/unit/test-settings
tests_unit_test_settings_SOURCES = tests/unit/test-settings.c
tests_unit_test_settings_LDADD = lib/base/libbase.a $(GLIB_LIBS) $(CMOCKA_LIBS)
