"""Where the parts of a private gateway are: folders, ports, users, secrets. Saved as JSON beside them."""
import contextlib
import json
import os
import re
import secrets
import socket

# Users of the daemons: numbers that no package gives out, so that no account has to be made.
UIDS = {"slapd": 61180, "signer": 61181, "provision": 61182, "outgoing": 61183, "evidence": 61184,
        "mail": 61185, "citizen": 61186}
DOMAIN = "muni.test"
HOST = "correo.muni.test"
BASE = "dc=muni,dc=test"
INSTITUTION = "Municipalidad Distrital de Prueba"
CITIZEN_DOMAIN = "ciudadano.test"
CITIZEN = "ciudadano@ciudadano.test"
OFFICE = "secretaria.general"
OFFICE_ADDRESS = f"{OFFICE}@{DOMAIN}"
OFFICE_TOKEN = "secretaria-general"
SEAL_TOKEN = "sello"
EXPEDIENTE = "2026-001234"
PORTS = ("submission", "inbound", "citizen", "imaps", "https", "ldap", "notices", "release")
# A path of a Unix socket has 107 characters at most, the longest of ours takes 40 below the folder.
MAX_FOLDER_CHARS = 64
# Postfix, slapd and Dovecot each quote paths in a way of their own, or not at all.
FOLDER_CHARS = re.compile(r"[A-Za-z0-9/._-]+")


class Failure(Exception):
    """A step that did not work; its text is for the person who ran the command."""


def free_ports(count):
    """Loopback ports that nobody listens on now, below those that the kernel gives to whoever connects (ip(7))."""
    ports = set()
    while len(ports) < count:
        port = secrets.choice(range(10240, 32768))
        with contextlib.suppress(OSError), socket.socket() as one:
            one.bind(("127.0.0.1", port))
            ports.add(port)
    return list(ports)


class Places:
    """Paths below `root`; attributes that have to survive the process are in `state`."""

    def __init__(self, root, state=None):
        if not root:
            raise Failure("the folder's path is empty")
        self.root = os.path.abspath(root)
        if len(self.root) > MAX_FOLDER_CHARS:
            raise Failure(f"{root}: the path is too long for Unix sockets, choose a shorter folder")
        if not FOLDER_CHARS.fullmatch(self.root):
            raise Failure(f"{root}: the path may have letters, digits and . _ - only, since the servers' settings "
                          "take no others")
        self.state = state or {}

    @classmethod
    def new(cls, root):
        places = cls(root)
        places.state = {"ports": dict(zip(PORTS, free_ports(len(PORTS)))),
                        "pins": {OFFICE_TOKEN: str(secrets.randbelow(10**8)).zfill(8),
                                 SEAL_TOKEN: str(secrets.randbelow(10**8)).zfill(8)},
                        "processes": {}}
        return places

    @classmethod
    def load(cls, root):
        try:
            with open(os.path.join(root, "state.json"), encoding="utf-8") as file:
                return cls(root, json.load(file))
        except (OSError, ValueError) as error:
            raise Failure(f"{root} does not hold a private gateway: {error}") from error

    def save(self):
        temporary = self.path("state.json.new")
        with open(temporary, "w", encoding="utf-8", opener=private_opener) as file:
            json.dump(self.state, file, indent=1)
        os.replace(temporary, self.path("state.json"))

    def path(self, *names):
        return os.path.join(self.root, *names)

    def log(self, name):
        return self.path("log", name + ".log")

    def folder(self, *names, uid=0, gid=0, mode=0o755):
        path = self.path(*names)
        os.makedirs(path, exist_ok=True)
        os.chown(path, uid, gid)
        os.chmod(path, mode)
        return path

    def write(self, text, *names, uid=0, gid=0, mode=0o644):
        """A file that is never readable by more than `mode` says, not even for a moment."""
        path = self.path(*names)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        os.chown(path, uid, gid)
        os.chmod(path, mode)
        return path

    def port(self, name):
        return self.state["ports"][name]

    @property
    def ldapi(self):
        return self.path("run", "ldapi")

    @property
    def ldapi_uri(self):
        return "ldapi://" + self.ldapi.replace("%", "%25").replace("/", "%2F")

    @property
    def api(self):
        return self.path("run", "provision", "api.sock")

    @property
    def milter(self):
        return self.path("postfix", "spool", "acuse", "outgoing.sock")

    @property
    def ca(self):
        return self.path("ca", "ca.pem")

    @property
    def citizen_mail(self):
        return self.path("citizen", "mail", "ciudadano")


def private_opener(path, flags):
    return os.open(path, flags, 0o600)
