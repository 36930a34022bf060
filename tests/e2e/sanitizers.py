"""What AddressSanitizer and UndefinedBehaviorSanitizer say of the gateway's programs, when they were built with them.

The daemons run as users of their own, so the reports go to a folder in which all may write; those of
UndefinedBehaviorSanitizer, which does not know of it beside the other, stand in the daemons' logs. A program that was not
built for it does not read the variables.
"""
import glob
import os
import re
import shutil
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEAKS = os.path.join(TOP, "tests", "suppressions", "lsan.supp")
# A line that says so, and the stack below it.
REPORT = re.compile(r"^.*(?:: runtime error: |ERROR: \w+Sanitizer|double free|corrupted).*\n(?: +#.*\n)*", re.M)


class Reports:
    """Set up before anything starts; found() when everything has ended, for leaks are told at the end of a program."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="acuse-reports-", dir="/tmp")
        os.chmod(self.folder, 0o1777)
        # The source tree may be closed to the daemons' users.
        leaks = os.path.join(self.folder, "lsan.supp")
        shutil.copyfile(LEAKS, leaks)
        os.chmod(leaks, 0o644)
        where = f"log_path={self.folder}/report:log_exe_name=1"
        # GLib's own allocator would hide leaks and uses after free.
        os.environ["G_SLICE"] = "always-malloc"
        for name, options in (("ASAN_OPTIONS", where + ":detect_leaks=1:halt_on_error=1"),
                              ("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1"),
                              ("LSAN_OPTIONS", f"suppressions={leaks}:print_suppressions=0")):
            os.environ[name] = ":".join(filter(None, (options, os.environ.get(name))))

    def found(self, logs):
        """(where, text) of each report, also of those that stand in a log of the folder `logs`."""
        for path in sorted(glob.glob(os.path.join(self.folder, "report.*"))):
            with open(path, encoding="utf-8", errors="replace") as file:
                yield os.path.basename(path).removeprefix("report."), file.read()
        for path in sorted(glob.glob(os.path.join(logs, "*.log"))):
            with open(path, encoding="utf-8", errors="replace") as file:
                for report in REPORT.findall(file.read()):
                    yield os.path.basename(path), report

    def remove(self):
        shutil.rmtree(self.folder)
