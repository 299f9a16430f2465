"""Writers of several processes take turns from their first statement on, so that none fails when it turns to write (D2a)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from store.database import Database


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_second_process_waits_for_the_first_before_it_reads(database: Database) -> None:
    other = Database(database.url)

    def read_to_write() -> int:
        with other.writing() as session:
            found: int = session.execute(text("SELECT max(offset_seconds) FROM installation")).scalar_one()
            session.execute(text("UPDATE installation SET offset_seconds = :value"), {"value": found + 1})
            return found

    with ThreadPoolExecutor(1) as threads:
        with database.writing() as session:
            session.execute(text("SELECT 1"))
            waiting = threads.submit(read_to_write)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
            session.execute(text("UPDATE installation SET offset_seconds = 41"))
        assert waiting.result(timeout=10) == 41
    other.close()
