"""Who may import whom: data flows one way, and every room knows only what it needs."""

import ast
from collections.abc import Iterator
from pathlib import Path

import livesegment

PACKAGE = Path(livesegment.__file__).parent

CORE = {
    "frame",
    "mask",
    "scene",
    "rle",
    "guided_filter",
    "downscale",
    "columns",
    "seen_classes",
    "class_name",
    "errors",
    "figures",
    "distribution",
    "metrics",
    "profile",
    "output",
    "threaded_output",
    "buffer",
    "backoff",
    "workers",
    "pacer",
    "http_bounds",
    "http_client",
    "duration",
    "settings",
    "address",
    "resource",
    "http_server",
    "http_connection",
    "https_connection",
    "openapi",
    "opencv",
    "media_file",
    "memory_budget",
    "state",
    "child",
    "foreign_noise",
}
MAY_IMPORT: dict[str, set[str]] = {
    **dict.fromkeys(CORE, CORE),
    "protocol": CORE,
    "weights": set(),
    "calls": CORE | {"protocol"},
    "sources": CORE | {"protocol"},
    "segmenters": CORE | {"protocol", "weights"},
    "motion": CORE | {"protocol", "weights"},
    "overlay": CORE | {"protocol"},
    "sinks": CORE | {"protocol"},
    "export": CORE | {"sinks.base", "sinks.output_file"},
    "events": CORE
    | {
        "protocol",
        "sources.base",
        "sinks.base",
        "sinks.output_file",
        "sinks.packet",
        "sinks.packet_file",
    },
    "review": CORE | {"events.jsonl", "sinks.output_file", "sinks.segment_folder"},
    "redaction": CORE | {"motion", "overlay"},
    "timeline": CORE
    | {"sinks.base", "sinks.csv_file", "sinks.output_file", "overlay.palette"}
    | {"events.counts", "events.event", "events.zone"},
    "server": CORE | {"protocol", "segmenters"},
    "web": CORE | {"overlay.palette", "review", "sinks.live_track"},
    "live": CORE
    | {"calls", "protocol", "sources", "segmenters", "motion", "overlay", "sinks", "events"}
    | {"redaction", "review", "web"},
    "annotate": CORE
    | {"calls", "protocol", "sources", "segmenters", "motion", "overlay", "sinks", "export"}
    | {"redaction", "timeline"},
    "picture": CORE | {"annotate", "calls", "sources", "segmenters", "overlay", "sinks"},
    "monitor": CORE
    | {"calls", "live", "review", "sources", "web", "events.delivery", "events.event"}
    | {"events.jsonl"}
    | {"events.broker_address", "events.topics", "events.opening", "events.switches"}
    | {"events.mqtt_forgetting", "events.phone_trial"},
    "doctor": CORE | {"calls", "protocol", "sources", "segmenters", "overlay", "sinks"},
    "bench": CORE | {"calls", "live", "protocol", "sources", "segmenters"},
    "cluster": CORE | {"annotate", "calls", "sources", "segmenters"},
    "cli": CORE
    | {"bench", "doctor", "live", "annotate", "picture", "cluster", "monitor", "protocol", "server"}
    | {"segmenters", "events.rule_text", "events.opening", "events.notify", "overlay.palette"},
}


def imports() -> Iterator[tuple[str, str]]:
    """Yield (module, imported module) for every import inside the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if module in {"__init__", "__main__"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module} imports relatively"
                names = [node.module or ""]
                if node.module and node.module.split(".")[0] == "livesegment":
                    # `from livesegment import picture` may name a module.
                    names = [
                        f"{node.module}.{alias.name}"
                        if (PACKAGE.parent / Path(*node.module.split("."), alias.name))
                        .with_suffix(".py")
                        .exists()
                        else node.module
                        for alias in node.names
                    ]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            for name in names:
                if name == "livesegment" or name.startswith("livesegment."):
                    yield module, name.removeprefix("livesegment").removeprefix(".")


def test_every_room_imports_only_what_it_may() -> None:
    strangers = []
    for module, imported in imports():
        room, target = module.split(".")[0], imported.split(".")[0]
        allowed = MAY_IMPORT[room]
        if target in {room, ""} or target in allowed or imported in allowed:
            continue
        strangers.append(f"{module} imports {imported}")
    assert strangers == []


def test_every_room_of_the_package_is_drawn_here() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert rooms - {"__init__", "__main__", "__pycache__", "py"} <= MAY_IMPORT.keys()
