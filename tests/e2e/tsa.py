"""A time-stamping authority for tests: openssl ts behind a few lines of HTTP on loopback.

    with tsa.authority(FOLDER) as one: one.url, one.root, one.asked
"""
import contextlib
import http.server
import os
import subprocess
import threading

CONF = """[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/ca.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""
ISSUE = """
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj '/CN=CA de sellos de tiempo'
openssl req -new -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj '/CN=TSA de prueba'
printf 'extendedKeyUsage=critical,timeStamping\\n' >tsa.ext
openssl x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -extfile tsa.ext -out tsa.pem
echo 01 >serial; mkdir -p trust; cp ca.pem trust
"""


class Authority(http.server.ThreadingHTTPServer):
    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.root = os.path.join(folder, "ca.pem")
        self.trust = os.path.join(folder, "trust")
        self.asked = 0
        self.clock = {}  # more of its environment
        self.spoil = None  # answers instead: of the handler and the true answer


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        folder = self.server.folder
        query = os.path.join(folder, "query")
        with open(query, "wb") as file:
            file.write(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked += 1
        answer = subprocess.run(["openssl", "ts", "-reply", "-config", os.path.join(folder, "tsa.conf"), "-queryfile", query],
                                capture_output=True, check=True, env=os.environ | self.server.clock).stdout
        with contextlib.suppress(OSError):
            (self.server.spoil or Handler.answer)(self, answer)

    def answer(self, body, status=200, headers=()):
        self.send_response(status)
        for name, value in (("Content-Type", "application/timestamp-reply"), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def authority(folder):
    os.makedirs(folder)
    os.chmod(folder, 0o755)
    subprocess.run(["sh", "-ec", ISSUE], cwd=folder, capture_output=True, check=True)
    with open(os.path.join(folder, "tsa.conf"), "w", encoding="ascii") as file:
        file.write(CONF.format(folder=folder))
    with Authority(folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
