"""The running daemon answers as provision/openapi.yaml says: every GET, its members, its roles, its refusals."""
import re
import urllib.parse
import urllib.request

import schema
from harness import *


# What people write so that it can be read later, and what else its bodies must have before it is looked at.
PAPERS = {"document", "reason", "reasons", "urgency", "denuncia", "area", "level", "post", "unit", "subject", "holder"}
FILLED = dict(demo.FORM_01, kind="person", action="create", date="2026-01-05", **{"from": "2026-01-05"}, until="2099-02-05",
              mailbox=OFFICE_ADDRESS, mailboxes=[OFFICE_ADDRESS], delegates=[], local_part="obras", responsible=OFFICE, rows=[])


class Api(Case):
    @classmethod
    def setUpClass(cls):
        cls.document = schema.load()
        mail = notification(900)
        submit(mail)
        message_id = str(mail["Message-ID"])
        wait(lambda: [one for one in events_of(message_id) if one["event"] == "relayed"], "no report was recorded")
        request = demo.file_form(Gateway.places, dict(demo.FORM_01, dni="40000090", given_names="Nora",
                                                      tramite="2026-000990"))
        incoming = {"message_id": "api@ciudadano.test", "message_sha256": "0" * 64, "from": CITIZEN, "envelope_sender": CITIZEN,
                    "mailboxes": [OFFICE_ADDRESS], "subject": None, "date": None, "queue_id": "Q1", "client_address": None,
                    "automatic": True, "suppressed": False, "spam": False, "addressed": True, "authentication_results": None,
                    "send": None}
        cls.values = {"{incoming}": api("POST", "/v1/incoming", incoming, UIDS["evidence"])[1]["id"],
                      "number": EXPEDIENTE, "uid": OFFICE, "label": OFFICE_TOKEN, "{requests}": request["id"], "sha256": request["scan"],
                      "{sends}": sends(message_id)[0]["id"]}

    def gets(self, public=False):
        """(path with values, operation) of every GET."""
        for path, item in self.document["paths"].items():
            if "get" not in item or ("public" in item["get"]["x-roles"]) != public:
                continue
            kind = "{" + path.split("/")[2] + "}" if path.startswith("/v1/") else ""
            filled = re.sub(r"\{(\w+)\}", lambda found: urllib.parse.quote(
                self.values.get(found[1]) or self.values[kind], safe=""), path)
            if path == "/v1/ledger/proof":
                filled += "?leaf=0&size=1"
            yield filled, item["get"]

    def test_every_get_answers_as_documented(self):
        for path, operation in self.gets():
            with self.subTest(path=path):
                content = operation["responses"]["200"]["content"]
                if "application/json" in content:
                    status, answer = api("GET", path)
                    self.assertEqual(status, 200, answer)
                    self.assertEqual(schema.faults(self.document, content["application/json"]["schema"], answer), [])
                else:
                    self.assert_bytes(path, next(iter(content)))

    def assert_bytes(self, path, content_type):
        done = subprocess.run(["curl", "-sS", "--unix-socket", self.places.api, "-o", "/dev/null", "-w",
                               "%{http_code} %{content_type} %{size_download}", "http://acuse" + path],
                              capture_output=True, text=True, check=True)
        status, found, size = done.stdout.split()
        self.assertEqual((status, found), ("200", content_type))
        self.assertGreater(int(size), 0)

    def test_lists_are_not_empty(self):
        """An empty list would satisfy every schema."""
        for path in ("/v1/sends", "/v1/events", "/v1/incoming", "/v1/requests", "/v1/accounts", "/v1/tokens", "/v1/ledger/entries"):
            self.assertTrue(api("GET", path)[1]["items"], path)

    def test_who_has_no_role_is_refused(self):
        problem = self.document["components"]["schemas"]["Problem"]
        for path, operation in self.gets():
            for role in ("outgoing", "evidence", "citizen"):
                if role in operation["x-roles"]:
                    continue
                with self.subTest(path=path, role=role):
                    status, answer = api("GET", path, uid=UIDS[role])
                    self.assertEqual((status, answer["code"]), (403, "forbidden"))
                    self.assertEqual(schema.faults(self.document, problem, answer), [])

    def test_what_is_missing_is_a_problem(self):
        problem = self.document["components"]["schemas"]["Problem"]
        for path in ("/v1/sends/none", "/v1/requests/none", "/v1/accounts/nobody", "/v1/expedientes/1999-000001", "/v1/none"):
            with self.subTest(path=path):
                status, answer = api("GET", path)
                self.assertEqual((status, answer["status"], answer["code"]), (404, 404, "not-found"))
                self.assertEqual(schema.faults(self.document, problem, answer), [])

    def changes(self):
        """(method, path with values, schema of the body) of everything that the OTIC may change with a body."""
        for path, item in self.document["paths"].items():
            operation = item.get("post") or item.get("put")
            content = operation and operation.get("requestBody", {}).get("content", {}).get("application/json")
            if not content or "otic" not in operation["x-roles"]:
                continue
            filled = re.sub(r"\{(\w+)\}", lambda found: urllib.parse.quote(
                {"dni": "00000001", "address": CITIZEN, "id": "none"}.get(found[1]) or self.values[found[1]], safe=""), path)
            yield "POST" if "post" in item else "PUT", filled, schema.resolve(self.document, content["schema"])

    def test_bodies_with_unknown_members_are_refused(self):
        for method, path, body in self.changes():
            if body.get("additionalProperties") is not False:
                continue
            with self.subTest(path=path):
                status, answer = api(method, path, {"unforeseen": True})
                self.assertEqual((status, answer["code"]), (400, "invalid"))
                self.assertIn("unforeseen", answer["detail"])

    def assert_must_show(self, method, path, body, name):
        with self.subTest(path=path, member=name):
            status, answer = api(method, path, dict(body, **{name: "\u3164\u200b "}))
            self.assertEqual((status, answer["code"]), (400, "invalid"), answer)
            self.assertTrue(answer["detail"].startswith(f"{name}: must not be empty"), answer)

    def test_texts_that_show_nothing_are_refused(self):
        """The papers and reasons on which a change was made, in every call that wants one."""
        seen = set()
        for method, path, body in self.changes():
            filled = {name: FILLED.get(name, "Algo") for name in body.get("required", ())}
            for name in PAPERS & filled.keys():
                self.assert_must_show(method, path, filled, name)
                seen.add((path, name))
        self.assertGreater(len(seen), 40)

    def test_the_public_page(self):
        for path, operation in self.gets(public=True):
            url = f"https://127.0.0.1:{self.places.port('https')}{path}"
            with urllib.request.urlopen(url, timeout=30, context=demo.tls(self.places)) as answer:
                kind = answer.headers.get_content_type()
                self.assertIn(kind, operation["responses"]["200"]["content"])
                self.assertTrue(answer.read())
