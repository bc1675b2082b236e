"""The same tenant by dlt: its REST source, merged into PostgreSQL, in an interpreter that has dlt.

It is not among this project's dependencies; make an environment for it beside the project:

    python -m venv /tmp/with-dlt && /tmp/with-dlt/bin/pip install 'dlt[postgres]'

The pipeline is what dlt's documentation of the REST source shows: OAuth2 client credentials, `json_link`
paging, `write_disposition: merge` with primary keys. Lines and contacts are child tables with resources of
their own. With `since`, only workorders modified since then are read (`incremental`), and the children of
each by dependent resources (`{resources.Workorder.WorkorderId}`), which is how dlt reads children of some
parents.

Reads its settings as JSON from standard input; writes `{"seconds", "dlt"}`, without the time to import dlt.
"""

import json
import sys
import time
from typing import Any

import dlt  # type: ignore[import-not-found]  # runs in dlt's own environment
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]  # as above

_KEYS: dict[str, str | list[str]] = {
    "Workorder": "WorkorderId",
    "WorkorderLine": "LineId",
    "WorkorderContact": ["WorkorderId", "Role"],
}


def resource(name: str, asked: dict[str, Any], since: str | None) -> dict[str, Any]:
    params: dict[str, Any] = {"$select": ",".join(asked["columns"][name]), "$first": asked["page_rows"]}
    endpoint: dict[str, Any] = {"path": name, "params": params, "data_selector": "value"}
    if since is not None and name == "Workorder":
        params["$filter"] = "ModifiedOn ge {incremental.start_value}"
        endpoint["incremental"] = {
            "cursor_path": "ModifiedOn",
            "initial_value": since,
            "convert": lambda moment: f"{moment}Z",
        }
    elif since is not None:
        params["$filter"] = "WorkorderId eq {resources.Workorder.WorkorderId}"
    return {"name": name, "primary_key": _KEYS[name], "endpoint": endpoint}


def source(asked: dict[str, Any]) -> Any:
    return rest_api_source(
        {
            "client": {
                "base_url": f"{asked['base_url']}/api/",
                "auth": {
                    "type": "oauth2_client_credentials",
                    "access_token_url": asked["token_url"],
                    "client_id": asked["client_id"],
                    "client_secret": asked["client_secret"],
                    "access_token_request_data": {"audience": asked["audience"]},
                },
                "paginator": {"type": "json_link", "next_url_path": "nextLink"},
            },
            "resource_defaults": {"write_disposition": "merge", "parallelized": True},
            "resources": [resource(name, asked, asked["since"]) for name in _KEYS],
        }
    )


def main() -> None:
    asked = json.load(sys.stdin)
    pipeline = dlt.pipeline(
        pipeline_name="vinacles",
        pipelines_dir=asked["folder"],
        destination=dlt.destinations.postgres(asked["database_url"]),
        dataset_name="vinacles",
    )
    began = time.perf_counter()
    pipeline.run(source(asked)).raise_on_failed_jobs()
    json.dump({"seconds": time.perf_counter() - began, "dlt": dlt.__version__}, sys.stdout)


if __name__ == "__main__":
    main()
