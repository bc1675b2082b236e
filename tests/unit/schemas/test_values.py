from uuid import UUID

from schemas.dealer import Connection, Dealer, Secret
from schemas.workorder import workorder_id


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret("s3cr3t")
    connection = Connection("https://groep.example", "https://login.example/token", "api", "client", secret)
    dealer = Dealer(12, "Garage", connection)
    assert "s3cr3t" not in f"{secret} {secret!r} {connection} {dealer}"
    assert secret.reveal() == "s3cr3t"


def test_secrets_compare_by_what_they_hold() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_the_id_of_a_workorder_never_changes() -> None:
    assert workorder_id(12, 7001) == UUID("35d24d92-9853-5b21-9e0c-d6ba2ff986b3")
    assert len({workorder_id(12, 7001), workorder_id(12, 7002), workorder_id(1, 27001)}) == 3
