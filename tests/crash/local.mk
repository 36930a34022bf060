# Run by contrib/run-tests: they need the private gateway and the fault kit.
EXTRA_DIST += tests/crash/run tests/crash/faults.py tests/crash/test_crash.py tests/crash/test_keeping.py tests/crash/test_life.py
