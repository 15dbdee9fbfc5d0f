"""An authority of our own and the certificates that it signs, right or wrong in one way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = timedelta(days=1)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


class Authority:
    """A certificate authority; `file` is what a user would name in SSL_CERT_FILE."""

    def __init__(self, folder: Path, name: str = "An authority of tests") -> None:
        self._folder, self._name = folder, _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.file = self._kept("authority.pem", self._signed(self._name, self._key.public_key(), [], ca=True))

    def signs(
        self, host: str = "127.0.0.1", begins: timedelta = -DAY, ends: timedelta = 30 * DAY, name: str = "A host"
    ) -> tuple[Path, Path]:
        """A certificate for `host` that is valid in that span around now; its file and its key's."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            names: list[x509.GeneralName] = [x509.IPAddress(ip_address(host))]
        except ValueError:
            names = [x509.DNSName(host)]
        private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        made = self._signed(_named(name), key.public_key(), names, begins=begins, ends=ends)
        return self._kept("host.pem", made), self._kept("host.key", key.private_bytes(*private))

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        names: list[x509.GeneralName],
        begins: timedelta = -DAY,
        ends: timedelta = 30 * DAY,
        *,
        ca: bool = False,
    ) -> bytes:
        now = datetime.now(UTC)
        made = x509.CertificateBuilder(
            self._name, subject, key, x509.random_serial_number(), now + begins, now + ends
        ).add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if names:
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _kept(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(content)
        return path
