# unit tests of directory
check_PROGRAMS += tests/unit/test-directory
TESTS += tests/unit/test-directory
tests_unit_test_directory_SOURCES = tests/unit/test-directory.c tests/unit/slapd.c tests/unit/slapd.h
tests_unit_test_directory_LDADD = lib/directory/libdirectory.a lib/core/libcore.a lib/base/libbase.a \
	$(LDAP_LIBS) $(GLIB_LIBS) $(UNIT_LIBS)
