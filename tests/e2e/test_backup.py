"""Backups: made while mail flows, checked before they are put back, and the restoration on record and told."""
import contextlib
import os
import shutil
import subprocess
import threading

from harness import *


class Backup(Case):
    def setUp(self):
        self.folder = self.places.path("state", "provision", "backups")
        self.ledger = self.places.path("state", "provision", "ledger")
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        os.chown(self.folder, UIDS["provision"], UIDS["provision"])

    @classmethod
    def tearDownClass(cls):
        settle()
        super().tearDownClass()

    def create(self):
        return demo.acusectl(self.places, "backup", "create")

    def restore(self, folder):
        argv = [self.places.path("bin", "acusectl"), "--config", self.places.path("acuse", "acuse.conf"), "backup", "restore",
                folder]
        env = dict(os.environ, LC_ALL="C.UTF-8", SUDO_USER="operador")
        done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False)
        return done.returncode, done.stdout + done.stderr

    def with_folder(self, **more):
        logo = self.places.path("acuse", "sello.png")
        shutil.copy(os.path.join(TOP, "tests", "golden", "constancia", "aviso.png"), logo)
        os.chmod(logo, 0o644)
        return configured({"ledger": dict(more, backup_folder=self.folder), "proof": {"logo": logo}}, "provision")

    @contextlib.contextmanager
    def stopped(self):
        processes.stop(self.places, "provision")
        try:
            yield
        finally:
            restart("provision")

    def subjects(self):
        folder = os.path.join(self.places.citizen_mail, "new")
        names = os.listdir(folder) if os.path.isdir(folder) else []
        return [str(mails.parse(os.path.join(folder, name))["Subject"]) for name in names]

    def entries(self):
        return demo.acusectl(self.places, "ledger", "verify", "--trust", self.places.ca)["entries"]

    def test_10_no_folder_no_backup(self):
        with self.assertRaisesRegex(Failure, "backup_folder is not set"):
            self.create()

    def test_20_while_mail_flows_and_back(self):
        with self.with_folder(witnesses=CITIZEN):
            big = notification(4300)
            code, text = retry(big)
            self.assertEqual(code, 250, text)
            sending = threading.Thread(target=lambda: [reply_of(lambda n=n: submit(notification(4310 + n))) for n in range(6)])
            sending.start()
            made = self.create()
            sending.join()
            self.assertEqual(sorted(os.listdir(made["folder"])), ["ledger", "manifest.json", "settings"])
            settings = os.listdir(os.path.join(made["folder"], "settings"))
            self.assertIn("acuse.conf", settings)
            self.assertIn("sello.png", settings)
            later = notification(4330)
            code, text = retry(later)
            self.assertEqual(code, 250, text)
            before = self.entries()
            code, text = self.restore(made["folder"])
            self.assertEqual(code, 1)
            self.assertIn("stop it first", text)
            with self.stopped():
                self.tamper_and_try(made["folder"])
                code, text = self.restore(made["folder"])
                self.assertEqual(code, 0, text)
            self.assertLess(self.entries(), before)
            self.assertEqual(sends(str(later["Message-ID"])), [])
            send, = sends(str(big["Message-ID"]))
            demo.acusectl(self.places, "send", "message", send["id"], parse=False)
            last = [entry["leaf"] for entry in self.all_entries() if '"type":"ledger.restored"' in entry["leaf"]]
            self.assertEqual(len(last), 1)
            self.assertIn('"actor":"operador"', last[0])
            wait(lambda: any("fue restaurado" in subject for subject in self.subjects()), "the witness was not told")
            # The signer takes new bindings, and signs.
            code, text = retry(notification(4340))
            self.assertEqual(code, 250, text)
            self.drop_replaced()

    def all_entries(self):
        return entries_of_ledger()

    def tamper_and_try(self, folder):
        """One byte of any file, a file less, a file more: refused, and the ledger is as it was."""
        was = sorted(os.listdir(self.ledger))
        path = os.path.join(folder, "ledger", "leaves.db")
        with open(path, "rb") as file:
            whole = file.read()
        for change in (lambda: self.flip(path, whole), lambda: os.remove(path)):
            change()
            code, text = self.restore(folder)
            self.assertEqual(code, 1, text)
            self.assertIn("leaves.db", text)
            with open(path, "wb") as file:
                file.write(whole)
        more = os.path.join(folder, "ledger", "zz-more")
        with open(more, "wb"):
            pass
        code, text = self.restore(folder)
        self.assertEqual(code, 1, text)
        os.remove(more)
        self.assertEqual(self.restore(self.folder)[0], 1)
        self.assertEqual(sorted(os.listdir(self.ledger)), was)

    def flip(self, path, whole):
        with open(path, "wb") as file:
            file.write(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])

    def drop_replaced(self):
        for name in os.listdir(os.path.dirname(self.ledger)):
            if name.startswith("ledger."):
                shutil.rmtree(os.path.join(os.path.dirname(self.ledger), name))

    def test_30_killed_at_any_time_leaves_one_ledger_whole(self):
        with self.with_folder():
            made = self.create()
            with self.stopped():
                for delay_s in (0, 0.02, 0.05, 0.1, 0.2, 0.3):
                    child = subprocess.Popen([self.places.path("bin", "acuse-provisiond"), "-c", self.places.path(
                        "acuse", "acuse.conf"), "--restore", made["folder"]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    time.sleep(delay_s)
                    child.kill()
                    child.wait()
                    self.assertIn("leaves.db", os.listdir(self.ledger))
            self.assertGreaterEqual(self.entries(), made["size"])
            self.drop_replaced()
