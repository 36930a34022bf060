"""The directory against the records: away, changed by hand between two steps, put right; and what nobody may send it."""
import subprocess as sub

from harness import *
from test_accounts import form
from test_people import person


def ldif(text):
    """A change by hand: root of cn=config is not needed, the provisioning identity is used."""
    done = sub.run(processes.as_user(UIDS["provision"]) + ["ldapmodify", "-Q", "-Y", "EXTERNAL", "-H", Gateway.places.ldapi_uri],
                   input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(done.stderr)


def dn_of(uid):
    from places import BASE
    return f"uid={uid},ou=people,{BASE}"


def reconcile(*words):
    return demo.acusectl(Gateway.places, "directory", "reconcile", *words)


def found(answer, uid):
    return {one["what"]: one["repair"] for one in answer["items"] if one["uid"] == uid}


class Reconcile(Case):
    def test_changed_by_hand(self):
        kept, _ = person("44000001", "Ada")
        gone, _ = person("44000002", "Bea")
        moved, _ = person("44000003", "Cleo")
        demo.acusectl(self.places, "person", "cease", "44000002", "--document", "Memo 1")
        demo.acusectl(self.places, "person", "rotate", "44000003", "--post", "Cajera", "--unit", "Tesorería", "--document", "R 1")
        wait(lambda: api("GET", f"/v1/accounts/{moved}")[1]["post"] == "Cajera", "not rotated", 5)
        ldif(f"dn: {dn_of(kept)}\nchangetype: delete\n\n"
             f"dn: {dn_of(gone)}\nchangetype: modify\nreplace: acuseState\nacuseState: active\n\n"
             f"dn: {dn_of(moved)}\nchangetype: modify\nreplace: title\ntitle: Alcaldesa\n\n"
             f"dn: uid=intruso,{dn_of(moved).split(',', 1)[1]}\nchangetype: add\nobjectClass: inetOrgPerson\n"
             f"objectClass: acuseAccount\nuid: intruso\ncn: Nadie\nsn: Nadie\nmail: intruso@{DOMAIN}\nacuseKind: person\n"
             "acuseState: active\n")
        for words, repair in ((("--dry-run",), "would"), ((), "ordered")):
            answer = reconcile(*words)
            self.assertEqual(found(answer, kept), {"missing": repair}, answer)
            self.assertEqual(found(answer, gone), {"state": repair})
            self.assertEqual(found(answer, moved), {"post": repair})
            self.assertEqual(found(answer, "intruso"), {"unknown": "by-hand"})
        wait(lambda: api("GET", f"/v1/accounts/{gone}")[1]["state"] == "ceased", "not ceased again", 10)
        wait(lambda: api("GET", f"/v1/accounts/{moved}")[1]["post"] == "Cajera", "not put right", 10)
        wait(lambda: api("GET", f"/v1/accounts/{kept}")[1].get("state") == "active", "not made again", 10)
        self.assertEqual([one for one in reconcile("--dry-run")["items"] if one["uid"] in (kept, gone, moved)], [])
        history = [one["type"] for one in demo.acusectl(self.places, "account", "history", gone)["items"]]
        self.assertIn("account.mended", history)
        with open(self.places.log("provision"), encoding="utf-8") as file:
            self.assertIn("the directory differs from the records", file.read())
        ldif(f"dn: {dn_of('intruso')}\nchangetype: delete\n")

    def test_away_meanwhile(self):
        """Everything asked while slapd is away is ordered and on record; it is done once when it is back."""
        uid, password = person("44000010", "Dora")
        filed = demo.file_form(self.places, form(dni="44000011", given_names="Enzo"))
        with down("slapd"):
            status, answer = api("POST", "/v1/people/44000010/cease", {"document": "Memo 2"})
            self.assertEqual((status, answer["pending"]), (202, True), answer)
            again, problem = api("POST", "/v1/people/44000010/cease", {"document": "Memo 2"})
            self.assertIn(again, (404, 503), problem)
            self.assertEqual(api("POST", f"/v1/requests/{filed['id']}/approve", {})[0], 200)
            self.assertEqual(api("POST", f"/v1/requests/{filed['id']}/approve", {})[0], 409)
            self.assertEqual(api("POST", "/v1/directory/reconcile", {})[0], 503)
            code, text = reply_of(lambda: mails.submit(self.places, uid, password, mails.make_plain(
                "Tarde", f"{uid}@{DOMAIN}", OFFICE_ADDRESS)))
            self.assertGreaterEqual(code, 400, text)
        wait(lambda: api("GET", f"/v1/accounts/{uid}")[1].get("state") == "ceased", "not ceased", 90)
        made = wait(lambda: api("GET", f"/v1/requests/{filed['id']}")[1]["uid"], "not made", 90)
        self.assertEqual(api("GET", f"/v1/accounts/{made}")[1]["state"], "pending")
        types = [one["type"] for one in demo.acusectl(self.places, "account", "history", uid)["items"]]
        self.assertEqual(types.count("account.ceased"), 1)


class BadInput(Case):
    """A clear problem document, and nothing changed."""

    def size(self):
        return api("GET", "/v1/ledger/head")[1]["size"], len(api("GET", "/v1/accounts?limit=1000")[1]["items"])

    def refuse(self, method, path, body, status, code):
        answered, problem = api(method, path, body)
        self.assertEqual((answered, problem["code"]), (status, code), problem)
        self.assertTrue(problem["detail"])

    def test_forms(self):
        before = self.size()
        cases = (("NUL", {"post": "a\0b"}), ("escape", {"unit": "a\x1bb"}), ("no day", {"action": "annul", "date": "2026-02-30"}),
                 ("year 0", {"kind": "activity", "title": "x", "until": "0000-01-01"}), ("long", {"post": "x" * 121}),
                 ("list", {"post": ["x"]}), ("number", {"dni": 45879632}), ("wrong check digit", {"dni": "17801146-1"}),
                 ("blank title", {"kind": "activity", "title": " ", "until": "2030-01-01"}),
                 ("scan that is not there", {"scan": "0" * 64}), ("path", {"scan": "../../etc/passwd"}))
        for name, changes in cases:
            with self.subTest(name):
                self.refuse("POST", "/v1/requests", form(dni="44000090") | changes, 400, "invalid")
        self.refuse("POST", "/v1/requests", form(dni="44000098", action="annul"), 404, "not-found")
        self.assertEqual(self.size(), before)

    def test_ten_megabytes(self):
        before = self.size()
        path = self.places.write(json.dumps(form(dni="44000091", post="x" * 10_000_000)), "work", "large.json")
        done = subprocess.run(["curl", "-sS", "--unix-socket", self.places.api, "-H", "Content-Type: application/json",
                               "--data-binary", "@" + path, "http://acuse/v1/requests"], capture_output=True, check=True)
        self.assertEqual(json.loads(done.stdout)["code"], "too-large")
        self.assertEqual(self.size(), before)

    def test_metacharacters(self):
        """A name for a filter or a DN is text, whatever it looks like."""
        before = self.size()
        for name in ("*", "a*", "*)(uid=*", "a)(|(uid=*", "a,ou=people", "uid=a+cn=b", "\\2a", "a\\00", "#04024869", " a ", "ñ"):
            quoted = "".join(f"%{byte:02X}" for byte in name.encode())
            with self.subTest(name):
                self.refuse("GET", f"/v1/accounts/{quoted}", None, 404, "not-found")
                self.refuse("POST", f"/v1/accounts/{quoted}/restore", {"into": name, "document": "x"}, 400, "invalid")
                self.refuse("POST", f"/v1/accounts/{quoted}/reset-password", {"reason": "x"}, 404, "not-found")
                self.refuse("POST", f"/v1/people/{quoted}/cease", {"document": "x"}, 400, "invalid")
        self.assertEqual(self.size(), before)

    def test_names_with_metacharacters_are_names(self):
        """In the form they are letters of a name, and stand in the directory as they are."""
        uid, _ = demo.create_account(self.places, form(dni="44000092", given_names="Zoé", paternal_surname="D'Ávila",
                                                       post='"Jefa"; <a>', unit="=Ñ,ou=x"))
        account = api("GET", f"/v1/accounts/{uid}")[1]
        self.assertEqual((account["paternal_surname"], account["post"], account["unit"]), ("D'Ávila", '"Jefa"; <a>', "=Ñ,ou=x"))
