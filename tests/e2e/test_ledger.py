"""The ledger in the hands of somebody with the database: what he changes, removes, swaps or puts back is named by `ledger verify`.

db5.3_dump and db5.3_load are Berkeley DB's own tools; the daemon is stopped meanwhile, as such a person would do.
"""
import base64
import contextlib
import json
import os
import shutil
import subprocess

from harness import *


def pairs(path):
    """(header lines, [(key, value)]) of a table, both as bytes."""
    done = subprocess.run(["db5.3_dump", path], capture_output=True, check=True)
    lines = done.stdout.decode().splitlines()
    begin = lines.index("HEADER=END") + 1
    rows = [bytes.fromhex(line[1:]) for line in lines[begin:-1]]
    return lines[:begin], list(zip(rows[::2], rows[1::2]))


def load(path, header, rows):
    text = "\n".join(header + [" " + half.hex() for row in rows for half in row] + ["DATA=END"]) + "\n"
    owner = os.stat(path)
    os.remove(path)
    subprocess.run(["db5.3_load", path], input=text.encode(), check=True)
    os.chown(path, owner.st_uid, owner.st_gid)
    os.chmod(path, owner.st_mode & 0o777)


class Ledger(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Gateway.places.path("state", "provision", "ledger")
        cls.copy = Gateway.places.path("work", "ledger-copy")
        head = demo.acusectl(Gateway.places, "ledger", "head")
        cls.kept = Gateway.places.write(head["head"].encode(), "work", "kept-head.json")
        Gateway.places.write(base64.b64decode(head["cms"]), "work", "kept-head.p7s")

    @classmethod
    def tearDownClass(cls):
        settle()
        super().tearDownClass()

    def copy_ledger(self):
        subprocess.run(["cp", "-a", self.folder, self.copy], check=True)

    def verify(self, *more):
        """What it says, the empty text when all is well."""
        try:
            demo.acusectl(self.places, "ledger", "verify", "--trust", self.places.ca, *more, parse=False)
        except Failure as failure:
            return str(failure)
        return ""

    @contextlib.contextmanager
    def tampered(self, change):
        """The table of leaves as `change` made it of its rows; the true one afterwards."""
        processes.stop(self.places, "provision")
        self.copy_ledger()
        try:
            path = os.path.join(self.folder, "leaves.db")
            header, rows = pairs(path)
            load(path, header, change(rows))
            restart("provision")
            yield
        finally:
            processes.stop(self.places, "provision")
            shutil.rmtree(self.folder)
            os.rename(self.copy, self.folder)
            restart("provision")

    def test_10_untouched(self):
        self.assertEqual(self.verify("--head", self.kept), "")

    def test_20_changed(self):
        def change(rows):
            key, value = rows[3]
            rows[3] = key, value.replace(b'"time":"2', b'"time":"1', 1)
            return rows
        with self.tampered(change):
            self.assertIn("entry 3 is not what was recorded", self.verify())

    def test_30_removed(self):
        with self.tampered(lambda rows: rows[:5] + rows[6:]):
            self.assertIn("no leaf 5", self.verify())

    def test_40_swapped(self):
        def swap(rows):
            (one, first), (two, second) = rows[2:4]
            return rows[:2] + [(one, second), (two, first)] + rows[4:]
        with self.tampered(swap):
            self.assertIn("entry 2 is not what was recorded", self.verify())

    def test_50_an_older_copy(self):
        """Whole in itself: only what a witness kept tells."""
        processes.stop(self.places, "provision")
        self.copy_ledger()
        restart("provision")
        code, text = retry(notification(4250))
        self.assertEqual(code, 250, text)
        head = demo.acusectl(self.places, "ledger", "head")
        kept = self.places.write(head["head"].encode(), "work", "newer-head.json")
        self.places.write(base64.b64decode(head["cms"]), "work", "newer-head.p7s")
        self.assertEqual(self.verify("--head", kept), "")
        dump = self.places.write(demo.acusectl(self.places, "ledger", "dump", parse=False).encode(), "work", "ledger.dump")
        self.assertEqual(self.verify("--head", kept, "--dump", dump), "")
        processes.stop(self.places, "provision")
        newer = self.folder + ".newer"
        os.rename(self.folder, newer)
        os.rename(self.copy, self.folder)
        try:
            restart("provision")
            self.assertIn("an older copy of the ledger", self.verify("--head", kept))
        finally:
            processes.stop(self.places, "provision")
            shutil.rmtree(self.folder)
            os.rename(newer, self.folder)
            restart("provision")
        self.assertEqual(self.verify("--head", kept), "")

    def test_60_a_dump_that_was_touched(self):
        text = demo.acusectl(self.places, "ledger", "dump", parse=False)
        lines = text.splitlines()
        at = next(i for i, line in enumerate(lines) if '"index":4,' in line)
        entry = json.loads(lines[at])
        entry["leaf"] = entry["leaf"].replace('"id":"', '"id":"x', 1)
        lines[at] = json.dumps(entry)
        dump = self.places.write("\n".join(lines).encode() + b"\n", "work", "touched.dump")
        self.assertIn("entry 4 is not what was recorded", self.verify("--dump", dump))
        self.assertIn("line 1 is not one of a dump", self.verify("--dump", self.places.write(b"x\n", "work", "no.dump")))

    def mails_to_witness(self):
        folder = os.path.join(self.places.citizen_mail, "new")
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        found = [mails.parse(os.path.join(folder, name)) for name in names]
        return [one for one in found if str(one["Subject"]).startswith("Cabeza del registro")]

    def test_70_a_witness_gets_the_head_and_can_check_it(self):
        """Once a day, over a restart too; with openssl alone and with acusectl."""
        wanted = f"floor_mib=64\nhead_interval_s=1\nwitnesses={CITIZEN}"
        for _ in range(2):
            with setting("provision", "floor_mib=64", wanted):
                wait(lambda: retry(notification(4270))[0] == 250, "no mail is taken")
                wait(self.mails_to_witness, "the witness got nothing")
        time.sleep(2)
        found = self.mails_to_witness()
        self.assertEqual(len(found), 1)
        kept = {}
        for part in found[0].iter_attachments():
            kept[part.get_filename()] = self.places.write(part.get_payload(decode=True), "work", part.get_filename())
        text, signature = (next(path for name, path in kept.items() if name.endswith(end)) for end in (".json", ".p7s"))
        done = subprocess.run(["openssl", "cms", "-verify", "-inform", "DER", "-binary", "-purpose", "any", "-in", signature,
                               "-content", text, "-CAfile", self.places.ca], capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.verify("--head", text), "")
        with open(text, "rb") as file:
            changed = self.places.write(file.read().replace(b'"size":', b'"size":1'), "work", "changed.json")
        shutil.copy(signature, self.places.path("work", "changed.p7s"))
        self.assertIn("changed.json", self.verify("--head", changed))
