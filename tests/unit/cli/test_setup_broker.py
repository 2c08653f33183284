"""`clipmill setup broker`: what is wanted, what is missing, and what is said of it."""

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clipmill import consumer_timeout, topology
from clipmill.pipeline import SERVICES
from clipmill.settings import BrokerAddress
from clipmill.topology import Queue
from clipmill_cli.main import app
from clipmill_cli.rabbitmq import here, password, wording
from clipmill_cli.rabbitmq.accounts import read_fleet
from clipmill_cli.rabbitmq.difference import difference
from clipmill_cli.rabbitmq.policy import policy
from clipmill_cli.rabbitmq.snapshot import Item, Snapshot
from clipmill_cli.rabbitmq.wanted import Fleet, definitions, fleet_account, submit_account
from clipmill_cli.trouble import Status, Trouble

FLEET = Fleet(
    vhost="clipmill",
    accounts=(fleet_account("clipmill", "one"), submit_account("two")),
    topology=topology.fleet_topology(SERVICES),
    job_timeouts={topology.work_queue(service): 7200 for service in SERVICES},
)
BARE = Snapshot(version="4.0.5", definitions={})


def settled(fleet: Fleet = FLEET, version: str = "4.0.5") -> Snapshot:
    """A broker that holds all that the fleet needs."""
    return Snapshot(version=version, definitions=definitions(fleet, replace(BARE, version=version)))


# passwords


def test_a_hash_of_rabbitmqs_own_is_recognised() -> None:
    known = {
        "password_hash": "GtNVL6qr31TBds2vxyuwfSvJOwscUazSNYcQwGgdQjPqweKH",
        "hashing_algorithm": "rabbit_password_hashing_sha256",
    }
    assert password.verify("secret", known)
    assert not password.verify("Secret", known)
    assert password.hashed("secret", known) == known


@pytest.mark.parametrize(
    "known",
    [
        pytest.param({}, id="no user"),
        pytest.param({"password_hash": "", "hashing_algorithm": ""}, id="a user without a password"),
        pytest.param(
            {"password_hash": "no base64", "hashing_algorithm": "rabbit_password_hashing_sha256"}, id="garbage"
        ),
        pytest.param({"password_hash": "AAAA", "hashing_algorithm": "rabbit_password_hashing_md5"}, id="an old digest"),
    ],
)
def test_what_is_no_hash_of_the_password_is_replaced_by_one(known: Item) -> None:
    made = password.hashed("secret", known)
    assert password.verify("secret", made)
    assert made != password.hashed("secret", {}), "each has its own salt"


# what is wanted


@pytest.mark.parametrize(
    ("version", "queue", "expected"),
    [
        ("3.10.8", "download_queue", {"delivery-limit": 10}),
        ("3.12.0", "download_queue", {"delivery-limit": 10, "consumer-timeout": 8_100_000}),
        ("4.0.5", "download_queue", {"delivery-limit": 10, "consumer-timeout": 8_100_000}),
        # no limit is the default on 3.10, where -1 would drop at the first return
        ("3.10.8", "download_queue_parked", {}),
        ("4.0.5", "download_queue_parked", {"delivery-limit": -1}),
        ("4.0.5", "retry_5s", {"message-ttl": 5000, "dead-letter-exchange": "jobs"}),
        ("4.0.5", "signs", {"max-length": 20_000, "overflow": "drop-head", "message-ttl": 300_000}),
    ],
)
def test_a_policy_says_what_the_topology_says_and_this_version_knows(
    version: str, queue: str, expected: dict[str, object]
) -> None:
    found = next(item for item in FLEET.topology.queues if item.name == queue)
    made = policy(found, version=version, vhost="clipmill", job_timeout=FLEET.job_timeouts.get(queue))
    definition = made["definition"] if made else {}
    assert expected.items() <= definition.items()
    assert ("delivery-limit" in definition) == ("delivery-limit" in expected or queue.startswith("retry"))
    assert ("consumer-timeout" in definition) == ("consumer-timeout" in expected)


def test_a_policy_holds_for_its_queue_alone() -> None:
    made = policy(Queue(name="a.b", delivery_limit=1), version="4.0.5", vhost="clipmill")
    assert made
    assert re.search(made["pattern"], "a.b")
    assert not any(re.search(made["pattern"], name) for name in ("a.b_dlq", "xa.b", "a-b"))


@pytest.mark.parametrize(
    ("may", "names", "others"),
    [
        ("configure", ["wait.1"], ["waiting", "jobs", "download_queue", "xwait.1"]),
        ("write", ["wait.1", "jobs"], ["amq.default", "results", "download_queue"]),
        ("read", ["wait.1", "results"], ["jobs", "download_queue", "download_queue_parked", "notifier"]),
    ],
)
def test_people_may_touch_few_names(may: str, names: list[str], others: list[str]) -> None:
    pattern = getattr(submit_account("secret"), may)
    assert all(re.search(pattern, name) for name in names)
    assert not any(re.search(pattern, name) for name in others)


# what is missing


def test_a_broker_that_holds_everything_lacks_nothing() -> None:
    current = settled()
    assert not difference(definitions(FLEET, current), current).missing


def test_what_others_keep_on_the_broker_is_left_alone() -> None:
    current = settled()
    current.definitions["users"][0]["tags"] = ["monitoring"]
    current.definitions["queues"].append({"name": "theirs", "vhost": "clipmill", "arguments": {}})
    current.definitions["vhosts"][0]["metadata"]["description"] = "theirs"
    assert not difference(definitions(FLEET, current), current).missing


def test_what_lasts_is_kept_and_told_with_the_way_out() -> None:
    current = settled(version="3.10.8")
    current.definitions["vhosts"][0]["metadata"] = {"description": "", "tags": []}
    current.definitions["exchanges"][0]["type"] = "headers"
    current.definitions["queues"][0]["arguments"] = {}
    found = difference(definitions(FLEET, current), current)
    assert not found.missing
    vhost, exchange, queue = wording.warnings(found)
    assert "rabbitmqctl delete_vhost clipmill" in vhost
    assert "is of type headers; delete it" in exchange
    assert "was declared with no queue type and is kept" in queue
    assert "rabbitmqctl delete_queue --vhost clipmill notifier" in queue


def test_a_change_is_one_line_for_each_kind_of_thing() -> None:
    current = settled()
    del current.definitions["queues"][0], current.definitions["bindings"][0]
    current.definitions["policies"][0]["priority"] = 0
    current.definitions["permissions"].clear()
    assert wording.changes(difference(definitions(FLEET, current), current)) == [
        "made permissions of: clipmill, clipmill-submit",
        "made queue: notifier",
        "made binding: results to notifier (result.*)",
        "changed policy: notifier",
    ]


@pytest.mark.parametrize(
    ("version", "node", "warned"),
    [
        ("3.10.8", None, "30 min by default"),
        ("3.10.8", 1800.0, "1800 s now"),
        ("3.10.8", 8100.0, None),
        ("3.10.8", float("inf"), None),
        ("3.12.1", None, None),
        ("4.0.5", None, None),
    ],
)
def test_a_step_that_the_broker_would_take_away_is_warned_of(
    version: str, node: float | None, warned: str | None
) -> None:
    text = consumer_timeout.warning(version, 7200, node)
    assert (text is None) == (warned is None)
    if text and warned:
        assert warned in text
        assert "consumer_timeout = 8100000" in text


# where the fleet is read from


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    """The credentials of an installed fleet."""
    (tmp_path / "amqp-password").write_text("of-the-fleet\n")
    (tmp_path / "amqp-submit-password").write_text("of-people\n")
    return tmp_path


def test_a_fleet_is_what_its_settings_and_credentials_say(credentials: Path) -> None:
    env_file = credentials / "clipmill.env"
    env_file.write_text("BROKER_URL=amqp://mill@localhost/clips\nJOB_TIMEOUT=60\nCUTTER_JOB_TIMEOUT=90\n")
    fleet = read_fleet(env_file, credentials)
    assert fleet.vhost == "clips"
    assert fleet.job_timeouts == {"download_queue": 60, "cutter_queue": 90, "preview_queue": 60}
    passwords = [(account.name, account.password) for account in fleet.accounts]
    assert passwords == [("mill", "of-the-fleet"), ("clipmill-submit", "of-people")]


def test_a_password_in_the_url_is_the_fleets(credentials: Path) -> None:
    env_file = credentials / "clipmill.env"
    env_file.write_text("BROKER_URL=amqp://mill:of-url@localhost/clips\n")
    (credentials / "amqp-password").unlink()
    assert read_fleet(env_file, credentials).accounts[0].password == "of-url"


def test_missing_passwords_are_told_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"amqp-submit-password and .*/amqp-password") as told:
        read_fleet(tmp_path / "none", tmp_path)
    assert told.value.status is Status.BAD_SETTINGS


# where the broker is


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        (socket.gethostname(), True),
        ("192.0.2.1", False),
        ("no.invalid", False),
    ],
)
def test_a_broker_is_local_when_its_address_is_one_of_this_machine(host: str, ours: bool) -> None:
    assert here.is_ours(host) is ours


@pytest.fixture
def port() -> Iterator[int]:
    """A port on which nothing listens, and which nobody else gets."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def rabbitmqctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which RabbitMQ is installed; what it would do is another test's business."""
    (tmp_path / "rabbitmqctl").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


def test_without_rabbitmqctl_there_is_no_local_broker(monkeypatch: pytest.MonkeyPatch, credentials: Path) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "no local broker: rabbitmqctl is not installed" in said("--local", credentials=credentials)


@pytest.mark.usefixtures("rabbitmqctl")
def test_a_stopped_broker_is_no_local_broker(credentials: Path, port: int) -> None:
    (credentials / "clipmill.env").write_text(f"BROKER_URL=amqp://clipmill@127.0.0.1:{port}/clipmill\n")
    assert f"no local broker: nothing listens on 127.0.0.1:{port}" in said("--local", credentials=credentials)


@pytest.mark.usefixtures("rabbitmqctl")
def test_a_broker_elsewhere_is_no_local_broker(credentials: Path) -> None:
    (credentials / "clipmill.env").write_text("BROKER_URL=amqp://clipmill@192.0.2.1/clipmill\n")
    told = "no local broker: BROKER_URL names 192.0.2.1, which is another machine"
    assert told in said("--local", credentials=credentials)


def test_who_asks_for_a_broker_here_is_told_that_there_is_none(
    monkeypatch: pytest.MonkeyPatch, credentials: Path
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "for one elsewhere give its URL" in said(credentials=credentials, status=Status.UNAVAILABLE)


def test_what_is_no_address_of_a_broker_is_refused(credentials: Path) -> None:
    for url in ("rabbit.example.org", "ftp://rabbit.example.org", "http://"):
        assert "is no address of a broker" in said(url, credentials=credentials, status=Status.USAGE)


def test_a_listening_port_is_heard(port: int) -> None:
    address = BrokerAddress(host="127.0.0.1", port=port, vhost="/", user="", password="")
    assert not here.listens(address)
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert here.listens(replace(address, port=server.getsockname()[1]))


def said(*words: str, credentials: Path, status: int = 0) -> str:
    """What the command prints."""
    places = ["--credentials", str(credentials), "--settings", str(credentials / "clipmill.env")]
    done = CliRunner().invoke(app, ["setup", "broker", *words, *places])
    assert done.exit_code == status, done.output
    return done.output
