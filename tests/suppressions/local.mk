# What the sanitizers and valgrind need to know, for `make check` under any of them. GLib's own allocator would hide
# leaks and uses after free, so it is out of use in tests.
AM_TESTS_ENVIRONMENT = \
	G_SLICE=always-malloc; export G_SLICE; \
	ASAN_OPTIONS="detect_leaks=1:$$ASAN_OPTIONS"; export ASAN_OPTIONS; \
	LSAN_OPTIONS="suppressions=$(abs_top_srcdir)/tests/suppressions/lsan.supp:print_suppressions=0:$$LSAN_OPTIONS"; \
	export LSAN_OPTIONS; \
	UBSAN_OPTIONS="print_stacktrace=1:$$UBSAN_OPTIONS"; export UBSAN_OPTIONS; \
	TSAN_OPTIONS="suppressions=$(abs_top_srcdir)/tests/suppressions/tsan.supp:second_deadlock_stack=1:$$TSAN_OPTIONS"; \
	export TSAN_OPTIONS;

EXTRA_DIST += tests/suppressions/lsan.supp tests/suppressions/tsan.supp tests/suppressions/valgrind.supp
