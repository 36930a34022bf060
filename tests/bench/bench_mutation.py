"""Each rule of the policy taken out of its table, one at a time: a rule that no plan of tests/golden/policy misses is one that
nobody tests. Prints killed/total; fails when one lives."""
import os
import re
import shlex
import subprocess
import tempfile

from gateway import BUILD, TOP, Failure

RULES = os.path.join(TOP, "lib", "core", "rules", "rules.c")
LINE = re.compile(r"^\t&(rule_\w+),\n", re.MULTILINE)


def run(argv, **more):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **more)


def glib(what):
    return shlex.split(run(["pkg-config", what, "glib-2.0", "gio-2.0", "cmocka"]).stdout)


def build(folder, text):
    """The program of the plans with this table before the library's own: the linker takes the first."""
    source, program = os.path.join(folder, "rules.c"), os.path.join(folder, "mutant")
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    unit = os.path.join(TOP, "tests", "unit")
    parts = [os.path.join(unit, name) for name in ("test-policy-golden.c", "policy-plan-text.c", "policy-claims.c", "policy-case.c", "policy-fixture.c")]
    done = run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", f"-I{TOP}/lib", f"-I{unit}",
                f'-DGOLDEN_FOLDER="{TOP}/tests/golden"', *glib("--cflags"), *parts, source,
                os.path.join(BUILD, "lib/core/libcore.a"), os.path.join(BUILD, "lib/base/libbase.a"), *glib("--libs"), "-o", program])
    if done.returncode != 0:
        raise Failure(done.stderr[-2000:])
    return program


def main():
    with open(RULES, encoding="utf-8") as file:
        text = file.read()
    env = {name: value for name, value in os.environ.items() if name != "ACUSE_GOLDEN_WRITE"}
    alive, rules = [], LINE.findall(text)
    with tempfile.TemporaryDirectory() as folder:
        if not rules or run([build(folder, text)], env=env).returncode != 0:
            raise Failure("the plans fail with the whole table")
        for rule in rules:
            if run([build(folder, text.replace(f"\t&{rule},\n", "", 1))], env=env).returncode == 0:
                alive.append(rule)
    print(f"rules taken out of the table: {len(rules) - len(alive)}/{len(rules)} killed", *alive)
    if alive:
        raise Failure(f"no test misses {' '.join(alive)}")
