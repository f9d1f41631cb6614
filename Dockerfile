# One image with three commands: serve (the default), worker, migrate.

FROM node:24-slim AS explorer
WORKDIR /source/explorer
COPY explorer/package.json explorer/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY explorer ./
RUN npm run build

FROM python:3.13-slim AS build
WORKDIR /source
COPY requirements-production.lock ./
RUN python -m venv /opt/mipoints \
 && /opt/mipoints/bin/python -m pip install --no-cache-dir --require-hashes -r requirements-production.lock
COPY pyproject.toml LICENSE ./
COPY mipoints mipoints
COPY api api
COPY --from=explorer /source/api/static/explorer api/static/explorer
COPY workers workers
COPY loyalty loyalty
COPY db db
RUN /opt/mipoints/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin mipoints
COPY --from=build /opt/mipoints /opt/mipoints
ENV PATH=/opt/mipoints/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /tmp
EXPOSE 8000
# For `serve`. The other two commands do not listen: docker-compose.yml turns the check off for them.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "mipoints"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
