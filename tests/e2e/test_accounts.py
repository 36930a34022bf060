"""FORM-01 with mistakes, and names that meet."""
import concurrent.futures

from harness import *


def form(**changes):
    return dict(demo.FORM_01, **{"given_names": "Ana", "paternal_surname": "Quispe",
                                 "maternal_surname": "Rojas", "dni": "40000010", **changes})


class Form01(Case):
    def assert_invalid(self, body, *words):
        status, problem = api("POST", "/v1/requests", body)
        self.assertEqual(status, 400, problem)
        self.assertEqual(problem["code"], "invalid")
        for word in words:
            self.assertIn(word, problem["detail"])

    def test_a_dni_is_eight_digits(self):
        for dni in ("1234567", "123456789", "1234567a", "", " 1234567", "١٢٣٤٥٦٧٨"):
            with self.subTest(dni=dni):
                self.assert_invalid(form(dni=dni), "dni")

    def test_names_are_not_empty(self):
        for name in ("given_names", "paternal_surname"):
            for value in ("", "   ", "\u00a0"):
                with self.subTest(name=name, value=value):
                    self.assert_invalid(form(**{name: value}), name)

    def test_unknown_members_are_refused(self):
        self.assert_invalid(form(admin=True), "admin")

    def test_without_tramite_it_is_observed(self):
        body = form(dni="40000011")
        del body["tramite"]
        status, filed = api("POST", "/v1/requests", body)
        self.assertEqual((status, filed["state"]), (201, "observed"))
        status, problem = api("POST", f"/v1/requests/{filed['id']}/approve", {})
        self.assertEqual(status, 409, problem)

    def test_a_second_personal_account(self):
        """DI-002: one personal account a person; Rosa has hers."""
        body = dict(demo.FORM_01, tramite="2026-000999")
        status, filed = api("POST", "/v1/requests", body)
        if status == 201:
            status, filed = api("POST", f"/v1/requests/{filed['id']}/approve", {})
        self.assertEqual(status, 409, filed)
        self.assertEqual(filed["code"], "conflict")
        self.assertTrue(filed["detail"])

    def test_the_same_name_at_the_same_time(self):
        bodies = [form(dni=f"4000002{i}", tramite=f"2026-00092{i}") for i in range(4)]
        with concurrent.futures.ThreadPoolExecutor(len(bodies)) as pool:
            made = list(pool.map(lambda body: demo.create_account(Gateway.places, body), bodies))
        uids = [uid for uid, _ in made]
        self.assertEqual(len(set(uids)), len(bodies), uids)
        for uid in uids:
            self.assertTrue(uid.startswith("aquispe"), uid)
            self.assertEqual(api("GET", f"/v1/accounts/{uid}")[0], 200)

    def test_only_otic_and_tramite_file(self):
        status, problem = api("POST", "/v1/requests", form(dni="40000030"), uid=UIDS["evidence"])
        self.assertEqual(status, 403, problem)


class Passwords(Case):
    def test_the_first_password_opens_nothing_until_it_is_changed(self):
        uid, first = demo.create_account(Gateway.places, form(dni="40000040", given_names="Eva",
                                                              tramite="2026-000940"))
        self.assertFalse(demo.smtp_login(self.places, uid, first))
        self.assertEqual(demo.change_password(self.places, uid, "Otra-0000.x", "Nueva-2026.x"), 401)
        self.assertEqual(demo.change_password(self.places, uid, first, "corta"), 422)
        self.assertEqual(demo.change_password(self.places, uid, first, "sololetras"), 422)
        self.assertEqual(demo.change_password(self.places, uid, first, "Nueva-2026.x"), 200)
        wait(lambda: demo.smtp_login(self.places, uid, "Nueva-2026.x"), "cannot log in", 5)

    def test_the_page_is_in_spanish(self):
        import urllib.request
        url = f"https://127.0.0.1:{self.places.port('https')}/"
        with urllib.request.urlopen(url, timeout=30, context=demo.tls(self.places)) as answer:
            page = answer.read().decode()
        self.assertIn("clave", page.lower())
        self.assertIn('lang="es"', page)

    def test_ceased_within_one_second(self):
        uid, first = demo.create_account(Gateway.places, form(dni="40000050", given_names="Iris",
                                                              tramite="2026-000950"))
        self.assertEqual(demo.change_password(self.places, uid, first, "Nueva-2026.x"), 200)
        wait(lambda: demo.smtp_login(self.places, uid, "Nueva-2026.x"), "cannot log in", 5)
        demo.acusectl(self.places, "person", "cease", "40000050", "--document", "Memo 1")
        end = time.monotonic() + 1
        while demo.smtp_login(self.places, uid, "Nueva-2026.x"):
            self.assertLess(time.monotonic(), end, "a ceased person logs in after a second")


class Words(Case):
    def test_spanish_in_the_c_locale(self):
        for name, code in (("Mesa de Partés".encode(), 0), ("Mesa de Partés".encode("latin-1"), 2)):
            with self.subTest(name=name):
                done = processes.subprocess.run(
                    [self.places.path("bin", "acusectl"), "office", "create", "mesa.partes", "--name", name,
                     "--responsible", Gateway.person.uid, "--document", "Acta 9"], capture_output=True,
                    check=False, env=dict(os.environ, LC_ALL="C", ACUSE_API=self.places.api))
                self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(api("GET", "/v1/accounts/mesa.partes")[1]["display_name"], "Mesa de Partés")
