# unit tests of cms
check_PROGRAMS += tests/unit/test-cms tests/unit/test-timestamp
TESTS += tests/unit/test-cms tests/unit/test-timestamp
tests_unit_test_timestamp_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_timestamp_SOURCES = tests/unit/test-timestamp.c tests/unit/temporary.h
tests_unit_test_timestamp_LDADD = lib/cms/libcms.a lib/core/libcore.a lib/base/libbase.a $(OPENSSL_LIBS) $(GLIB_LIBS) $(CMOCKA_LIBS)
tests_unit_test_cms_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_cms_SOURCES = tests/unit/test-cms.c
tests_unit_test_cms_LDADD = lib/cms/libcms.a lib/core/libcore.a lib/base/libbase.a $(OPENSSL_LIBS) $(GLIB_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-revocation
TESTS += tests/unit/test-revocation
tests_unit_test_revocation_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_revocation_SOURCES = tests/unit/test-revocation.c
tests_unit_test_revocation_LDADD = $(tests_unit_test_cms_LDADD)
