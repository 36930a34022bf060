# The decisions are a library of their own, so that tests can make each service fail.
noinst_LIBRARIES += milter/libmilterdecide.a
milter_libmilterdecide_a_SOURCES = \
	milter/evidence.c milter/evidence.h \
	milter/compress.c milter/compress.h \
	milter/date.c milter/date.h \
	milter/inbound.c milter/inbound.h \
	milter/incoming.c milter/incoming.h \
	milter/intent.c milter/intent.h \
	milter/options.c milter/options.h \
	milter/metrics.c milter/metrics.h \
	milter/outcome.c milter/outcome.h \
	milter/local_mail.c milter/local_mail.h \
	milter/outgoing.c milter/outgoing.h \
	milter/holding.c milter/second_stage.c milter/second_stage.h \
	milter/recording.c milter/rewriting.c milter/work.h \
	milter/services.h milter/deadline.c \
	milter/session.c milter/session.h
milter_libmilterdecide_a_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)

MILTER_DECIDE_LIBS = milter/libmilterdecide.a lib/inspect/libinspect.a \
	lib/mime/libmime.a lib/archive/libarchivelook.a lib/cms/libcms.a lib/api/libapi.a lib/signer/libsignerproto.a \
	lib/core/libcore.a lib/base/libbase.a \
	$(GMIME_LIBS) $(GUMBO_LIBS) $(OPENSSL_LIBS) $(CURL_LIBS) $(JANSSON_LIBS) $(ARCHIVE_LIBS) $(GLIB_LIBS)

sbin_PROGRAMS += acuse-milter
acuse_milter_SOURCES = \
	milter/api_pool.c milter/api_pool.h \
	milter/apply.c milter/apply.h \
	milter/callbacks.c milter/callbacks.h \
	milter/main.c milter/services.c
acuse_milter_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS) $(SYSTEMD_CFLAGS)
acuse_milter_LDADD = lib/directory/libdirectory.a $(MILTER_DECIDE_LIBS) \
	$(LDAP_LIBS) $(MILTER_LIBS) $(SYSTEMD_LIBS) -lpthread

EXTRA_DIST += contrib/systemd/acuse-milter@.service milter/README.md

dist_man_MANS += milter/acuse-milter.8
