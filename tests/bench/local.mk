# make bench [BENCH=name]: builds what it runs; figures in a table, each beside a peer of the same run (tests/bench/README.md).
BENCH_BUILT = tests/bench/milter-load tests/bench/trivial-milter tests/bench/ledger-load tests/bench/sign-load
EXTRA_PROGRAMS += $(BENCH_BUILT)
tests_bench_milter_load_SOURCES = tests/bench/milter-load.c
tests_bench_milter_load_LDADD = $(GLIB_LIBS) -lpthread
tests_bench_trivial_milter_SOURCES = tests/bench/trivial-milter.c
tests_bench_trivial_milter_LDADD = $(MILTER_LIBS) -lpthread
tests_bench_ledger_load_SOURCES = tests/bench/ledger-load.c tests/bench/ledger-peers.c tests/bench/ledger-peers.h
tests_bench_ledger_load_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_bench_ledger_load_LDADD = $(STORE_TEST_LIBS)
tests_bench_sign_load_SOURCES = tests/bench/sign-load.c
tests_bench_sign_load_CPPFLAGS = $(AM_CPPFLAGS) -I/usr/include/p11-kit-1
tests_bench_sign_load_LDADD = lib/signer/libsignerproto.a lib/cms/libcms.a lib/base/libbase.a $(OPENSSL_LIBS) $(GLIB_LIBS) -ldl -lpthread
CLEANFILES += $(BENCH_BUILT)
EXTRA_DIST += tests/bench/README.md tests/bench/run tests/bench/table.py tests/bench/gateway.py tests/bench/bench_milter.py \
	tests/bench/bench_postfix.py tests/bench/bench_ledger.py tests/bench/bench_memory.py tests/bench/bench_size.py tests/bench/bench_judge.py tests/bench/bench_mutation.py \
	tests/bench/bench_sign.py tests/bench/bench_constant.py tests/bench/bench_hold.py tests/bench/bench_keys.py tests/bench/bench_accounts.py

.PHONY: bench
bench: $(sbin_PROGRAMS) $(bin_PROGRAMS) $(BENCH_BUILT) $(FAULT_LIBS)
	ACUSE_BUILD=$(abs_builddir) /usr/bin/python3 -B $(srcdir)/tests/bench/run $(BENCH)
