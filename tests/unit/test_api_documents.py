"""The documents of what may be asked are right: every route is there, and answers as they say."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from conftest import need_package
from feeds import HandFeed, give_event, visited
from parts import FunctionSegmenter
from starlette.routing import Route, WebSocketRoute

from livesegment.server.app import build_app as build_endpoint
from livesegment.server.embedded import EmbeddedServer
from livesegment.server.key_ring import KeyRing
from livesegment.server.model_pool import ModelPool
from livesegment.settings import ApiKey, WebOptions
from livesegment.settings.serve import ServeOptions
from livesegment.web.access import Access
from livesegment.web.answers import CAMERAS, EVENTS
from livesegment.web.app import build_app as build_page
from livesegment.web.roles import Role
from livesegment.web.route_rules import RULES
from livesegment.web.streams import Streams

TOKEN = "correct horse"


PICTURE = cv2.imencode(".jpg", np.zeros((6, 8, 3), np.uint8))[1].tobytes()
PICTURES = [("image/jpeg", PICTURE), ("text/plain", base64.b64encode(PICTURE).decode())]


@contextmanager
def page(options: WebOptions, folder: Path) -> Iterator[httpx.Client]:
    """Serve a page with a camera that has an event, and whose pictures have come to an end."""
    feed = HandFeed("gate", "Gate")
    give_event(feed, folder, PICTURE)
    feed.put()
    with visited(feed, options) as client:
        feed.end()
        yield client


@contextmanager
def endpoint(**options: Any) -> Iterator[httpx.Client]:
    """Serve a model that finds something everywhere."""
    model = FunctionSegmenter(lambda _: 1, max_concurrency=1)
    with (
        EmbeddedServer(model, ServeOptions(port=0, **options)) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client,
    ):
        yield client


@pytest.fixture(params=["page", "page with a token", "serve", "serve with keys, nested"])
def asked_of(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[httpx.Client]:
    """Yield somebody who knows the token or the key, and asks a server."""
    (tmp_path / "keys").write_text(TOKEN)
    makers = {
        "page": lambda: page(WebOptions(port=0), tmp_path),
        "page with a token": lambda: page(WebOptions(port=0, token=ApiKey(TOKEN)), tmp_path),
        "serve": endpoint,
        "serve with keys, nested": lambda: endpoint(
            api_key_file=str(tmp_path / "keys"), reply="nested"
        ),
    }
    with makers[request.param]() as client:
        client.headers["authorization"] = f"Bearer {TOKEN}"
        yield client


def test_a_document_is_valid_openapi(asked_of: httpx.Client) -> None:
    validator = need_package("openapi_spec_validator", extra="test")
    answer = asked_of.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    validator.validate(answer.json())
    assert answer.json()["openapi"].startswith("3.1.")


def described(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }


def routes(app: Any) -> set[tuple[str, str]]:
    found = set()
    for route in app.routes:
        if isinstance(route, WebSocketRoute):
            continue  # OpenAPI knows none
        assert isinstance(route, Route)
        assert route.methods is not None
        path = route.path.replace(":path}", "}")
        found |= {(method, path) for method in route.methods - {"HEAD"}}
    return found


def test_the_pages_document_has_every_route(tmp_path: Path) -> None:
    app = build_page(list, Access(None), Streams(), cookie="c", beat=lambda: 0.0)
    with page(WebOptions(port=0), tmp_path) as client:
        assert described(client.get("/openapi.json").json()) == routes(app)


def test_the_endpoints_document_has_every_route() -> None:
    model = FunctionSegmenter(lambda _: 1, max_concurrency=1)
    pool = ModelPool(1)
    app = build_endpoint(model, ServeOptions(), keys=KeyRing(), pool=pool)
    pool.close()
    with endpoint() as client:
        assert described(client.get("/openapi.json").json()) == routes(app)


def test_the_pages_document_says_who_may_do_what(tmp_path: Path) -> None:
    with page(WebOptions(port=0, token=ApiKey(TOKEN)), tmp_path) as client:
        document = client.get("/openapi.json", headers={"authorization": f"Bearer {TOKEN}"}).json()
    schemes = document["components"]["securitySchemes"]
    assert {"session", "bearer", "basic"} == schemes.keys()
    for (method, path), rule in RULES.items():
        if method == "WEBSOCKET":
            continue
        ways = document["paths"][path][method.lower()]["security"]
        wanted = (
            [] if rule.role is Role.OPEN else [{name: [rule.role.name.lower()]} for name in schemes]
        )
        assert ways == wanted
    with page(WebOptions(port=0), tmp_path) as client:  # nobody has to say who they are
        open_to_all = client.get("/openapi.json").json()
    assert not any(
        operation["security"]
        for path in open_to_all["paths"].values()
        for operation in path.values()
    )


def test_the_pages_document_has_all_that_is_said_of_a_camera(tmp_path: Path) -> None:
    with page(WebOptions(port=0), tmp_path) as client:
        said = client.get("/api/cameras").json()
        events = client.get("/api/cameras/gate/events").json()["events"]
    camera = CAMERAS["properties"]["cameras"]["items"]
    for found, schema in (
        (said, CAMERAS),
        (said["cameras"][0], camera),
        (said["cameras"][0]["controls"], camera["properties"]["controls"]),
        (said["figures"][0], CAMERAS["properties"]["figures"]["items"]),
        (events[0], EVENTS["properties"]["events"]["items"]),
    ):
        assert found.keys() == schema["properties"].keys()


def test_the_endpoints_document_can_be_read_without_a_key(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(TOKEN)
    with endpoint(api_key_file=str(tmp_path / "keys")) as client:
        document = client.get("/openapi.json").json()
    assert document["paths"]["/healthz"]["get"]["security"] == []
    assert document["paths"]["/{slug}/{version}"]["post"]["security"] == [
        {"query": []},
        {"bearer": []},
    ]
    assert TOKEN not in str(document)


@pytest.mark.timeout(240)
def test_whatever_is_asked_is_answered_as_the_document_says(asked_of: httpx.Client) -> None:
    """Draw a few requests for each route; `tests/fuzz/servers.py` draws thousands."""
    need_package("schemathesis", extra="test")
    import described as documents
    from hypothesis import HealthCheck, Phase, given, settings

    wrong, statuses = [], set()
    known = {"name": "gate", "file": "a.jpg", "slug": "a/b", "version": "1"}
    for operation in documents.operations(asked_of.get("/openapi.json").json()):

        @settings(
            max_examples=6,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=documents.drawn(operation, known, PICTURES))
        def ask(case: Any) -> None:
            # One that logs in or out is another one afterwards.
            answer = documents.asked(asked_of, case)
            asked_of.cookies.clear()
            if answer is not None:
                statuses.add(answer.status_code)
                wrong.extend(
                    (case.method, case.path, each) for each in documents.faults(case, answer)
                )

        ask()
    assert wrong == []
    assert {200, 400} <= statuses
