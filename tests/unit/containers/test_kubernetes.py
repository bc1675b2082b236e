"""The Kubernetes example: valid by Kubernetes' schemas, the same programs as Compose's, as closed as they."""

from typing import Any

import kubernetes_validate
import pytest

from tests import compose, kubernetes

OBJECTS = kubernetes.objects("twodrive.yaml")
WORKLOADS = {one["metadata"]["name"]: one for one in OBJECTS if one["kind"] in ("Deployment", "Job")}
#: The Job's name holds the version, since a Job cannot be changed.
SERVICE_OF = {name: "migrate" if name.startswith("migrate") else name for name in WORKLOADS}
KEDA = kubernetes.objects("keda.yaml")


def pod(name: str) -> dict[str, Any]:
    found: dict[str, Any] = WORKLOADS[name]["spec"]["template"]["spec"]
    return found


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = compose.project()["services"]
    return found


@pytest.mark.parametrize("one", OBJECTS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_kubernetes_knows_every_field(one: dict[str, Any]) -> None:
    kubernetes_validate.validate(one, "1.34", strict=True)


def test_an_unknown_field_is_noticed() -> None:
    wrong = WORKLOADS["beat"] | {"spec": WORKLOADS["beat"]["spec"] | {"replica": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.34", strict=True)


def test_it_has_the_services_of_compose_that_talk_to_vinacles_or_measure() -> None:
    assert set(SERVICE_OF.values()) == set(compose.OURS) - {"flower", "simulator"}


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_a_program_is_composes(name: str, services: dict[str, Any]) -> None:
    [container] = pod(name)["containers"]
    service = services[SERVICE_OF[name]]
    ours = [word for word in container["command"] if not word.startswith("--schedule=")]
    assert ours == [word for word in service["command"] if not word.startswith("--schedule=")]
    assert container["image"] == service["image"]
    settings = next(one for one in OBJECTS if one["kind"] == "ConfigMap")["data"]
    own = {variable["name"]: variable["value"] for variable in container.get("env", ())}
    assert settings | own == service["environment"]
    if WORKLOADS[name]["kind"] == "Deployment":
        grace = compose.seconds(service["stop_grace_period"])
        assert pod(name)["terminationGracePeriodSeconds"] == grace


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_a_pod_has_no_privileges(name: str) -> None:
    assert pod(name)["securityContext"]["runAsNonRoot"]
    assert not pod(name)["automountServiceAccountToken"]
    [container] = pod(name)["containers"]
    closed = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
    assert container["securityContext"] == {**closed, "capabilities": {"drop": ["ALL"]}}
    assert "memory" in container["resources"]["limits"]


def test_a_health_check_restarts_nobody_whose_redis_is_away() -> None:
    for name in ("worker-interactive", "requests", "worker-bulk", "beat"):
        [container] = pod(name)["containers"]
        assert container["livenessProbe"]["exec"]["command"] == ["twodrive-health", "live"]
        assert container["readinessProbe"]["exec"]["command"] == ["twodrive-health", "ready"]


def test_a_slow_start_beside_the_pulse_of_an_earlier_container_has_minutes() -> None:
    """Also while Redis is away: `ready` would restart it then."""
    for name in ("worker-interactive", "requests", "worker-bulk", "beat"):
        [container] = pod(name)["containers"]
        probe = container["startupProbe"]
        assert probe["exec"]["command"] == ["twodrive-health", "live"]
        assert probe["periodSeconds"] * probe["failureThreshold"] >= 300


def test_beat_is_never_doubled() -> None:
    spec = WORKLOADS["beat"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def selected(one: dict[str, Any]) -> set[str]:
    """The workloads whose pods an object selects."""
    selector = one["spec"].get("selector") or one["spec"]["podSelector"]
    wanted = selector.get("matchLabels", selector).items()
    assert wanted
    return {
        name
        for name, workload in WORKLOADS.items()
        if wanted <= workload["spec"]["template"]["metadata"]["labels"].items()
    }


def test_selectors_find_their_pods_and_no_others() -> None:
    selecting = [one for one in OBJECTS if {"selector", "podSelector"} & one.get("spec", {}).keys()]
    assert {one["kind"] for one in selecting} == {
        "Deployment",
        "Service",
        "PodDisruptionBudget",
        "NetworkPolicy",
    }
    for one in selecting:
        everybody = one["kind"] == "NetworkPolicy"
        assert selected(one) == (set(WORKLOADS) if everybody else {one["metadata"]["name"]}), one["kind"]


def test_keda_scales_each_worker_by_its_own_queue() -> None:
    """There is no schema of KEDA's objects at hand: only what they refer to is checked."""
    [authentication] = [one for one in KEDA if one["kind"] == "TriggerAuthentication"]
    scaled = [one for one in KEDA if one["kind"] == "ScaledObject"]
    assert {one["spec"]["scaleTargetRef"]["name"] for one in scaled} == {"worker-interactive", "worker-bulk"}
    for one in scaled:
        spec = one["spec"]
        [trigger] = spec["triggers"]
        [container] = pod(spec["scaleTargetRef"]["name"])["containers"]
        assert trigger["metadata"]["listName"] in compose.option(container["command"], "queues").split(",")
        assert trigger["authenticationRef"]["name"] == authentication["metadata"]["name"]
        assert 1 <= spec["minReplicaCount"] <= spec["maxReplicaCount"]
