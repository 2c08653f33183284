"""The history's database: what cannot be used is refused at the start, with what to do."""

from pathlib import Path

import pytest

from clipmill.settings import BadSettings
from clipmill_manager.database import open_database


def test_a_file_that_is_no_database_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_bytes(b"this is no database, and longer than a header" * 100)
    with pytest.raises(BadSettings, match=r"history\.db cannot be used: file is not a database; .* move it away"):
        open_database(f"sqlite:///{tmp_path / 'history.db'}")


def test_a_database_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE keepsakes SET body = '99' WHERE name = 'version'")
    engine.dispose()
    with pytest.raises(BadSettings, match="newer clipmill"):
        open_database(f"sqlite:///{tmp_path / 'history.db'}")


@pytest.mark.parametrize("address", ["postgresql", "mysql://host/name", "history.db", "://", "oracle+x://a"])
def test_what_is_no_address_of_a_database_is_refused(address: str) -> None:
    with pytest.raises(BadSettings, match="HISTORY_URL is no address of a database"):
        open_database(address)


def test_a_server_that_is_not_there_is_refused_without_telling_the_password() -> None:
    with pytest.raises(BadSettings, match=r"cannot be used: .*see to HISTORY_URL") as refused:
        open_database("postgresql://mill@127.0.0.1:1/history", password="hunter2")
    assert "hunter2" not in str(refused.value)
