# `make coverage`: which lines of the libraries and programs the unit tests and fuzz seeds reach. Builds what `make dist` would pack in
# the folder coverage-build; the figure of lib/core comes last. HTML: genhtml coverage-build/all.info -o FOLDER.
COVERAGE_PARTS = lib/base lib/core lib/mime lib/cms lib/directory lib/api lib/signer milter provision

coverage: distdir
	$(MKDIR_P) coverage-build
	cd coverage-build && { test -f config.status || ../$(distdir)/configure --quiet --enable-coverage; }
	cd coverage-build && $(MKDIR_P) $(COVERAGE_PARTS) && find . -name '*.gcda' -delete
	$(MAKE) -C coverage-build all
	$(MAKE) -C coverage-build check TESTS='$(filter-out $(LINTS),$(TESTS))' || echo "some tests failed: the figures are too low"
	cd coverage-build && lcov --quiet --capture --no-external --base-directory . --directory . \
		--directory ../$(distdir) --output-file all.info
	cd coverage-build && for part in $(COVERAGE_PARTS); do \
		lcov --quiet --extract all.info "*/$$part/*" --output-file part.info && \
		printf '%-14s %s\n' $$part "`lcov --summary part.info 2>&1 | sed -n 's/^ *lines[. :]*//p'`"; done
	cd coverage-build && lcov --quiet --extract all.info '*/lib/core/*' --output-file core.info && \
		lcov --list core.info && lcov --summary core.info 2>&1 | sed -n 's/^ *lines[. :]*/lib\/core: /p'

clean-local: clean-coverage
clean-coverage:
	rm -rf coverage-build
.PHONY: coverage clean-coverage
