# One file, two images: `action` carries a deployment out, `service` is the App.
# squawk's wheel needs glibc, so the base is Debian's slim Python, never Alpine.
FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

FROM base AS service
COPY locks/service.txt /opt/deploy-protocol/locks/service.txt
RUN pip install --no-deps --require-hashes --requirement /opt/deploy-protocol/locks/service.txt
COPY protocol /opt/deploy-protocol/protocol
COPY gateway /opt/deploy-protocol/gateway
COPY service /opt/deploy-protocol/service
# For `docker compose exec app python -m deploy_protocol deliveries list`.
COPY deploy_protocol.py /opt/deploy-protocol/
RUN python -m compileall -q /opt/deploy-protocol \
    && useradd --system --create-home --home-dir /var/lib/deploy-protocol deploy-protocol
ENV PYTHONPATH=/opt/deploy-protocol DATA_DIR=/var/lib/deploy-protocol
USER deploy-protocol
VOLUME /var/lib/deploy-protocol
EXPOSE 8000
ENTRYPOINT ["/usr/local/bin/python", "-m", "service"]

# The last target is what GitHub builds for `image: Dockerfile`. GitHub chooses the working directory
# and needs root: no WORKDIR and no USER here.
FROM base AS action
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bash ca-certificates curl git jq openssh-client \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*'
COPY locks/action.txt /opt/deploy-protocol/locks/action.txt
RUN pip install --no-deps --require-hashes --requirement /opt/deploy-protocol/locks/action.txt
COPY action/bin/deploy-protocol-run action/bin/deploy-protocol-post /usr/local/bin/
COPY protocol /opt/deploy-protocol/protocol
COPY gateway /opt/deploy-protocol/gateway
COPY action /opt/deploy-protocol/action
# A path file and no PYTHONPATH: the team's commands inherit the environment.
RUN python -m compileall -q /opt/deploy-protocol \
    && echo /opt/deploy-protocol > "$(python -c 'import site; print(site.getsitepackages()[0])')/deploy_protocol.pth" \
    && chmod 0755 /usr/local/bin/deploy-protocol-*
ENTRYPOINT ["/usr/local/bin/deploy-protocol-run"]
