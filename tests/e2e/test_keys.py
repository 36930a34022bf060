"""Every kind of key that may sign, each on a token of its own: the mail that arrives verifies. tests/bench/bench_keys.py asks more verifiers."""
import keys

from harness import *

RSA = ("-algorithm", "RSA", "-pkeyopt")
CURVE = ("-algorithm", "EC", "-pkeyopt")
KINDS = {
    "rsa2048": keys.RSA_2048,
    "rsa3072": (*RSA, "rsa_keygen_bits:3072"),
    "rsa4096": (*RSA, "rsa_keygen_bits:4096"),
    "p256": (*CURVE, "ec_paramgen_curve:P-256"),
    "p384": (*CURVE, "ec_paramgen_curve:P-384"),
}
SIZES = {"rsa2048": "(2048 bit)", "rsa3072": "(3072 bit)", "rsa4096": "(4096 bit)", "p256": "(256 bit)", "p384": "(384 bit)"}


def holder_of(kind):
    """The office of that kind of key: made, on the list, with its token active."""
    places, name, act = Gateway.places, "llave" + kind, ("--document", "Memo 31")
    address = f"{name}@{DOMAIN}"
    demo.acusectl(places, "office", "create", name, "--name", f"Oficina {kind}", "--responsible", Gateway.person.uid, *act)
    demo.acusectl(places, "notifier", "authorise", address, "--area", "Oficina", "--level", "Jefe", *act)
    places.state["pins"][name] = "13572468"
    keys.add_token(places, name, f"/C=PE/O=Muni/CN=Agente {kind}/emailAddress={address}",
                   f"subjectAltName=email:{address}\nkeyUsage=critical,digitalSignature,nonRepudiation\n"
                   "extendedKeyUsage=emailProtection\n", KINDS[kind])
    demo.enrol_token(places, name, address)
    return address


def signed_mail(kind, number):
    """(address, file of the citizen's copy) of a mail that the key of that kind signed."""
    address = holder_of(kind)
    mail = notification(number, sender=address)
    wait(lambda: reply_of(lambda: submit(mail, sender=address))[0] == 250, f"no mail of {address} is taken")
    return address, wait(lambda: mails.received(Gateway.places, str(mail["Message-ID"])), "it never came")[0]


def let_go(kind):
    """Other modules count those who may notify."""
    name = "llave" + kind
    demo.acusectl(Gateway.places, "notifier", "withdraw", f"{name}@{DOMAIN}", "--document", "Memo 32")
    demo.acusectl(Gateway.places, "token", "return", name, "--document", "Memo 32")


class EachKind(Case):
    def check(self, kind, number):
        self.addCleanup(let_go, kind)
        address, path = signed_mail(kind, number)
        content = self.places.path("work", "content.eml")
        mails.verify_signature(self.places, path, content, address)
        text = subprocess.run(["openssl", "x509", "-in", self.places.path("work", "signer.pem"), "-noout", "-text"],
                              capture_output=True, text=True, check=True).stdout
        self.assertIn(SIZES[kind], text)

    def test_rsa_3072(self):
        self.check("rsa3072", 3001)

    def test_p256(self):
        self.check("p256", 3002)

    def test_p384(self):
        self.check("p384", 3003)
