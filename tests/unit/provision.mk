# unit tests of provision
STORE_TEST_LIBS = provision/libprovision.a lib/cms/libcms.a lib/api/libapi.a lib/signer/libsignerproto.a \
	lib/core/libcore.a lib/base/libbase.a $(OPENSSL_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(MHD_LIBS) $(ZSTD_LIBS) \
	$(DB_LIBS) $(GLIB_LIBS) $(CMOCKA_LIBS) -lpthread
STORE_TEST_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

check_PROGRAMS += tests/unit/test-store
TESTS += tests/unit/test-store
tests_unit_test_store_SOURCES = tests/unit/test-store.c tests/unit/temporary.h
tests_unit_test_store_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_test_store_LDADD = $(STORE_TEST_LIBS)
