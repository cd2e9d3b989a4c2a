"""Content Credentials (C2PA): a signed note inside the file that its mouth was redrawn by a program.

With SYNCTALKFACE_C2PA_CERTIFICATE and SYNCTALKFACE_C2PA_KEY (PEM files; ES256) the note is signed by whoever runs the
page. Without them the page signs with a certificate of its own making: the note then proves that the file was not
changed since, and viewers say that they do not know the signer.
"""

from __future__ import annotations

import datetime
import importlib.util
import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import synctalkface

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.x509 import Certificate

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


def available() -> bool:
    """Is the library that writes the note installed?"""
    return importlib.util.find_spec("c2pa") is not None


def sign(video: Path) -> None:
    """Put the note into `video`, in place. Without the library the file keeps its plain metadata."""
    if not available():
        return
    import c2pa

    action = {"action": "c2pa.created", "digitalSourceType": SOURCE, "description": "Mouth redrawn to fit other speech"}
    manifest = {
        "claim_generator_info": [{"name": "synctalkface", "version": synctalkface.__version__}],
        "title": video.name,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    certificates, key = _credentials()
    info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=certificates, private_key=key, ta_url=None)
    signed = video.with_name(f"signed-{video.name}")
    with c2pa.Builder(json.dumps(manifest)) as builder, c2pa.Signer.from_info(info) as signer:
        builder.sign_file(str(video), str(signed), signer)
    os.replace(signed, video)


@cache
def _credentials() -> tuple[bytes, bytes]:
    """The chain of certificates and the private key, PEM."""
    certificate, key = (os.environ.get(f"SYNCTALKFACE_C2PA_{name}") for name in ("CERTIFICATE", "KEY"))
    if certificate and key:
        return Path(certificate).read_bytes(), Path(key).read_bytes()
    return _own_credentials()


def _own_credentials() -> tuple[bytes, bytes]:
    """A root and a leaf that live as long as this process: C2PA refuses leaves that sign themselves."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    above = _certificate("synctalkface demo, root of this run", root.public_key(), root, root=True)
    below = _certificate("synctalkface demo", leaf.public_key(), root, root=False)
    chain = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (below, above))
    key = leaf.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return chain, key


def _certificate(name: str, key: EllipticCurvePublicKey, signer: EllipticCurvePrivateKey, *, root: bool) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def title(text: str) -> x509.Name:
        owner = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "synctalkface")
        return x509.Name([owner, x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(
        digital_signature=not root, key_cert_sign=root, crl_sign=root, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder(title("synctalkface demo, root of this run"), title(name), key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(usage, critical=True)
    )
    if not root:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(signer, hashes.SHA256())
