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

check_PROGRAMS += tests/unit/test-blobs
TESTS += tests/unit/test-blobs
tests_unit_test_blobs_SOURCES = tests/unit/test-blobs.c
tests_unit_test_blobs_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_test_blobs_LDADD = $(STORE_TEST_LIBS)

check_PROGRAMS += tests/unit/test-http
TESTS += tests/unit/test-http
tests_unit_test_http_SOURCES = tests/unit/test-http.c
tests_unit_test_http_CFLAGS = $(STORE_TEST_CFLAGS) $(CURL_CFLAGS)
tests_unit_test_http_LDADD = $(STORE_TEST_LIBS)

check_PROGRAMS += tests/unit/test-replies
TESTS += tests/unit/test-replies
tests_unit_test_replies_SOURCES = tests/unit/test-replies.c
tests_unit_test_replies_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_test_replies_LDADD = $(STORE_TEST_LIBS)

check_PROGRAMS += tests/unit/test-outbox
TESTS += tests/unit/test-outbox
tests_unit_test_outbox_SOURCES = tests/unit/test-outbox.c tests/unit/eventually.h tests/unit/temporary.h
tests_unit_test_outbox_CFLAGS = $(STORE_TEST_CFLAGS)
tests_unit_test_outbox_LDADD = $(STORE_TEST_LIBS)

check_PROGRAMS += tests/unit/test-heads
TESTS += tests/unit/test-heads
tests_unit_test_heads_SOURCES = tests/unit/test-heads.c
tests_unit_test_heads_CFLAGS = $(STORE_TEST_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_heads_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
