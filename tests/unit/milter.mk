# unit tests of milter
check_PROGRAMS += tests/unit/test-archive tests/unit/test-compress tests/unit/test-inspect tests/unit/test-session tests/unit/test-metrics tests/unit/test-outgoing tests/unit/test-evidence-milter
TESTS += tests/unit/test-archive tests/unit/test-compress tests/unit/test-inspect tests/unit/test-session tests/unit/test-metrics tests/unit/test-outgoing tests/unit/test-evidence-milter \
	tests/unit/milter-protocol.py
EXTRA_DIST += tests/unit/milter-fakes.h tests/unit/milter-protocol.py

tests_unit_test_session_SOURCES = tests/unit/test-session.c
tests_unit_test_session_LDADD = $(MILTER_DECIDE_LIBS) $(UNIT_LIBS)
tests_unit_test_metrics_SOURCES = tests/unit/test-metrics.c tests/unit/temporary.h
tests_unit_test_metrics_LDADD = $(MILTER_DECIDE_LIBS) $(UNIT_LIBS)
tests_unit_test_outgoing_SOURCES = tests/unit/test-outgoing.c tests/unit/outgoing-mail.h tests/unit/milter-fakes.c
tests_unit_test_outgoing_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_outgoing_LDADD = $(MILTER_DECIDE_LIBS) $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test-recording
TESTS += tests/unit/test-recording
tests_unit_test_recording_SOURCES = tests/unit/test-recording.c tests/unit/outgoing-mail.h tests/unit/milter-fakes.c
tests_unit_test_recording_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_recording_LDADD = $(MILTER_DECIDE_LIBS) $(UNIT_LIBS)
tests_unit_test_evidence_milter_SOURCES = tests/unit/test-evidence-milter.c tests/unit/milter-fakes.c
tests_unit_test_evidence_milter_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_evidence_milter_LDADD = $(MILTER_DECIDE_LIBS) $(UNIT_LIBS)
tests_unit_test_archive_SOURCES = tests/unit/test-archive.c tests/unit/archives.c tests/unit/archives.h
tests_unit_test_archive_CFLAGS = $(AM_CFLAGS) $(ARCHIVE_CFLAGS)
tests_unit_test_archive_LDADD = lib/archive/libarchivelook.a $(ARCHIVE_LIBS) $(GLIB_LIBS) $(UNIT_LIBS)
tests_unit_test_inspect_SOURCES = tests/unit/test-inspect.c tests/unit/archives.c tests/unit/archives.h
tests_unit_test_inspect_CPPFLAGS = $(AM_CPPFLAGS) -DLOOKER='"$(abs_top_builddir)/acuse-look"'
EXTRA_tests_unit_test_inspect_DEPENDENCIES = acuse-look
tests_unit_test_inspect_CFLAGS = $(AM_CFLAGS) $(ARCHIVE_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_inspect_LDADD = $(MILTER_DECIDE_LIBS) $(UNIT_LIBS)
tests_unit_test_compress_SOURCES = tests/unit/test-compress.c
tests_unit_test_compress_LDADD = $(MILTER_DECIDE_LIBS) $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test-pdf-signature
TESTS += tests/unit/test-pdf-signature
tests_unit_test_pdf_signature_SOURCES = tests/unit/test-pdf-signature.c tests/unit/temporary.h
tests_unit_test_pdf_signature_LDADD = $(MILTER_DECIDE_LIBS) $(UNIT_LIBS)
# Faults between the real parts: the linker's --wrap.
check_PROGRAMS += tests/unit/test-spoilt
TESTS += tests/unit/test-spoilt
tests_unit_test_spoilt_SOURCES = tests/unit/test-spoilt.c tests/unit/outgoing-mail.h tests/unit/milter-fakes.c
tests_unit_test_spoilt_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_spoilt_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=splice_apply,--wrap=splice_insert,--wrap=codec_write_qp,--wrap=codec_write_base64,--wrap=mime_to_7bit,--wrap=smime_wrap
tests_unit_test_spoilt_LDADD = $(MILTER_DECIDE_LIBS) $(UNIT_LIBS)
