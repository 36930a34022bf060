"""provisiond killed at each durable write of an account's creation and of its cessation: asked again, each is done, and once."""
from harness import *
import faults
from test_crash import POINTS_MAX, call


class KilledInALife(Case):
    number = 0

    def post(self, path, body):
        """(status, answer) or (None, "") when it ended without one."""
        status, text = call("POST", path, body, 0)
        return status, json.loads(text) if text else None

    def form(self):
        KilledInALife.number += 1
        dni = f"46{KilledInALife.number:06d}"
        scan = demo.file_form(self.places, dict(demo.FORM_01, dni=dni, given_names="Abel", paternal_surname="Crespo"))
        return dni, scan["id"]

    def types(self, uid):
        return [one["type"] for one in demo.acusectl(self.places, "account", "history", uid, "--limit", "1000")["items"]]

    def walk(self, moment, prepare, step, settled, least):
        """step is killed at one durable write after the other, and asked again; settled looks at what became of it."""
        for point in range(1, POINTS_MAX):
            with self.subTest(point=point):
                case = prepare()
                faults.stop()
                faults.start(POINT=f"sync:{point}:{moment}")
                faults.switch(True)
                step(case)
                # What the call left to the outbox may be what dies.
                end = time.monotonic() + 3
                while faults.is_running() and time.monotonic() < end:
                    time.sleep(0.05)
                killed = not faults.is_running()
                faults.switch(False)
                if not killed:
                    break
                faults.restart()
                step(case)
                settled(case)
        else:
            self.fail("it never ended")
        self.assertGreater(point, least, "there are more durable writes than that")
        faults.restart()
        demo.acusectl(self.places, "ledger", "verify", "--trust", self.places.ca, parse=False)

    def approve(self, case):
        self.post(f"/v1/requests/{case[1]}/approve", {})

    def assert_created(self, case):
        uid = wait(lambda: api("GET", f"/v1/requests/{case[1]}")[1]["uid"], "no account was made")
        self.assertEqual(wait(lambda: api("GET", f"/v1/accounts/{uid}")[1], "not in the directory")["state"], "pending")
        types = self.types(uid)
        self.assertEqual((types.count("request.approved"), types.count("account.created")), (1, 1), types)

    def test_creation_before(self):
        self.walk("kill-before", self.form, self.approve, self.assert_created, 2)

    def test_creation_after(self):
        self.walk("kill-after", self.form, self.approve, self.assert_created, 2)

    def active(self):
        dni, request = self.form()
        demo.acusectl(self.places, "request", "approve", request)
        return dni, demo.acusectl(self.places, "request", "deliver", request)["uid"]

    def cease(self, case):
        self.post(f"/v1/people/{case[0]}/cease", {"document": "Memo 1"})

    def assert_ceased(self, case):
        wait(lambda: api("GET", f"/v1/accounts/{case[1]}")[1]["state"] == "ceased", "not ceased")
        wait(lambda: api("GET", f"/v1/accounts/{case[1]}/archives")[1]["items"], "no copy")
        types = self.types(case[1])
        self.assertEqual(types.count("account.ceased"), 1, types)

    def test_cessation_before(self):
        self.walk("kill-before", self.active, self.cease, self.assert_ceased, 2)

    def test_cessation_after(self):
        self.walk("kill-after", self.active, self.cease, self.assert_ceased, 2)
