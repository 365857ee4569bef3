# Three images from one file: `web` (without the gateway's SDK), `worker`, `sandbox`. None runs as root.
#   docker build --target web -t oropay-web .

ARG PYTHON=3.11
ARG NODE=22

# --- Front-end packages, only those that we serve --------------------------------------------------------------------
FROM node:${NODE}-slim AS front
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

# --- What all images share -------------------------------------------------------------------------------------------
FROM python:${PYTHON}-slim AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/venv/bin:$PATH
RUN useradd --system --uid 10001 --create-home app
WORKDIR /app

FROM base AS tools
COPY requirements requirements
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements/uv.txt \
    && mv /venv /uv && python -m venv --without-pip /venv

FROM tools AS packages-web
RUN /uv/bin/uv pip install --no-cache --python /venv/bin/python --no-deps --require-hashes -r requirements/prod.txt

FROM tools AS packages-worker
RUN /uv/bin/uv pip install --no-cache --python /venv/bin/python --no-deps --require-hashes -r requirements/worker.txt

FROM tools AS packages-sandbox
RUN /uv/bin/uv pip install --no-cache --python /venv/bin/python --no-deps --require-hashes -r requirements/sandbox.txt

# --- Our code, with static files and translations --------------------------------------------------------------------
FROM packages-web AS code
COPY manage.py LICENSE ./
COPY config config
COPY plumbing plumbing
COPY commerce commerce
COPY ledger ledger
COPY oropay oropay
COPY checkout checkout
COPY invoices invoices
COPY reconciliation reconciliation
COPY storefront storefront
COPY backoffice backoffice
COPY api api
COPY --from=front /app/node_modules node_modules
RUN python -m config.assets \
    && python -m config.check production-env python manage.py collectstatic --noinput --verbosity=0 \
    && rm -rf node_modules assets requirements

# --- Images ----------------------------------------------------------------------------------------------------------
FROM base AS web
ENV DJANGO_SETTINGS_MODULE=config.settings.prod
COPY --from=packages-web /venv /venv
COPY --from=code /app /app
USER app
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-m", "config.health", "web"]
CMD ["gunicorn", "-k", "gthread", "-w", "2", "--threads", "16", "--timeout", "60", "--no-control-socket", "-b", "0.0.0.0:8000", "config.wsgi"]

FROM base AS worker
# SIGTERM means: finish what runs, take nothing new. Give the container 60 s to stop: longer than one gateway call.
ENV DJANGO_SETTINGS_MODULE=config.settings.prod
COPY --from=packages-worker /venv /venv
COPY --from=code /app /app
USER app
ENTRYPOINT ["celery", "-A", "config.celery:app"]
CMD ["worker", "-n", "worker-default@%h", "-Q", "default", "-l", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat"]

FROM base AS sandbox
ENV GPSANDBOX_HOST=0.0.0.0 GPSANDBOX_DB=/data/gpsandbox.sqlite3
COPY --from=packages-sandbox /venv /venv
COPY gpsandbox gpsandbox
RUN mkdir /data && chown app /data
USER app
EXPOSE 8090
CMD ["python", "-m", "gpsandbox"]
