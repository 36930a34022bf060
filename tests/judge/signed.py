"""The multipart/signed that leaves: taken apart by its bytes, its form judged, its signature checked by other people's programs."""
import os
import re
import subprocess

from compare import MAX_LINE_BYTES, need, squeeze

COPIES = (b"from", b"to", b"cc", b"subject", b"date", b"message-id")


def boundary_of(message):
    types = message.values(b"Content-Type")
    need(len(types) == 1, "a signed mail has one Content-Type")
    value = types[0].decode().replace("\n", "")
    need(re.match(r"\s*multipart/signed\s*;", value), "it is not multipart/signed")
    need(re.search(r'protocol="application/pkcs7-signature"', value), "the protocol is missing")
    need(re.search(r'micalg="?sha-256"?', value), "micalg is missing")
    found = re.search(r'boundary="([^"]+)"', value)
    need(found, "there is no boundary")
    return found[1].encode()


def split(message):
    """(entity, the part with the CMS); nothing stands before, between or after them."""
    line = b"--" + boundary_of(message)
    need(message.body.startswith(line + b"\r\n"), "there is a preamble")
    need(message.body.endswith(b"\r\n" + line + b"--\r\n"), "there is an epilogue")
    inside = message.body[len(line) + 2:-len(line) - 6]
    parts = inside.split(b"\r\n" + line + b"\r\n")
    need(len(parts) == 2, f"a signed mail has 2 parts, not {len(parts)}")
    return parts


def check_form(message):
    """Seven bits, CRLF, short lines, and copies of the outer fields under hp="clear". Returns the entity."""
    entity, signature = split(message)
    need(entity.isascii() and b"\0" not in entity, "the entity is not 7-bit")
    need(not re.search(rb"\r(?!\n)|(?<!\r)\n", entity), "the entity has a bare CR or LF")
    need(all(len(one) <= MAX_LINE_BYTES for one in entity.split(b"\r\n")), "the entity has a long line")
    need(re.search(rb"(?i)^content-type: application/pkcs7-signature", signature), "the second part is no signature")
    head = entity.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n")
    fields = [tuple(part.strip() for part in line.split(b":", 1)) for line in head]
    types = [value for name, value in fields if name.lower() == b"content-type"]
    need(len(types) == 1 and re.search(rb'hp="clear"', types[0]), 'hp="clear" is not in the one Content-Type of the entity')
    for name in COPIES:
        inner = [flat(value) for one, value in fields if one.lower() == name]
        need(inner == [flat(value) for value in message.values(name)], f"the copy of {name.decode()} differs")
    return entity


def flat(value):
    return squeeze(value.decode("utf-8", "surrogateescape"))


class Verifiers:
    """openssl and gpgsm, with the CA of the private gateway; none knows of the other."""

    def __init__(self, folder, ca):
        self.folder, self.ca = folder, ca
        self.home = os.path.join(folder, "gnupg")
        os.makedirs(self.home, mode=0o700)
        said = self.run("openssl", "x509", "-in", ca, "-noout", "-fingerprint", "-sha1").stdout.decode()
        self.write("gnupg/trustlist.txt", said.partition("=")[2].strip().encode() + b" S relax\n")
        self.write("gnupg/gpgsm.conf", b"disable-crl-checks\n")
        self.env = dict(os.environ, GNUPGHOME=self.home)
        need(self.run("gpgsm", "--batch", "-q", "--import", ca, env=self.env).returncode == 0, "gpgsm does not take the CA")

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    @staticmethod
    def run(*argv, env=None):
        return subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=60, env=env)

    def openssl(self, message, name):
        path = self.write(name + ".eml", message.bytes())
        done = self.run("openssl", "cms", "-verify", "-in", path, "-CAfile", self.ca, "-purpose", "smimesign", "-out",
                        os.devnull)
        os.unlink(path)
        need(done.returncode == 0, f"openssl: {done.stderr.decode(errors='replace')[-200:]}")

    def gpgsm(self, message, name):
        entity, signature = split(message)
        encoded = signature.partition(b"\r\n\r\n")[2]
        content = self.write(name + ".content", entity)
        cms = self.write(name + ".p7s", b"-----BEGIN PKCS7-----\n" + encoded.replace(b"\r\n", b"\n").strip()
                         + b"\n-----END PKCS7-----\n")
        done = self.run("gpgsm", "--batch", "--status-fd", "1", "--verify", cms, content, env=self.env)
        os.unlink(content)
        os.unlink(cms)
        said = done.stdout.decode(errors="replace")
        need("GOODSIG" in said and re.search("TRUST_(FULLY|ULTIMATE)", said),
             f"gpgsm: {said[-200:]}{done.stderr.decode(errors='replace')[-200:]}")

    def stop(self):
        self.run("gpgconf", "--kill", "all", env=self.env)
