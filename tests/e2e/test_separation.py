"""Each daemon as if it were taken over: what its user reaches of the signer, by real connections and files; and what the kernel says of the
signer's own processes."""
from harness import *
from keys import SEAL_TOKEN

DAEMONS = ("outgoing", "evidence", "provision")
OPERATIONS = ("sign", "bind", "seal", "status", "certificates", "lock", "signed", "offer", "unlock-sealed", "unlock", "identity")

# Asks each operation of the socket in argv[1]; the client module is in the folder of argv[0].
ASKER = """
import socket, sys
import signer_client as client
for operation in sys.argv[2:]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        one.settimeout(30)
        try:
            one.connect(sys.argv[1])
        except PermissionError:
            print(operation, "unreachable")
            continue
        words = ("token", b"%s\\0", "s"), ("pin", b"000000\\0", "s")
        one.send(client.packet(1, operation, [client.entry(*word) for word in words]))
        answer = one.recv(1 << 20)
    print(operation, answer[4:answer.index(b"\\0", 4)].decode())
""" % OFFICE_TOKEN


def as_daemon(name, *more_groups):
    return processes.as_user(UIDS[name], UIDS[name], [*Gateway.places.state["groups"][name], *more_groups])


def asked(user, socket_name, *operations):
    """{operation: the answer's word, or "unreachable"} for a process with that user and groups."""
    places = Gateway.places
    with open(os.path.join(TOP, "tests", "e2e", "signer_client.py"), "rb") as file:
        places.write(file.read(), "work", "signer_client.py")
    script = places.write(ASKER, "work", "ask_signer.py")
    done = subprocess.run([*user, "/usr/bin/python3", "-B", script, places.path("run", "signer", socket_name), *operations],
                          capture_output=True, text=True, check=True)
    return dict(line.split() for line in done.stdout.splitlines())


def status_of(pid, member):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return re.search(rf"^{member}:\s*(.*)$", file.read(), re.M)[1].split()


def below(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        children = file.read().split()
    return children + [one for child in children for one in below(child)]


class Doors(Case):
    def test_the_evidence_milter_reaches_none(self):
        for socket_name in ("sign.sock", "control.sock", "unlock.sock"):
            words = asked(as_daemon("evidence"), socket_name, *OPERATIONS)
            self.assertEqual(set(words.values()), {"unreachable"}, words)

    def test_nor_when_somebody_gave_it_the_group(self):
        for socket_name in ("sign.sock", "control.sock", "unlock.sock"):
            words = asked(as_daemon("evidence", daemons.GROUPS["signer"]), socket_name, *OPERATIONS)
            self.assertEqual(set(words.values()), {"forbidden"}, words)

    def test_the_outgoing_milter_only_signs(self):
        # Without a permit that is refused too, as what it is.
        self.assertEqual(asked(as_daemon("outgoing"), "sign.sock", "sign"), {"sign": "permit"})
        words = asked(as_daemon("outgoing"), "sign.sock", *OPERATIONS[1:])
        self.assertEqual(set(words.values()), {"invalid"}, words)
        for socket_name in ("control.sock", "unlock.sock"):
            words = asked(as_daemon("outgoing"), socket_name, *OPERATIONS)
            self.assertEqual(set(words.values()), {"forbidden"}, words)

    def test_provisiond_neither_signs_nor_unlocks(self):
        for socket_name in ("sign.sock", "unlock.sock"):
            words = asked(as_daemon("provision"), socket_name, *OPERATIONS)
            self.assertEqual(set(words.values()), {"forbidden"}, words)
        self.assertEqual(asked(as_daemon("provision"), "control.sock", "sign", "unlock", "identity", "status"),
                         {"sign": "invalid", "unlock": "invalid", "identity": "invalid", "status": "ok"})

    def test_no_pin_of_theirs_was_tried(self):
        """A wrong one would have been an attempt less for the holder."""
        with open(self.places.log("signer"), encoding="utf-8") as log:
            log.seek(0, os.SEEK_END)
            self.assertEqual(asked(as_daemon("outgoing"), "unlock.sock", "unlock"), {"unlock": "forbidden"})
            self.assertNotIn("pin", log.read())


class Files(Case):
    OWN = {  # of the signer, and who else reads them
        ("acuse", "permit.key"): ("provision",),
        ("state", "signer", "bindings"): (),
        ("credentials", f"pin.{SEAL_TOKEN}"): (),
        ("tokens",): (),
    }

    def test_who_reads_them(self):
        for words, readers in self.OWN.items():
            path = self.places.path(*words)
            self.assertTrue(os.path.exists(path), path)
            for name in ("signer", *DAEMONS):
                with self.subTest(path=path, user=name):
                    done = subprocess.run([*as_daemon(name), "ls" if os.path.isdir(path) else "cat", path], capture_output=True, check=False)
                    self.assertEqual(done.returncode == 0, name == "signer" or name in readers, done.stderr)


class Processes(Case):
    def all(self):
        pid = str(self.places.state["processes"]["signer"][0])
        return [pid, *below(pid)]

    def workers(self):
        """A keeper and the process with the module, for each token that is unlocked."""
        return self.all()[1:]

    def test_there_are_workers(self):
        self.assertGreaterEqual(len(self.workers()), 4)

    def test_no_core_file(self):
        for pid in self.all():
            with open(f"/proc/{pid}/limits", encoding="ascii") as file:
                self.assertRegex(file.read(), r"(?m)^Max core file size +0 +0 ")

    def test_their_own_user_reads_nothing_of_them(self):
        """PR_SET_DUMPABLE 0: the files of the process belong to root."""
        for pid in self.all():
            self.assertEqual(status_of(pid, "Uid"), [str(UIDS["signer"])] * 4)
            for name in ("mem", "environ", "maps", "fd"):
                path = f"/proc/{pid}/{name}"
                with self.subTest(path=path):
                    self.assertEqual(os.stat(path).st_uid, 0)
                    done = subprocess.run([*as_daemon("signer"), "ls" if name == "fd" else "head", *([] if name == "fd" else ["-c1"]), path],
                                          capture_output=True, check=False)
                    self.assertNotEqual(done.returncode, 0)

    def test_the_workers_gave_rights_up(self):
        for pid in self.workers():
            self.assertEqual(status_of(pid, "NoNewPrivs"), ["1"])
            self.assertEqual(status_of(pid, "Seccomp"), ["2"])
            self.assertEqual(status_of(pid, "CapEff"), ["0" * 16])
            self.assertEqual(status_of(pid, "Threads"), ["1"])

    def test_the_workers_have_no_other_sockets(self):
        """The one to their parent, and nothing that was open in it."""
        for pid in self.workers():
            names = [os.readlink(f"/proc/{pid}/fd/{one}") for one in os.listdir(f"/proc/{pid}/fd")]
            self.assertEqual(len([name for name in names if name.startswith("socket:")]), 1, names)
            for path in ("permit.key", "bindings", "signed-", "credentials"):
                self.assertFalse([name for name in names if path in name], names)
