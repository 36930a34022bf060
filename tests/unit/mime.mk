# unit tests of mime
mime_tests = tests/unit/test-mime-facts tests/unit/test-mime-rewrite tests/unit/test-mime-sevenbit tests/unit/test-mime-smime \
	tests/unit/test-mime-report tests/unit/test-mime-corpus tests/unit/test-golden \
	tests/unit/test-signature tests/unit/test-mime-quote tests/unit/test-mime-attachments \
	tests/unit/test-identity
check_PROGRAMS += $(mime_tests)
TESTS += $(mime_tests)
mime_test_libs = lib/mime/libmime.a lib/core/libcore.a lib/base/libbase.a \
	$(GMIME_LIBS) $(GUMBO_LIBS) $(GLIB_LIBS) $(CMOCKA_LIBS)
tests_unit_test_mime_facts_SOURCES = tests/unit/test-mime-facts.c
tests_unit_test_mime_facts_LDADD = $(mime_test_libs)
mime_fixture = tests/unit/mime_fixture.c tests/unit/mime_fixture.h
tests_unit_test_mime_rewrite_SOURCES = tests/unit/test-mime-rewrite.c $(mime_fixture)
tests_unit_test_mime_rewrite_LDADD = $(mime_test_libs)
tests_unit_test_mime_sevenbit_SOURCES = tests/unit/test-mime-sevenbit.c $(mime_fixture)
tests_unit_test_mime_sevenbit_LDADD = $(mime_test_libs)
tests_unit_test_mime_smime_SOURCES = tests/unit/test-mime-smime.c
tests_unit_test_mime_smime_LDADD = $(mime_test_libs)
tests_unit_test_mime_report_SOURCES = tests/unit/test-mime-report.c
tests_unit_test_mime_report_LDADD = $(mime_test_libs)
tests_unit_test_mime_corpus_SOURCES = tests/unit/test-mime-corpus.c
tests_unit_test_mime_corpus_CPPFLAGS = $(AM_CPPFLAGS) -DTOP_SRCDIR='"$(abs_top_srcdir)"'
tests_unit_test_mime_corpus_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_mime_corpus_LDADD = $(mime_test_libs) $(JANSSON_LIBS)
tests_unit_test_golden_SOURCES = tests/unit/test-golden.c
tests_unit_test_golden_CPPFLAGS = $(AM_CPPFLAGS) -DGOLDEN_FOLDER='"$(abs_top_srcdir)/tests/golden"'
tests_unit_test_golden_LDADD = $(mime_test_libs)
tests_unit_test_signature_SOURCES = tests/unit/test-signature.c tests/unit/temporary.h
tests_unit_test_signature_LDADD = $(mime_test_libs)
tests_unit_test_mime_attachments_SOURCES = tests/unit/test-mime-attachments.c
tests_unit_test_mime_attachments_LDADD = $(mime_test_libs)
tests_unit_test_mime_quote_SOURCES = tests/unit/test-mime-quote.c
tests_unit_test_mime_quote_LDADD = $(mime_test_libs)
tests_unit_test_identity_SOURCES = tests/unit/test-identity.c
tests_unit_test_identity_CPPFLAGS = $(AM_CPPFLAGS) -DIDENTITY_FOLDER='"$(abs_top_srcdir)/tests/golden/identity"'
tests_unit_test_identity_LDADD = $(mime_test_libs)
EXTRA_DIST += tests/golden
