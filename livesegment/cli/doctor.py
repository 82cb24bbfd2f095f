"""`livesegment doctor`."""

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict

from livesegment import __version__
from livesegment.cli.logs import set_up_logging
from livesegment.cli.memory import LEAST_TO_BEGIN, check_address_space
from livesegment.cli.outcome import BUG, DONE, ENDPOINT, OUTPUT, SOURCE, print_result
from livesegment.doctor.examination import Area, Finding, examine
from livesegment.settings.commands import DoctorCommand

_CODES: dict[Area, int] = {
    "installation": BUG,
    "source": SOURCE,
    "endpoint": ENDPOINT,
    "output": OUTPUT,
}
_NAME_WIDTH = 16


def run(command: DoctorCommand, _: Collection[str]) -> int:
    """Say what this machine has and lacks, and what to do about it.

    With --model, and --endpoint if it is not the hosted one, ONE call is made there, which is
    billed; without them nothing is called. Ends with 0 if nothing fails, otherwise with the code
    of the first line that does: 1 the installation, 3 a camera, 4 the endpoint, 5 an output.
    """
    check_address_space(LEAST_TO_BEGIN)
    set_up_logging(command.log)
    findings = examine(command.endpoint)
    seen = _write_json(findings) if command.json else _write_lines(findings)
    failed = [finding for finding in seen if finding.state == "fail"]
    return _CODES[failed[0].area] if failed else DONE


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
