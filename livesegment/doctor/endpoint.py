"""An endpoint: the way there, its key and model, and what a call costs in time."""

import ssl
import time
from collections.abc import Iterator
from dataclasses import replace

from livesegment.address import is_loopback, shown_url, system_reason, why_unreachable
from livesegment.doctor.examination import Finding
from livesegment.doctor.network import (
    Certificate,
    Origin,
    look_up,
    proxy_variable,
    shake_hands,
)
from livesegment.doctor.one_call import MeasuredCall, make_call, needed_at_once, requests_at_once
from livesegment.errors import (
    AuthenticationFailed,
    BadReply,
    EndpointError,
    EndpointTimeout,
    EndpointUnreachable,
    ModelNotFound,
    OptionsError,
    PaymentRequired,
    RateLimited,
    ServerFailed,
)
from livesegment.settings import EndpointOptions

_PATIENCE_S = 5.0
_SOON_DAYS = 14
_LIVE_RATE = 30.0

_ADVICE: tuple[tuple[type[EndpointError], str, str], ...] = (
    (AuthenticationFailed, "key", "give the key of the account that the model is in"),
    (ModelNotFound, "model", "look up the slug and version of the model: --model SLUG/VERSION"),
    (PaymentRequired, "call", "buy credits, or use another account's key"),
    (EndpointTimeout, "call", "try again, or give a longer --timeout"),
    (EndpointUnreachable, "call", "start the endpoint, or correct --endpoint"),
    (RateLimited, "call", "try again later, and use --call-rate"),
    (ServerFailed, "call", "try again in a minute"),
    (BadReply, "model", "give the address and model of a segmentation"),
    (EndpointError, "call", "see what the endpoint says in its answer"),
)
"""What to do about an error, and which line it stands in; the first that fits."""


def check(options: EndpointOptions) -> Iterator[Finding]:
    """Look at the endpoint that the options name. Makes ONE call, which is billed."""
    if options.is_builtin:
        yield Finding(
            "endpoint",
            "ok",
            "none was named, none was asked",
            "give --model (and --endpoint) to have one looked at, with ONE call, which is billed",
        )
        return
    yield Finding("endpoint", "ok", f"{shown_url(options.base_url)}, {options.asked}")
    key = _key(options)
    yield key
    if key.state == "fail":
        return
    opening_s = 0.0
    proxy = proxy_variable(options.base_url)
    if proxy is not None:
        yield Finding("connection", "ok", f"through the proxy that {proxy} names")
    else:
        for finding, took_s in _way(options):
            yield finding
            opening_s += took_s
            if finding.state == "fail":
                return
    if options.max_calls == 0:
        yield Finding("call", "warn", "none was made: --max-calls is 0", "leave --max-calls out")
        return
    yield from _call(options, opening_s)


def _key(options: EndpointOptions) -> Finding:
    source = options.key_source()
    try:
        options.check_key()
    except AuthenticationFailed as error:
        return Finding("key source", "fail", f"{error}", "set LIVESEGMENT_API_KEY to your key")
    if source is None:
        if replace(options, endpoint=None).key_source() is not None:
            return Finding(
                "key source",
                "warn",
                "none is sent: ROBOFLOW_API_KEY goes to the hosted endpoint and this machine only",
                "set LIVESEGMENT_API_KEY if this endpoint wants a key",
            )
        return Finding(
            "key source", "warn", "none is sent", "set LIVESEGMENT_API_KEY if one is wanted"
        )
    if source == "--api-key":
        return Finding(
            "key source",
            "warn",
            "--api-key, which other users of this machine can read",
            "set LIVESEGMENT_API_KEY instead",
        )
    is_in_clear = Origin.of(options.base_url).scheme == "http" and not is_loopback(options.base_url)
    if is_in_clear:
        return Finding(
            "key source",
            "warn",
            f"{source}; it travels unencrypted to another machine",
            "give an address that begins with https://, if the endpoint has one",
        )
    return Finding("key source", "ok", source)


def _way(options: EndpointOptions) -> Iterator[tuple[Finding, float]]:
    """Yield each step towards the endpoint, and the seconds of it that every connection takes."""
    origin, timeout_s = Origin.of(options.base_url), min(_PATIENCE_S, options.timeout_s)
    try:
        addresses, took_s = look_up(origin, timeout_s)
    except OSError as error:
        advice = "correct --endpoint, or this machine's name server"
        text = f"{origin.host} has no address: {system_reason(error).lower()}"
        yield Finding("name", "fail", text, advice), 0.0
        return
    more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
    text = f"{origin.host} is {addresses[0]}{more} ({took_s * 1000:.0f} ms)"
    yield Finding("name", "ok", text), took_s
    began_s = time.perf_counter()
    reason = why_unreachable(origin.host, origin.port, timeout_s)
    took_s = time.perf_counter() - began_s
    if reason is not None:
        advice = "start the endpoint, correct --endpoint's port, or open the firewall"
        text = f"nobody answers at {origin.host}, port {origin.port}: {reason.lower()}"
        yield Finding("connection", "fail", text, advice), 0.0
        return
    text = f"port {origin.port} answers in {took_s * 1000:.1f} ms"
    yield Finding("connection", "ok", text), took_s
    if origin.scheme == "https":
        yield _tls(origin, timeout_s)


def _tls(origin: Origin, timeout_s: float) -> tuple[Finding, float]:
    try:
        shown = shake_hands(origin, timeout_s)
    except ssl.SSLCertVerificationError as error:
        return Finding(
            "tls",
            "fail",
            f"the certificate of {origin.host} is not trusted: {error.verify_message}",
            "name the file of your organisation's certificates in SSL_CERT_FILE, or correct"
            " --endpoint",
        ), 0.0
    except OptionsError as error:
        return Finding("tls", "fail", f"{error}", "correct or unset these variables"), 0.0
    except OSError as error:
        return Finding(
            "tls",
            "fail",
            f"{origin.host} does not speak TLS: {system_reason(error).lower()}",
            "try the address with http://, or correct its port",
        ), 0.0
    return _certificate(shown), shown.took_s


def _certificate(shown: Certificate) -> Finding:
    text = f"{shown.protocol} in {shown.took_s * 1000:.0f} ms, trusted, {shown.days_left} days left"
    if shown.days_left < _SOON_DAYS:
        return Finding("tls", "warn", text, "renew the certificate")
    return Finding("tls", "ok", text)


def _call(options: EndpointOptions, opening_s: float) -> Iterator[Finding]:
    try:
        call = make_call(options)
    except OptionsError as error:
        yield Finding("call", "fail", f"{error}", "correct or unset these variables")
        return
    except EndpointError as error:
        yield _failed(options, error)
        return
    if options.key_source() is not None:
        yield Finding("key", "ok", "accepted")
    yield _model(call)
    yield _times(call)
    yield _rate(options, call, opening_s)


def _failed(options: EndpointOptions, error: EndpointError) -> Finding:
    name, advice = next((line, todo) for kind, line, todo in _ADVICE if isinstance(error, kind))
    source = options.key_source()
    if name == "key":
        advice = (
            "set LIVESEGMENT_API_KEY to your key"
            if source is None
            else f"{advice}; this one is from {source}"
        )
    return Finding(name, "fail", f"{error}", advice)


def _model(call: MeasuredCall) -> Finding:
    names = [call.mask.class_map[each] for each in sorted(call.mask.class_map)]
    if not names:
        return Finding(
            "model",
            "warn",
            "it answers with masks whose classes have no names",
            "expect 'class 1' and so on in the legend",
        )
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return Finding("model", "ok", f"answers with masks of {', '.join(names[:5])}{more}")


def _times(call: MeasuredCall) -> Finding:
    return Finding(
        "call",
        "ok",
        f"ONE made and billed: encode {call.encode_s * 1000:.1f} ms, network and model"
        f" {call.network_s * 1000:.0f} ms, decode {call.decode_s * 1000:.1f} ms; the answer has"
        f" {call.received_bytes / 1000:.1f} kB",
    )


def _rate(options: EndpointOptions, call: MeasuredCall, opening_s: float) -> Finding:
    round_trip_s, at_once = call.round_trip_s(opening_s), requests_at_once(options)
    rate = at_once / round_trip_s
    if options.call_rate is not None:
        rate = min(rate, options.call_rate)
    text = (
        f"about {rate:.0f} masks/s with {at_once} in flight, {round_trip_s * 1000:.0f} ms each over"
        f" an open connection, if the endpoint is as quick with {at_once} at once"
    )
    wanted = needed_at_once(_LIVE_RATE, round_trip_s)
    if wanted <= at_once or options.call_rate is not None:
        return Finding("rate", "ok", text)
    advice = f"--in-flight {min(wanted, 256)} would give {_LIVE_RATE:.0f}; each call is billed"
    return Finding("rate", "ok", text, advice)
