"""The package on a bare Debian, in this order: installed, rebooted, misconfigured, purged."""

import pytest

from tests.rig.deadline import until
from tests.rig.machine import Machine
from tests.system.fleet import UNITS, Fleet


@pytest.fixture(scope="module")
def fleet(bare_machine: Machine) -> Fleet:
    return Fleet(bare_machine)


def consumers(fleet: Fleet) -> dict[str, int]:
    """How many consume each queue of ours, as the broker counts them; none when it cannot say."""
    if not fleet.machine.succeeds("rabbitmqctl -q -p clipmill list_queues"):
        return {}
    rows = fleet.machine.run("rabbitmqctl -q -p clipmill --no-table-headers list_queues name consumers").splitlines()
    return {name: int(count) for name, _, count in (row.partition("\t") for row in rows)}


def await_work(fleet: Fleet) -> None:
    """Each work queue has its workers."""
    expected = {"download_queue": 2, "cutter_queue": 1, "preview_queue": 1}
    until(lambda: expected.items() <= consumers(fleet).items(), what=f"consumers {expected}", seconds=90, every=1)


@pytest.mark.timeout(600)
def test_installing_the_package_alone_brings_up_the_broker_and_all_six_units(fleet: Fleet) -> None:
    fleet.machine.run("DEBIAN_FRONTEND=noninteractive apt-get install -y /root/clipmill.deb")
    fleet.await_active("clipmill.target", *UNITS)
    await_work(fleet)
    assert fleet.failed_units() == []


def test_secrets_are_readable_for_those_who_need_them_only(fleet: Fleet) -> None:
    listed = fleet.machine.run("stat -c '%a %U:%G %n' /etc/clipmill/credentials /etc/clipmill/credentials/*")
    assert listed.splitlines() == [
        "750 root:clipmill /etc/clipmill/credentials",
        "600 root:root /etc/clipmill/credentials/amqp-password",
        "640 root:clipmill /etc/clipmill/credentials/amqp-submit-password",
        "600 root:root /etc/clipmill/credentials/web-password",
        "600 root:root /etc/clipmill/credentials/webhook-secret",
    ]


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit != "download@2"])
def test_each_unit_is_hardly_exposed(fleet: Fleet, unit: str) -> None:
    """1.1, and 0.1 more in a container, which has no PrivateUsers=; postgresql@ stands at 9.4."""
    fleet.machine.run(f"systemd-analyze security --no-pager --threshold=13 {unit}.service")


def test_systemd_finds_nothing_to_complain_about_in_the_units(fleet: Fleet) -> None:
    complaints = fleet.machine.run("systemd-analyze verify clipmill.target clipmill-broker.service 2>&1")
    assert complaints == ""


def test_without_a_broker_the_units_start_and_say_what_they_wait_for(fleet: Fleet) -> None:
    fleet.machine.run("systemctl stop rabbitmq-server && systemctl restart clipmill.target")
    fleet.await_active()
    for unit in UNITS:
        fleet.await_status((unit,), "waiting for broker")
    fleet.machine.run("systemctl start rabbitmq-server")
    await_work(fleet)


def test_a_reboot_brings_everything_back_but_a_worker_that_was_stopped_by_hand_and_is_to_stay_so(fleet: Fleet) -> None:
    """preview@ has the policy `unless-stopped`, download@ has `always`."""
    fleet.machine.run("systemctl stop preview@1 download@2")
    fleet.machine.reboot()
    fleet.await_active(*(unit for unit in UNITS if unit != "preview@1"))
    assert not fleet.active("preview@1")
    fleet.machine.run("systemctl start preview@1")
    fleet.machine.reboot()
    fleet.await_active()
    await_work(fleet)
    assert fleet.failed_units() == []


def test_a_wrong_password_is_waited_out_and_mended_by_the_broker_unit(fleet: Fleet) -> None:
    fleet.machine.run("rabbitmqctl -q change_password clipmill another && systemctl restart download@1")
    status = fleet.status(fleet.await_status(("download@1",), "waiting for broker"))
    assert "refused" in status.lower() or "password" in status.lower() or "login" in status.lower(), status
    assert fleet.active("download@1")
    fleet.machine.run("systemctl start clipmill-broker")
    await_work(fleet)


def test_bad_settings_are_refused_all_at_once_and_not_tried_again(fleet: Fleet) -> None:
    settings = "/etc/clipmill/clipmill.env"
    fleet.machine.run(f"cp {settings} /root/good.env; printf 'PART_SECONDS=abc\\nJOB_TIMEOUT=-1\\n' >> {settings}")
    fleet.machine.run("systemctl restart cutter@1", status=1)
    shown = fleet.machine.run("systemctl show cutter@1 -p ExecMainStatus -p NRestarts -p ActiveState").split()
    assert set(shown) == {"ExecMainStatus=78", "NRestarts=0", "ActiveState=failed"}
    log = fleet.machine.run("journalctl -u cutter@1 -n 20 -o cat")
    assert "PART_SECONDS" in log
    assert "JOB_TIMEOUT" in log
    assert "Traceback" not in log
    fleet.machine.run(f"cp /root/good.env {settings}; systemctl start cutter@1")
    fleet.await_active("cutter@1")


def test_purging_leaves_nothing_but_the_users(fleet: Fleet) -> None:
    fleet.machine.run("systemctl kill -s KILL preview@1")  # purged while a unit waits for its restart
    fleet.machine.run("DEBIAN_FRONTEND=noninteractive apt-get purge -y clipmill")
    users = " -o ".join(f"-user clipmill{name}" for name in ("", "-notifier", "-manager", "-ytdlp"))
    ours = f"{users} -o -group clipmill -o -iname '*clipmill*' -o -iname '*ytdlp*'"
    unit_files = "-o -name 'download@*' -o -name 'cutter@*' -o -name 'preview@*'"
    left = fleet.machine.run(rf"find / /run -xdev \( {ours} {unit_files} \) -not -path '/root/*' -not -path '/proc/*'")
    assert left == ""
    units = fleet.machine.run(
        "systemctl list-units --all --plain --no-legend 'download@*' 'cutter@*' 'preview@*' 'clipmill*'"
    )
    assert units == ""
    assert fleet.failed_units() == []
