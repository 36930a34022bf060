"""Ten thousand random messages through the milter, each judged and each signature checked by two verifiers (tests/judge/README.md)."""
import os
import subprocess

from gateway import BUILD, TOP, Failure

TREES = "10000"


def main():
    env = dict(os.environ, ACUSE_BUILD=BUILD, ACUSE_JUDGE_GPGSM="1")
    env.setdefault("ACUSE_JUDGE_TREES", TREES)
    done = subprocess.run([os.path.join(TOP, "tests", "judge", "run"), "trees"], stdin=subprocess.DEVNULL, env=env, check=False)
    if done.returncode != 0:
        raise Failure(f"{env['ACUSE_JUDGE_TREES']} random messages: see above")
