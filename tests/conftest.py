"""Fixtures for the tests of the whole program. Services: scripts/services (real ones)."""

import collections
import os
import pathlib
import signal
import subprocess
import sys
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from support import program  # noqa: E402
from support.kafka import Kafka  # noqa: E402
from support.redis import Redis, RedisServer  # noqa: E402

# With a sanitizer a test of up to CASES_ALL cases runs all of them, others one in CASE_SHARE.
CASES_ALL, CASE_SHARE = 3, 8
SERVICES = program.ROOT / "scripts" / "services"
SERVICES_FOLDER = program.ROOT / "build" / "services"
# Each of the processes that share the tests has brokers of its own: some tests end theirs.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["HOOKSTREAM_SERVICES"] = os.environ["PYTEST_XDIST_WORKER"]
    SERVICES_FOLDER = SERVICES_FOLDER / "sets" / os.environ["HOOKSTREAM_SERVICES"]

# Run in the background, the tests may have it ignored, and so would whatever they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--sanitizer", choices=["address", "thread"],
                     help="run what the sanitizer's build is to run, not every test")


def pytest_collection_modifyitems(config, items):
    """A sanitizer looks at the code, which the cases of a test mostly have in common."""
    sanitizer = config.getoption("--sanitizer")
    if sanitizer is None:
        return
    stay = [item for item in items if not item.get_closest_marker("plain_only")]
    if sanitizer == "thread":
        stay = list(_half_of_each_file([item for item in stay if not _has_no_thread(item)]))
    stay = set(_share_of_cases(stay))
    config.hook.pytest_deselected(items=[item for item in items if item not in stay])
    items[:] = [item for item in items if item in stay]


def _test_of(item):
    return item.nodeid.split("[")[0]


def _share_of_cases(items):
    cases = collections.defaultdict(list)
    for item in items:
        cases[_test_of(item)].append(item)
    for same in cases.values():
        yield from same[::CASE_SHARE] if len(same) > CASES_ALL else same


def _half_of_each_file(items):
    """All tests have the same threads, and those of a file mostly the same hand-overs. The whole
    scenarios of e2e stay, and what is marked `threads`."""
    tests = collections.defaultdict(dict)
    for item in items:
        tests[item.path].setdefault(_test_of(item), len(tests[item.path]))
    for item in items:
        whole = "e2e" in item.path.parts or item.get_closest_marker("threads")
        if whole or tests[item.path][_test_of(item)] % 2 == 0:
            yield item


def _has_no_thread(item):
    """Whatever its mark says, a test that starts a hookstream has threads."""
    return item.get_closest_marker("single_threaded") and "hookstream" not in item.fixturenames


@pytest.fixture
def share(request):
    """Of cases that a test goes through by itself, it is to take every so manyth."""
    return CASE_SHARE if request.config.getoption("--sanitizer") else 1


@pytest.fixture(autouse=True)
def _single_threaded_is_true(request, monkeypatch):
    """One that starts a hookstream past the fixture would be left out unseen."""

    def refuse(*_):
        raise AssertionError("this test starts a hookstream: it is not single_threaded")

    if _has_no_thread(request.node):
        monkeypatch.setattr(program.Hookstream, "start", refuse)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Lets a fixture see at its end whether its test failed."""
    outcome = yield
    setattr(item, f"report_{call.when}", outcome.get_result())


def _start(name):
    # What a service inherits it keeps open: no pipe of ours, else reading it never ends.
    done = subprocess.run([SERVICES, "start", name], stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        pytest.fail(f"scripts/services start {name} failed", pytrace=False)
    listing = subprocess.run([SERVICES, "env"], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        key, value = line.removeprefix("export ").split("=", 1)
        if key == f"HOOKSTREAM_TEST_{name.upper()}":
            return value
    raise AssertionError(f"no address of {name}: {listing}")


@pytest.fixture(scope="session")
def kafka():
    """A real broker, shared by the session; use topics of your own (see `unique`)."""
    return Kafka(_start("kafka"))


@pytest.fixture(scope="session")
def redis():
    """A real Redis, shared by the session; use keys of your own (see `unique`)."""
    client = Redis(_start("redis"))
    yield client
    client.close()


@pytest.fixture
def redis_server(tmp_path):
    """A Redis of the test's own, to be killed and started again."""
    servers = []

    def make(*options):
        server = RedisServer(tmp_path / f"redis{len(servers)}", *options)
        servers.append(server)
        return server.start()

    yield make
    for server in servers:
        server.end()


@pytest.fixture
def services():
    """scripts/services itself: services("kill", "kafka"), services.runs("kafka"); its data is
    in services.folder. What was stopped is started again."""

    def run(*words):
        done = subprocess.run([SERVICES, *words], stdin=subprocess.DEVNULL, check=False)
        assert done.returncode == 0, f"scripts/services {' '.join(words)}: {done.returncode}"

    def runs(name):
        done = subprocess.run([SERVICES, "status", name], capture_output=True, text=True,
                              check=False)
        return "stopped" not in done.stdout

    run.runs = runs
    run.folder = SERVICES_FOLDER
    yield run
    for name in ("kafka", "redis"):
        subprocess.run([SERVICES, "resume", name], capture_output=True, check=False)
        _start(name)


@pytest.fixture
def unique():
    """A name that no other test has, for topics, streams and groups."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture
def hookstream(tmp_path, request):
    """Starts hookstream with a configuration: hookstream(sinks=..., routes=..., ...).

    At the end what still runs must end well after SIGTERM, and no sanitizer may have spoken.
    """
    made = []

    def make(config=None, *, start=True, environment=None, **parts):
        if config is None:
            config = program.configuration(tmp_path, **parts)
        name = f"hookstream{len(made) or ''}"
        one = program.Hookstream(tmp_path, config, name, environment)
        made.append(one)
        return one.start() if start else one

    yield make
    problems = []
    for one in made:
        if one.running:
            try:
                one.stop()
            except (AssertionError, subprocess.TimeoutExpired) as error:
                one.kill9()
                problems.append(str(error))
        problems += [f"{word}\n{one.log[-8000:]}" for word in one.sanitizer_reports()]
        call = getattr(request.node, "report_call", None)
        if problems or (call is not None and call.failed):
            print(f"--- {one.log_file}, its end ---\n{one.log[-6000:]}")
    assert not problems, "\n".join(problems)
