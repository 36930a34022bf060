sbin_PROGRAMS += acuse-signer
acuse_signer_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(P11_CFLAGS) $(SECCOMP_CFLAGS) $(SYSTEMD_CFLAGS)
acuse_signer_SOURCES = \
	milter/signer/afar.c milter/signer/afar.h \
	milter/signer/bindings.c milter/signer/bindings.h \
	milter/signer/confine.c milter/signer/confine.h \
	milter/signer/credential.c milter/signer/credential.h \
	milter/signer/fair_queue.c milter/signer/fair_queue.h \
	milter/signer/header_block.c milter/signer/header_block.h \
	milter/signer/job.c milter/signer/job.h \
	milter/signer/hidden.c milter/signer/hidden.h \
	milter/signer/keeper.c milter/signer/keeper.h \
	milter/signer/main.c \
	milter/signer/metrics.c milter/signer/metrics.h \
	milter/signer/permit_uses.c milter/signer/permit_uses.h \
	milter/signer/place.c milter/signer/place.h \
	milter/signer/pool.c milter/signer/pool.h \
	milter/signer/request.c milter/signer/request.h \
	milter/signer/server.c milter/signer/server.h \
	milter/signer/slot.c milter/signer/slot.h \
	milter/signer/tally.c milter/signer/tally.h \
	milter/signer/token.c milter/signer/token.h \
	milter/signer/worker.c milter/signer/worker.h
acuse_signer_LDADD = lib/cms/libcms.a lib/signer/libsignerproto.a lib/base/libbase.a \
	$(P11_LIBS) $(OPENSSL_LIBS) $(SECCOMP_LIBS) $(SYSTEMD_LIBS) $(GLIB_LIBS)

dist_man_MANS += milter/signer/acuse-signer.8
