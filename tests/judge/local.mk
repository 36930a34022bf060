# Real and random messages through the real milter, judged by software that shares no code with it; contrib/run-tests runs it.
EXTRA_DIST += tests/milter_client.py tests/judge/README.md tests/judge/run tests/judge/station.py tests/judge/suites.py tests/judge/limits.py \
	tests/judge/messages.py tests/judge/reader.py tests/judge/compare.py tests/judge/splices.py tests/judge/signed.py \
	tests/judge/judge.py tests/judge/harms.py tests/judge/trees.py tests/judge/live.py tests/judge/files.py tests/judge/zipped.py \
	tests/judge/protected.py tests/judge/bounds.py tests/judge/subjects.py tests/judge/spoilt.py tests/judge/verifiers.py
