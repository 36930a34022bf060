"""The collected S/MIME verifiers (verify-all.sh), beside the source or where ACUSE_CORPORA's neighbour is."""
import glob
import os
import shutil
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What each verifier of verify-all.sh needs, by the name it prints: programs, and files by pattern.
VERIFIERS = {
    "openssl": (("openssl",), ()),
    "gpgsm": (("gpgsm",), ()),
    "nss": (("certutil", "cmsutil"), ()),
    "gnutls": (("certtool",), ()),
    "bouncycas": (("java", "javac"), ("/usr/share/java/bcmail.jar",)),
    "s-nail": (("s-nail",), ()),
    "camel": ((), ("/usr/lib/*/girepository-1.0/Camel-1.2.typelib", "/usr/lib/python3/dist-packages/gi")),
}


def script():
    """Where verify-all.sh would be."""
    collected = os.environ.get("ACUSE_CORPORA") or os.path.join(os.path.dirname(TOP), "shared", "corpora")
    return os.path.join(os.path.dirname(collected), "verifiers", "verify-all.sh")


def missing():
    return [name for name, (programs, files) in VERIFIERS.items()
            if not all(map(shutil.which, programs)) or not all(map(glob.glob, files))]


def ask(path, ca):
    """(names of those that say good, the lines of all, whether every one that can run said good)"""
    done = subprocess.run([script(), path, ca], capture_output=True, text=True, check=False, timeout=300)
    lines = [line for line in done.stdout.splitlines() if " GOOD" in line or " BAD" in line]
    good = [line.split()[0] for line in lines if line.split()[1] == "GOOD"]
    return good, "; ".join(lines) or done.stdout + done.stderr, set(VERIFIERS) - set(missing()) <= set(good)
