"""Copies the source tree without what a build left in it, so that it can be built elsewhere and stays as it is.

    sources.py FROM TO
"""
import filecmp
import os
import shutil
import sys

LEFT_BY_A_BUILD = {".git", "autom4te.cache", ".deps", ".dirstamp", "config.status", "config.log", "Makefile",
                   "__pycache__"}
ENDINGS = (".o", ".a", ".lo", ".la", ".log", ".trs")


def is_program(path):
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def left_by_a_build(path, name):
    return name in LEFT_BY_A_BUILD or name.endswith(ENDINGS) or (os.path.isfile(path) and is_program(path))


def is_same(one, other):
    if os.path.islink(one) or os.path.islink(other) or not os.path.isfile(other):
        return False
    return os.stat(one).st_mode == os.stat(other).st_mode and filecmp.cmp(one, other, shallow=False)


def copy(source, target):
    """An older copy in `target` is brought up to date. What changed gets the time of now, for the tree's own times may be
    older than what was made of the last copy; what did not keeps its time, so make builds only what changed.
    """
    os.makedirs(target, exist_ok=True)
    inside = os.path.realpath(target)
    for name in sorted(os.listdir(source)):
        one, other = os.path.join(source, name), os.path.join(target, name)
        if os.path.realpath(one) == inside or left_by_a_build(one, name):
            continue
        if os.path.islink(one) or not os.path.isdir(one):
            if is_same(one, other):
                continue
            if os.path.lexists(other):
                os.unlink(other)
            shutil.copy(one, other, follow_symlinks=False)
        else:
            copy(one, other)


if __name__ == "__main__":
    copy(sys.argv[1], sys.argv[2])
