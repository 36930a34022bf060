"""Each rule of the policy taken out, one at a time: those of the table, which the plans of tests/golden/policy must miss, and those
that acuse-provisiond judges, which a unit test must. A rule that nobody misses is one that nobody tests. Prints killed/total;
fails when one lives."""
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


# What provisiond judges: the rule, its source, the test, the line that is changed and what it becomes.
JUDGED = (
    ("P15", "provision/sends.c", "test-limits", "if (!intent->seen && !limits_count(", "if (FALSE && !limits_count("),
    ("P10 and S10, registered", "provision/register_check.c", "test-register",
     "return check_expediente(&check, row, error) &&", "return"),
    ("D9", "provision/register_check.c", "test-register", "&& check_authorisation(&check, row, error)", ""),
)


def of_make(*variables):
    """Their values in the build."""
    words = " ".join(f"$({name})" for name in variables)
    return shlex.split(run(["make", "-s", f"--eval=pv: ; @echo '{words}'", "pv"], cwd=BUILD).stdout)


def build_judge(folder, source, test, text):
    """A test of provisiond with this source before the library's own."""
    changed, program = os.path.join(folder, os.path.basename(source)), os.path.join(folder, test)
    with open(changed, "w", encoding="utf-8") as file:
        file.write(text)
    made = run(["make", "-s", f"tests/unit/{test}"], cwd=BUILD)
    name = "tests_unit_" + test.replace("-", "_")
    done = made if made.returncode != 0 else run(
        ["gcc", *of_make("DEFS", "AM_CPPFLAGS", "provision_libprovision_a_CPPFLAGS"), "-w", "-std=gnu11", *glib("--cflags"), changed,
         *of_make(name + "_OBJECTS", name + "_LDADD", "LIBS"), "-o", program], cwd=BUILD)
    if done.returncode != 0:
        raise Failure(done.stderr[-2000:])
    return program


def judged(folder):
    """The rules of JUDGED that nobody misses."""
    alive = []
    for rule, source, test, line, instead in JUDGED:
        with open(os.path.join(TOP, source), encoding="utf-8") as file:
            text = file.read()
        if text.count(line) != 1:
            raise Failure(f"{source} has no {line}")
        if run([build_judge(folder, source, test, text)], cwd=BUILD).returncode != 0:
            raise Failure(f"{test} fails with the whole source")
        if run([build_judge(folder, source, test, text.replace(line, instead))], cwd=BUILD).returncode == 0:
            alive.append(rule)
    return alive


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
        alive += judged(folder)
    total = len(rules) + len(JUDGED)
    print(f"rules taken out: {total - len(alive)}/{total} killed", *alive)
    if alive:
        raise Failure(f"no test misses {' '.join(alive)}")
