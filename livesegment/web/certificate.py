"""By which certificate a page is served over https."""

import hashlib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from livesegment.errors import MissingExtra, OptionsError, system_words
from livesegment.settings.web import TlsOptions

_LASTS = timedelta(days=825)  # longer ones Apple's browsers take from nobody
_OTHER_KEY = frozenset(("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"))
"""What OpenSSL calls it, by its version and by the kinds of both keys."""


class _Locked(Exception):
    """A key wants a password."""


def server_context(options: TlsOptions, names: Sequence[str]) -> tuple[ssl.SSLContext, str | None]:
    """Return what a server needs for https.

    Args:
        options: A certificate, or the wish to have one made.
        names: Names and numbers for which one is made.

    Returns:
        The context; and of one that was made its SHA-256 fingerprint, as browsers write it.

    Raises:
        OptionsError: If the certificate or its key cannot be used.
        MissingExtra: If one is to be made, and what makes it is not installed.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if options.certificate is None:
        return context, _make(context, names)
    _load(context, options.certificate, options.key or options.certificate)
    return context, None


def _make(context: ssl.SSLContext, names: Sequence[str]) -> str:
    try:
        import trustme
    except ImportError:
        raise MissingExtra(
            "--web-tls needs trustme: pip install 'livesegment[tls]'; or give --web-cert"
            " and --web-key"
        ) from None
    now = datetime.now(UTC)
    made = trustme.CA().issue_cert(
        *names,
        organization_name="livesegment",
        not_before=now - timedelta(days=1),  # clocks differ
        not_after=now + _LASTS,
    )
    made.configure_cert(context)
    der = ssl.PEM_cert_to_DER_cert(made.cert_chain_pems[0].bytes().decode())
    return hashlib.sha256(der).digest().hex(":").upper()


def _load(context: ssl.SSLContext, certificate: str, key: str) -> None:
    _check(certificate, "CERTIFICATE", "certificate")
    _check(key, "PRIVATE KEY", "private key")

    def password() -> bytes:
        raise _Locked

    try:
        context.load_cert_chain(certificate, key, password)
    except _Locked:
        raise OptionsError(f"the key in {key} is locked with a password: save it without") from None
    except ssl.SSLError as error:
        if error.reason in _OTHER_KEY:
            sentence = f"the key in {key} is not that of the certificate in {certificate}"
        else:
            sentence = f"the certificate in {certificate} or the key in {key} is damaged"
        raise OptionsError(sentence) from None


def _check(file: str, label: str, what: str) -> None:
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        reason = system_words(error)
        raise OptionsError(f"{file} cannot be read: {reason}") from None
    if f"{label}-----".encode() not in content:
        raise OptionsError(f"{file} holds no {what} in PEM, which begins with -----BEGIN")
