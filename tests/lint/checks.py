"""What the checks of tests/lint share: where the tree and the build are, and how cases are told and counted.

A check is run as `tests/lint/NAME [BUILD_FOLDER]`; `make check` runs it in the build folder.
"""
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED = 77


def build_folder():
    return os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.getcwd()


def sources(*endings, parts=("lib", "milter", "provision")):
    """Paths of the tree's own files, from its top, in order."""
    for part in parts:
        for folder, folders, names in os.walk(os.path.join(TOP, part)):
            folders.sort()
            for name in sorted(names):
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(folder, name), TOP)


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def said(argv, **more):
    """What a program writes; its failure is the check's."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)} ended with {done.returncode}: {(done.stderr + done.stdout).strip()}")
    return done.stdout


def need(program):
    """Skips the whole check where a tool is not installed (contrib/packages names it for the tests)."""
    for folder in os.environ.get("PATH", "/usr/bin:/bin").split(":"):
        if os.access(os.path.join(folder, program), os.X_OK):
            return
    print(f"{program} is not installed")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(SKIPPED)


def both_ways(written, real, where_written, where_real):
    """Faults of two dictionaries that have to agree: name -> anything comparable."""
    faults = [f"{name}: is not in {where_written}" for name in sorted(real.keys() - written.keys())]
    faults += [f"{name}: stands in {where_written}, but not in {where_real}"
               for name in sorted(written.keys() - real.keys())]
    faults += [f"{name}: {where_written} says {written[name]!r}, {where_real} says {real[name]!r}"
               for name in sorted(written.keys() & real.keys()) if written[name] != real[name]]
    return faults


def run(cases):
    """cases: (name, function that gives the list of its faults). Ends the program with the count."""
    passed = failed = 0
    for name, check in cases:
        try:
            faults = check()
        except (RuntimeError, OSError, ValueError) as error:
            faults = [str(error)]
        if faults:
            print(f"FAILED: {name}", *faults, sep="\n  ")
            failed += 1
        else:
            passed += 1
    if not passed and not failed:
        print("FAILED: there was nothing to check")
        failed = 1
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)
