# What the sanitizers and valgrind need to know, for `make check` under any of them. GLib's own allocator would hide
# leaks and uses after free, so it is out of use in tests. The deadlock detector does not see GLib's locks, and Berkeley
# DB's own latches only make it slow.
AM_TESTS_ENVIRONMENT = \
	G_SLICE=always-malloc; export G_SLICE; \
	ASAN_OPTIONS="detect_leaks=1:$$ASAN_OPTIONS"; export ASAN_OPTIONS; \
	LSAN_OPTIONS="suppressions=$(abs_top_srcdir)/tests/suppressions/lsan.supp:print_suppressions=0:$$LSAN_OPTIONS"; \
	export LSAN_OPTIONS; \
	UBSAN_OPTIONS="print_stacktrace=1:$$UBSAN_OPTIONS"; export UBSAN_OPTIONS; \
	TSAN_OPTIONS="suppressions=$(abs_top_srcdir)/tests/suppressions/tsan.supp:detect_deadlocks=0:$$TSAN_OPTIONS"; \
	export TSAN_OPTIONS;

EXTRA_DIST += tests/suppressions/lsan.supp tests/suppressions/tsan.supp tests/suppressions/valgrind.supp

if TSAN
lib_base_libbase_a_SOURCES += tests/suppressions/tsan-glib.c
endif

# Every program of `make check` under valgrind; what it starts is not followed. A test that has limits of processor time in
# what it calls asks less of it by so many times (ACUSE_TEST_SLOWNESS).
VALGRIND = valgrind
VALGRIND_FLAGS = -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --child-silent-after-fork=yes \
	--suppressions=$(abs_top_srcdir)/tests/suppressions/valgrind.supp
.PHONY: check-valgrind
check-valgrind: $(check_PROGRAMS)
	ACUSE_TEST_SLOWNESS=40 $(MAKE) check-TESTS TESTS='$(filter $(check_PROGRAMS),$(TESTS))' LOG_COMPILER='$(VALGRIND)' LOG_FLAGS='$(VALGRIND_FLAGS)'

# What ThreadSanitizer looks at: the tests of the milter and of provisiond, and of what they share, that have threads.
# With --enable-tsan: make build-tsan-tests && make check-TESTS TESTS="`make -s print-tsan-tests`" check_PROGRAMS=
TSAN_TESTS = tests/unit/test-session tests/unit/test-outgoing tests/unit/test-evidence-milter tests/unit/milter-protocol.py \
	tests/unit/test-client tests/unit/test-directory \
	tests/unit/test-store tests/unit/test-blobs tests/unit/test-http tests/unit/test-outbox tests/unit/test-heads \
	tests/unit/test-sends tests/unit/test-events tests/unit/test-proof tests/unit/test-reconcile \
	tests/unit/test-accounts tests/unit/test-tokens
.PHONY: build-tsan-tests print-tsan-tests
build-tsan-tests: acuse-milter acuse-look $(password_module) $(filter-out %.py,$(TSAN_TESTS))
print-tsan-tests:
	@echo $(TSAN_TESTS)
