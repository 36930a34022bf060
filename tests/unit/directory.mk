# unit tests of directory
directory_test_libs = lib/directory/libdirectory.a lib/core/libcore.a lib/base/libbase.a $(LDAP_LIBS) $(GLIB_LIBS) $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test-directory tests/unit/test-replication
TESTS += tests/unit/test-directory tests/unit/test-replication
tests_unit_test_directory_SOURCES = tests/unit/test-directory.c tests/unit/slapd.c tests/unit/slapd.h
tests_unit_test_directory_LDADD = $(directory_test_libs)
tests_unit_test_replication_SOURCES = tests/unit/test-replication.c tests/unit/slapd.c tests/unit/slapd.h
tests_unit_test_replication_LDADD = $(directory_test_libs)
