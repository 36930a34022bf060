"""The test CA, the server's certificate, the PKCS#11 tokens and the keys that the daemons share."""
import os
import secrets

import processes
from places import (DOMAIN, HOST, INSTITUTION, OFFICE_ADDRESS, OFFICE_TOKEN,
                    SEAL_TOKEN, UIDS)

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
RSA_2048 = ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
CA_NAME = "/C=PE/O=Acuse test/CN=Acuse test CA"


def openssl(places, *argv, why="the test CA could not be made"):
    env = dict(os.environ, OPENSSL_CONF=places.path("ca", "openssl.cnf"))
    return processes.run(["openssl", *argv], why, env=env)


def set_up_ca(places):
    places.folder("ca")
    places.folder("ca", "private", mode=0o700)
    places.write("[req]\ndistinguished_name = names\n[names]\n", "ca", "openssl.cnf")
    openssl(places, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", CA_NAME,
            "-keyout", places.path("ca", "private", "ca.key"), "-out", places.ca,
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-addext", "subjectKeyIdentifier=hash")
    server = issue(places, "server", f"/C=PE/O={INSTITUTION}/CN={HOST}",
                   f"subjectAltName=DNS:{HOST},DNS:localhost,IP:127.0.0.1\n"
                   "keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\n")
    os.replace(server, places.path("ca", "server.key"))
    os.chmod(places.path("ca", "server.key"), 0o600)


def issue(places, name, subject, extensions, kind=RSA_2048):
    """A certificate ca/NAME.pem by the test CA; returns where its private key is. kind: words of `openssl genpkey`."""
    key = places.path("ca", "private", name + ".key")
    request = places.path("ca", "private", name + ".csr")
    extension_file = places.write("basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\n"
                                  "authorityKeyIdentifier=keyid\n" + extensions,
                                  "ca", "private", name + ".ext")
    openssl(places, "genpkey", *kind, "-out", key)
    openssl(places, "req", "-new", "-key", key, "-subj", subject, "-out", request)
    openssl(places, "x509", "-req", "-in", request, "-CA", places.ca, "-CAkey",
            places.path("ca", "private", "ca.key"), "-set_serial", str(secrets.randbits(63) + 1),
            "-days", "1095", "-extfile", extension_file, "-out", places.path("ca", name + ".pem"))
    return key


def set_up_tokens(places):
    """One token with the office's key, one with the seal; both belong to the signer's user."""
    folder = places.folder("tokens", uid=UIDS["signer"], gid=UIDS["signer"], mode=0o700)
    places.write(f"directories.tokendir = {folder}\nobjectstore.backend = file\n"
                 "log.level = ERROR\nslots.removable = false\n", "ca", "softhsm2.conf")
    add_token(places, OFFICE_TOKEN, f"/C=PE/O={INSTITUTION}/OU=Secretaria General"
              f"/CN=Agente automatizado Secretaria General/emailAddress={OFFICE_ADDRESS}",
              f"subjectAltName=email:{OFFICE_ADDRESS}\n"
              "keyUsage=critical,digitalSignature,nonRepudiation\nextendedKeyUsage=emailProtection\n")
    add_token(places, SEAL_TOKEN, f"/C=PE/O={INSTITUTION}/CN=Sello del registro",
              f"subjectAltName=email:registro@{DOMAIN}\n"
              "keyUsage=critical,digitalSignature,nonRepudiation\nextendedKeyUsage=emailProtection\n")


def token_env(places):
    return dict(os.environ, SOFTHSM2_CONF=places.path("ca", "softhsm2.conf"))


def add_token(places, label, subject, extensions, kind=RSA_2048):
    key = issue(places, label, subject, extensions, kind)
    der_key, der_certificate = key + ".der", key + ".crt.der"
    openssl(places, "pkey", "-in", key, "-traditional", "-outform", "DER", "-out", der_key)
    openssl(places, "x509", "-in", places.path("ca", label + ".pem"), "-outform", "DER",
            "-out", der_certificate)
    for path in (der_key, der_certificate):
        os.chown(path, UIDS["signer"], UIDS["signer"])
    # The folder of the private keys is closed to the signer: what it reads is moved beside it.
    inbox = places.folder("tokens-import", uid=UIDS["signer"], gid=UIDS["signer"], mode=0o700)
    key_file, certificate_file = os.path.join(inbox, "key"), os.path.join(inbox, "certificate")
    os.replace(der_key, key_file)
    os.replace(der_certificate, certificate_file)
    pin = places.state["pins"][label]
    signer = processes.as_user(UIDS["signer"])
    why = f"the token {label} could not be made"
    processes.run(signer + ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin",
                            secrets.token_hex(8), "--pin", pin], why, env=token_env(places))
    for kind, path in (("privkey", key_file), ("cert", certificate_file)):
        login = ["--usage-sign"] if kind == "privkey" else []
        processes.run(signer + ["pkcs11-tool", "--module", MODULE, "--token-label", label, "--login",
                                "--pin", pin, "--write-object", path, "--type", kind, "--id", "01",
                                "--label", label] + login, why, env=token_env(places))
        os.unlink(path)
    os.rmdir(inbox)
    os.unlink(key)
