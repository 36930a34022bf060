"""The command itself: folders it cannot use, two in one folder, Ctrl-C at any time."""
import subprocess

from harness import *

QUICKSTART = os.path.join(CONTRIB, "quickstart")


def quickstart(*words):
    return subprocess.run([QUICKSTART, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)


class Folders(Case):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="acuse-q", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder, True)

    def assert_says_no(self, done, *words):
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn("Traceback", done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_names_that_the_servers_do_not_take(self):
        for name in ("a b", "a'b", "a,b", "ñ", "x" * 80, ""):
            with self.subTest(name=name):
                path = os.path.join(self.folder, name) if name else ""
                self.assert_says_no(quickstart("--keep", path), "path")
                self.assertEqual(os.listdir(self.folder), [])

    def test_a_file_and_a_folder_in_use(self):
        path = os.path.join(self.folder, "file")
        with open(path, "w", encoding="utf-8"):
            pass
        self.assert_says_no(quickstart("--keep", path), "cannot be used")
        self.assert_says_no(quickstart("--keep", self.folder), "not empty")
        self.assert_says_no(quickstart("--keep", self.places.root), "not empty")
        self.assertEqual(os.listdir(self.folder), ["file"])

    def test_below_a_closed_folder(self):
        closed = os.path.join(self.folder, "closed")
        os.mkdir(closed, mode=0o700)
        self.assert_says_no(quickstart("--keep", os.path.join(closed, "gateway")), "closed to other users")
        self.assertEqual(os.listdir(closed), [])

    def test_stopping_what_is_none(self):
        for path in (self.folder, os.path.join(self.folder, "none"), ""):
            with self.subTest(path=path):
                self.assert_says_no(quickstart("--stop", path), "does not hold")

    def test_interrupted_twice(self):
        """The second Ctrl-C comes while the first is being obeyed."""
        for mark in ("CA and", "Started acuse"):
            with self.subTest(after=mark):
                folder = os.path.join(self.folder, "kept")
                child = subprocess.Popen([QUICKSTART, "--keep", folder], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                         start_new_session=True)
                for line in child.stdout:
                    if mark in line:
                        break
                time.sleep(0.2)
                for _ in range(2):
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(child.pid, signal.SIGINT)
                    time.sleep(0.3)
                said = child.communicate(timeout=120)[0]
                self.assertEqual(child.returncode, 1, said)
                self.assertIn("interrupted", said)
                self.assertFalse(os.path.exists(folder))
                self.assertEqual(left_over(folder), [])
