# One image for every service of ours in docker-compose.yml; the command decides which one it is.
# A digest may be given besides: --build-arg PYTHON=3.12.12-slim-trixie@sha256:...
ARG PYTHON=3.12.12-slim-trixie

FROM python:${PYTHON} AS build
# Which lock is installed: `worker`, or `observed`, which has OpenTelemetry and Sentry besides.
ARG REQUIREMENTS=worker
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# The dependencies come first: a change of our own code then leaves their layer as it is.
COPY requirements/build.lock requirements/worker.lock requirements/observed.lock requirements/
RUN python -m pip install --require-hashes --only-binary=:all: --requirement requirements/build.lock \
 && python -m venv --without-pip /opt/twodrive \
 && python -m pip --python /opt/twodrive install --require-hashes --only-binary=:all: --requirement "requirements/${REQUIREMENTS}.lock"
COPY pyproject.toml README.md celeryconfig.py flowerconfig.py ./
COPY sandbox sandbox
COPY schemas schemas
COPY tasks tasks
COPY worker worker
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && python -m pip --python /opt/twodrive install --no-deps dist/*.whl

FROM python:${PYTHON}
ENV PATH=/opt/twodrive/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Celery takes a group without a name for root's and warns, hence the entries. The folders give their owner to volumes.
RUN groupadd --gid 10001 twodrive \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /app --shell /usr/sbin/nologin twodrive \
 && install --directory --owner=10001 --group=10001 --mode=0750 /var/lib/twodrive /var/lib/simulator
COPY --from=build /opt/twodrive /opt/twodrive
WORKDIR /app
COPY flowerconfig.py ./
USER 10001:10001
STOPSIGNAL SIGTERM
CMD ["twodrive", "--help"]
