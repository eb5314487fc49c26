"""What a service manager hears from `berth serve`: datagrams, as sd_notify(3) has them."""

import os
import signal
import socket
import subprocess
import tempfile
import unittest

from harness import BERTH, PATIENCE_S


class Notify(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        frontend = os.path.join(self.folder, "frontend")
        os.mkdir(frontend)
        for name in ("shell.js", "live.js", "more.js"):
            with open(os.path.join(frontend, name), "w", encoding="ascii") as file:
                file.write("1;\n")

    def serve(self, address, **environment):
        process = subprocess.Popen(
            [BERTH, "serve", "--data", os.path.join(self.folder, "data"), "--listen", "127.0.0.1:0", "--admin-listen",
             "127.0.0.1:0", "--frontend", os.path.join(self.folder, "frontend")],
            stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env={**os.environ, "NOTIFY_SOCKET": address, **environment})
        self.addCleanup(process.wait, PATIENCE_S)
        self.addCleanup(process.kill)
        return process

    def manager(self, address):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(address)
        manager.settimeout(PATIENCE_S)
        return manager

    def test_a_start_and_a_stop_are_told(self):
        path = os.path.join(self.folder, "notify")
        abstract = "berth-test-%d" % os.getpid()
        for address, name in ((path, path), ("\0" + abstract, "@" + abstract)):
            with self.subTest(name):
                manager = self.manager(address)
                process = self.serve(name)
                self.assertEqual(manager.recv(256), b"READY=1")
                process.send_signal(signal.SIGTERM)
                self.assertEqual(manager.recv(256), b"STOPPING=1")
                self.assertEqual(process.wait(PATIENCE_S), 0)

    def test_a_watchdog_hears_that_the_server_answers(self):
        path = os.path.join(self.folder, "notify")
        manager = self.manager(path)
        process = self.serve(path, WATCHDOG_USEC="400000")
        self.assertEqual(manager.recv(256), b"READY=1")
        for _ in range(2):
            self.assertEqual(manager.recv(256), b"WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        while manager.recv(256) == b"WATCHDOG=1":
            pass

    def test_a_watchdog_for_another_process_hears_nothing(self):
        path = os.path.join(self.folder, "notify")
        manager = self.manager(path)
        process = self.serve(path, WATCHDOG_USEC="400000", WATCHDOG_PID="1")
        self.assertEqual(manager.recv(256), b"READY=1")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(manager.recv(256), b"STOPPING=1")


if __name__ == "__main__":
    unittest.main()
