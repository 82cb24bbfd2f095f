"""`livesegment doctor`."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer

from livesegment import __version__
from livesegment.cli import parameters
from livesegment.cli.logs import set_up_logging
from livesegment.cli.outcome import BUG, ENDPOINT, OUTPUT, SOURCE, print_result, reports_outcome
from livesegment.doctor.examination import Area, Finding, examine
from livesegment.settings import EndpointOptions

_CODES: dict[Area, int] = {
    "installation": BUG,
    "source": SOURCE,
    "endpoint": ENDPOINT,
    "output": OUTPUT,
}
_NAME_WIDTH = 16


@reports_outcome
@parameters.takes(parameters.endpoint_options, "endpoint")
def doctor(
    endpoint: EndpointOptions,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write the findings to stdout as JSON.")
    ] = False,
    verbose: parameters.Verbose = False,
) -> None:
    """Say what this machine has and lacks, and what to do about it.

    With --model, and --endpoint if it is not the hosted one, ONE call is made there, which is
    billed; without them nothing is called. Ends with 0 if nothing fails, otherwise with the code
    of the first line that does: 1 the installation, 3 a camera, 4 the endpoint, 5 an output.
    """
    set_up_logging(verbose=verbose)
    findings = examine(endpoint)
    seen = _write_json(findings) if as_json else _write_lines(findings)
    failed = [finding for finding in seen if finding.state == "fail"]
    if failed:
        raise typer.Exit(_CODES[failed[0].area])


def _write_lines(findings: Iterable[Finding]) -> list[Finding]:
    """Write each finding as soon as it is there."""
    seen = []
    for finding in findings:
        seen.append(finding)
        print_result(f"{finding.state:<4}  {finding.name:<{_NAME_WIDTH}}  {finding.text}")
        if finding.advice:
            print_result(f"{'':<{_NAME_WIDTH + 6}}  -> {finding.advice}")
    return seen


def _write_json(findings: Iterable[Finding]) -> list[Finding]:
    seen = list(findings)
    result = {
        "version": __version__,
        "ok": all(finding.state != "fail" for finding in seen),
        "findings": [asdict(finding) for finding in seen],
    }
    print_result(json.dumps(result, indent=2))
    return seen
