"""Whether somebody listens at an address."""

import socket

import pytest

from livesegment.address import check_reachable, network_of, shown_text, shown_url, why_unreachable
from livesegment.errors import SourceNotFound


def test_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert why_unreachable("127.0.0.1", port, 5) is None
        check_reachable(f"rtsp://127.0.0.1:{port}/door")


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        port = taken.getsockname()[1]
        assert why_unreachable("127.0.0.1", port, 5) == "Connection refused"
        with pytest.raises(SourceNotFound, match=rf"127\.0\.0\.1:{port}/door .*: Connection ref"):
            check_reachable(f"rtsp://user:secret@127.0.0.1:{port}/door")


def test_what_is_no_name_of_a_host_is_one_sentence() -> None:
    with pytest.raises(SourceNotFound, match="no name of a host"):
        check_reachable(f"rtsp://{'a' * 70}.example/door")


def test_who_has_a_network_of_addresses_is_one_client() -> None:
    for same in (
        ["192.0.2.1", "::ffff:192.0.2.1"],
        ["2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:0:1::"],
        ["fe80::1%eth0", "fe80::2%eth1"],
        ["", ""],
    ):
        assert len({network_of(each) for each in same}) == 1
    for other in (["192.0.2.1", "192.0.2.2"], ["2001:db8::1", "2001:db8:0:1::1"], ["::1", ""]):
        assert len({network_of(each) for each in other}) == 2


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/user=admin&password=Pw1&channel=1", "/user=admin&password=...&channel=1"),
        (
            "/user=admin_password=P_w=1_channel=1_stream=0.sdp",
            "/user=admin_password=..._channel=1_stream=0.sdp",
        ),
        ("/USER=a&PWD=Pw1", "/USER=a&PWD=..."),
        ("/live/token=Pw1/one", "/live/token=.../one"),
        ("/password=&channel=1", "/password=&channel=1"),
        ("/compass=1/bypass", "/compass=1/bypass"),
    ],
)
def test_a_password_in_a_path_is_not_shown(path: str, shown: str) -> None:
    assert shown_url(f"rtsp://h:554{path}") == f"rtsp://h:554{shown}"
    # With a mistake in it, which nothing takes for an address.
    mistaken = shown_text(f"rtsp//h{path}")
    assert [each for each in ("Pw1", "P_w") if each in mistaken] == []


def test_the_size_of_a_drawn_scene_is_no_password() -> None:
    assert shown_text("pattern:640x360@30") == "pattern:640x360@30"
    assert "Pw1" not in shown_text("rtsp:pattern:Pw1@h/one")
