"""Every call as every role, over the socket and over TLS: who is let in is what tests/golden/matrix.txt says, cell by cell."""
import ssl
import urllib.error
import urllib.request

from harness import *

# Roles that the private gateway gives to nobody alone.
PEERS = {"hr": 61231, "tramite": 61232, "auditor": 61233, "head": 61234, "nobody": 61235}
# Nothing of it is there, and no call knows the member: who is let in is told what is wrong, and nothing changes.
VALUES = {"dni": "00000001", "sha256": "0" * 64, "address": "nadie%40ciudadano.test", "number": "1999-000001"}
BODY = '{"unforeseen": true}'
NO_ROLE = "this caller has no role for this call"
CALLER = """
import http.client, json, socket, sys
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])
found, client = [], Unix("acuse", timeout=60)
for method, path, body in json.load(sys.stdin):
    client.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = client.getresponse()
    text = answer.read().decode("utf-8", "replace")
    found.append([answer.status, text[:500]])
print(json.dumps(found))
"""


def matrix():
    """{"METHOD PATH": {role: whether it is let in}}"""
    with open(os.path.join(TOP, "tests", "golden", "matrix.txt"), encoding="utf-8") as file:
        roles = file.readline().split()
        rows = [line.split() for line in file if line.strip()]
    return {f"{row[0]} {row[1]}": dict(zip(roles, (cell == "x" for cell in row[2:]))) for row in rows}


def filled(call):
    """(method, path, body) of a call, about what is not there."""
    method, path = call.split()
    path = "/".join(VALUES.get(word[1:-1], "ninguno") if word.startswith("{") else word for word in path.split("/"))
    return method, path, None if method == "GET" else BODY


class Roles(Case):
    @classmethod
    def setUpClass(cls):
        cls.matrix = matrix()
        cls.uids = dict(PEERS, otic=0, outgoing=UIDS["outgoing"], evidence=UIDS["evidence"])

    def answers(self, uid):
        """[status, text] of every call by that user."""
        done = subprocess.run((processes.as_user(uid) if uid else []) + [sys.executable, "-c", CALLER, self.places.api],
                              input=json.dumps([filled(call) for call in self.matrix]), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def assert_cell(self, call, allowed, status, text):
        refused = status == 403 and json.loads(text)["detail"] == NO_ROLE
        self.assertEqual(refused, not allowed, text)
        if allowed and not call.startswith("GET"):
            self.assertGreaterEqual(status, 400, f"it was taken: {text}")
            self.assertLess(status, 500, text)

    def test_each_role_and_each_call(self):
        with configured({"api": {f"{role}_users": str(uid) for role, uid in PEERS.items() if role != "nobody"}}, "provision",
                        settled=False):
            for role, uid in self.uids.items():
                for call, (status, text) in zip(self.matrix, self.answers(uid)):
                    with self.subTest(role, call=call):
                        self.assert_cell(call, self.matrix[call][role], status, text)

    def test_a_stranger_over_tls(self):
        context = ssl.create_default_context(cafile=self.places.ca)
        for call, cells in self.matrix.items():
            method, path, body = filled(call)
            request = urllib.request.Request(f"https://127.0.0.1:{self.places.port('https')}{path}", method=method,
                                             data=body and body.encode(), headers={"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=30, context=context) as answer:
                    status, text = answer.status, answer.read().decode("utf-8", "replace")
            except urllib.error.HTTPError as error:
                status, text = error.code, error.read().decode("utf-8", "replace")
            with self.subTest(call=call):
                self.assert_cell(call, cells["public"], status, text)
