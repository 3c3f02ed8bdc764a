"""A certificate authority of one's own, which can vouch for HubSpot's domains only.

It lives in a folder, so that a bundle given to a program stays valid between runs. Its name constraints make it useless
for any other host, should its key get about.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from emulator.proxy.hosts import DOMAINS

_LIFE = timedelta(days=365)
# Less than this to go, and a new authority is made: no run should outlive it.
_RENEW_BEFORE = timedelta(days=30)
_SKEW = timedelta(days=1)


class UnusableAuthority(Exception):
    """The message says which file is to be removed."""


@dataclass(frozen=True)
class Authority:
    # What a client has to trust.
    bundle: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @contextmanager
    def server_pem(self, hosts: Iterable[str]) -> Iterator[Path]:
        """A file with a new key and certificate for these hosts, until the block ends."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _server_certificate(self, key, list(hosts))
        path = _written(self.bundle.parent, _pem(key) + _public(certificate))
        try:
            yield path
        finally:
            path.unlink()


def authority_in(folder: Path) -> Authority:
    """The authority of this folder; a new one at the first run.

    Raises UnusableAuthority.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = folder / "ca-key.pem"
    if not secret.exists():
        _keep_first(_new_authority(folder), secret)
    found = _read(secret)
    if found[1].not_valid_after_utc - datetime.now(UTC) < _RENEW_BEFORE:
        os.replace(_new_authority(folder), secret)
        found = _read(secret)
    bundle = folder / "ca.pem"
    public = _written(folder, _public(found[1]))
    public.chmod(0o644)
    os.replace(public, bundle)
    return Authority(bundle, found[1], found[0])


def _keep_first(made: Path, secret: Path) -> None:
    """Two emulators that start together end with the same authority."""
    try:
        os.link(made, secret)
    except FileExistsError:
        pass
    finally:
        made.unlink()


def _read(secret: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    try:
        content = secret.read_bytes()
        key = serialization.load_pem_private_key(content, None)
        certificate = x509.load_pem_x509_certificate(content)
    except ValueError:
        raise UnusableAuthority(f"{secret} holds no certificate authority: remove it, another will be made") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise UnusableAuthority(f"{secret} is not this emulator's work: remove it, another will be made")
    return key, certificate


def _written(folder: Path, content: bytes) -> Path:
    """A new file that only its owner may read."""
    descriptor, name = tempfile.mkstemp(dir=folder, suffix=".pem")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return Path(name)


def _new_authority(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "HubSpot emulator, for tests on this machine")])
    permitted = [x509.DNSName(domain) for domain in DOMAINS]
    certificate = (
        _certificate(name, name, key.public_key(), _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _written(folder, _pem(key) + _public(certificate))


def _server_certificate(issuer: Authority, key: ec.EllipticCurvePrivateKey, hosts: list[str]) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    issuing_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return (
        _certificate(name, issuer.certificate.subject, key.public_key(), _RENEW_BEFORE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuing_key, critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .sign(issuer.key, hashes.SHA256())
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
