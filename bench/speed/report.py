"""The figures for programs: every turn, the medians, the ratios, and the machine, as JSON."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.speed.contenders.mercurius import NODE
from bench.speed.contenders.ours import ROOT
from bench.speed.judging import flat, judged, middle
from bench.speed.options import Options
from bench.speed.running import Results


def machine() -> dict[str, Any]:
    """The facts that figures depend on: processors, versions, the commit, and the load of the machine."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load average": os.getloadavg(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "node": _output_of(NODE, "--version") if NODE else None,
        "commit": _output_of("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"),
    }


def write_report(path: Path, options: Options, results: Results, before: Mapping[str, Any]) -> None:
    """Writes the results of a run as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": dict(before) | {"load average after": os.getloadavg()},
        "options": asdict(options) | {"beside": str(options.beside) if options.beside else None},
        "seconds": round(results.seconds),
        "notes": results.notes,
        "medians": middle(results.turns),
        "ratios": {each.goal.sentence: each.ratio for each in judged(results.turns)} | dict(flat(results.turns)),
        "goals": {
            each.goal.sentence: (each.ratio, each.goal.at_least, each.goal.aim)
            for each in judged(results.turns)
            if each.goal.at_least
        },
        "turns": results.turns,
    }
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def _output_of(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()
