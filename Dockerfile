# Two stages: the first has pip and what building needs, the second only what running needs.
FROM python:3.13-slim-bookworm AS build

WORKDIR /src
COPY requirements.lock .
RUN python -m venv /opt/caspian \
    && /opt/caspian/bin/pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY service service
RUN /opt/caspian/bin/pip install --no-cache-dir --disable-pip-version-check \
        --no-deps --no-build-isolation . \
    && /opt/caspian/bin/pip uninstall --yes --quiet hatchling editables pip

FROM python:3.13-slim-bookworm

RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin caspian \
    && install --directory --owner=caspian --group=caspian /data
COPY --from=build /opt/caspian /opt/caspian
WORKDIR /app
COPY config config
COPY models models

ENV PATH=/opt/caspian/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CASPIAN_DATA_DIR=/data \
    CASPIAN_LOG_FORMAT=json

USER caspian
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=15s --start-period=90s --retries=3 CMD ["caspian", "health"]
ENTRYPOINT ["caspian"]
CMD ["run"]
