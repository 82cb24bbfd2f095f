"""A key and a certificate that nobody has signed."""

import subprocess
from pathlib import Path


def self_signed(openssl: str, folder: Path, days: int) -> tuple[Path, Path]:
    """Make a key and a certificate of 127.0.0.1; return their files."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days)),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return key, certificate
