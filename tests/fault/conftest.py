"""Options and fixtures of the fault tests. `scripts/test fault -- --rounds 1000 --seed 7`."""

import inspect
import json
import os
import pathlib
import random
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from stage import Stage, Stopwatch  # noqa: E402
from support import program  # noqa: E402
from support.proxy import Proxy  # noqa: E402

REPORT = pathlib.Path(os.environ.get("FAULT_REPORT", program.ROOT / "build/fault-report.jsonl"))


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, help="kills of the kill -9 scenarios, in place of 20")
    parser.addoption("--seed", type=int, default=None, help="of what is random, to repeat a run")


def pytest_configure(config):
    config.addinivalue_line("markers", "rounds(count): kills of a scenario that has not 20")
    if config.getoption("--seed") is None:
        config.option.seed = random.SystemRandom().randrange(1, 1000000)


def pytest_report_header(config):
    return f"seed {config.getoption('--seed')} (repeat with --seed)"


@pytest.fixture
def seed(request):
    number = request.config.getoption("--seed")
    print(f"seed {number}")  # shown when the test fails
    return number


@pytest.fixture
def rounds(request):
    given = request.config.getoption("--rounds")
    mark = request.node.get_closest_marker("rounds")
    return given or (mark.args[0] if mark else 20)


def _options(request):
    """What repeats this run: of the options those that the scenario itself asks for."""
    asked = inspect.signature(request.node.function).parameters
    names = [name for name in ("rounds", "seed") if name in asked]
    given = {name: request.config.getoption(f"--{name}") for name in names}
    return " ".join(f"--{name} {value}" for name, value in given.items() if value is not None)


def _write(request, figures, seconds):
    call = getattr(request.node, "report_call", None)
    row = {
        "scenario": request.node.name,
        "promise": " ".join((request.node.function.__doc__ or "").split()),
        "passed": call is not None and call.passed,
        "seconds": seconds,
        "seed": request.config.getoption("--seed"),
        "options": _options(request),
        "at": time.strftime("%Y-%m-%d", time.gmtime()),
        **figures,
    }
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    with open(REPORT, "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


@pytest.fixture
def report(request):
    """report(sent=..., lost=...): the figures of this scenario, for docs/reliability.md."""
    figures, watch = {}, Stopwatch()
    yield figures.update
    call = getattr(request.node, "report_call", None)
    if call is None or not call.skipped:
        _write(request, figures, watch.seconds)


@pytest.fixture
def stage(request, hookstream, report, unique, seed):
    """stage(kafka=..., redis=...): see stage.py; only the brokers given take part."""

    def make(**options):
        return Stage(hookstream, unique, report, seed=seed, **options)

    return make


@pytest.fixture
def proxy():
    """proxy(address): see support/proxy.py."""
    made = []

    def make(*arguments, **options):
        made.append(Proxy(*arguments, **options).start())
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def preload(tmp_path):
    """preload("eio.c"): compiles it; the environment that loads it into hookstream."""

    def make(source):
        library = tmp_path / f"{source}.so"
        here = pathlib.Path(__file__).resolve().parent
        words = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-o", str(library), str(here / source)]
        subprocess.run([*words, "-ldl"], check=True)
        # Else /proc/self/fd, where the library looks, is root's.
        return {"LD_PRELOAD": str(library), "HOOKSTREAM_CORE_DUMPS": "1"}

    return make


@pytest.fixture
def failing_disk(tmp_path, preload):
    """(environment, fail, mend): fail("pwrite") makes every such call on a segment EIO, or on
    files whose path has `where` in it."""
    trigger = tmp_path / "trigger"

    def fail(call, where="/segments/"):
        new = tmp_path / "trigger.new"
        new.write_text(where)
        new.rename(tmp_path / f"trigger.{call}")

    def mend(call):
        (tmp_path / f"trigger.{call}").unlink()

    return {**preload("eio.c"), "FAULT_TRIGGER": str(trigger)}, fail, mend
