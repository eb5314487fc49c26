"""Certificates for tests, made by openssl as people make them, and servers that have one."""

import os
import ssl
import subprocess
import tempfile

_folder = tempfile.TemporaryDirectory(prefix="berth-tls-")


class Certificate:
    """Signed by itself, for localhost and 127.0.0.1, in files that can be written anew."""

    def __init__(self, name, days=30, kind=("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
        self.name = name
        self.file = os.path.join(_folder.name, name + ".pem")
        self.key = os.path.join(_folder.name, name + ".key")
        subprocess.run(["openssl", "req", "-x509", *kind, "-nodes", "-keyout", self.key, "-out", self.file,
                        "-days", str(days), "-subj", "/CN=" + name,
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)

    def take(self, other):
        """Has the files of another certificate from now on."""
        for own, its in ((self.file, other.file), (self.key, other.key)):
            with open(its, "rb") as source, open(own, "wb") as file:
                file.write(source.read())


def trusting(*certificates):
    """What a client needs to take these, and no other."""
    context = ssl.create_default_context()
    for certificate in certificates:
        context.load_verify_locations(certificate.file)
    return context


def options_of(certificate):
    """Both listeners have it."""
    return ("--tls-certificate", certificate.file, "--tls-key", certificate.key,
            "--admin-tls-certificate", certificate.file, "--admin-tls-key", certificate.key)


SHARED = Certificate("shared")


class ByTls:
    """Before a SiteCase: the same tests with TLS on both listeners."""

    tls = trusting(SHARED)

    @classmethod
    def setUpClass(cls):
        cls.options = (*cls.options, *options_of(SHARED))
        super().setUpClass()
