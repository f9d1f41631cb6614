"""The addresses of the database and Redis, and the secrets, from the environment, as such services do."""

import os

DATABASE_URL = os.environ["DATABASE_URL"]
REDIS_URL = os.environ.get("REDIS_URL", "")
AUTH_SECRET = os.environ["AUTH_SECRET"]
WEBHOOK_SECRET = os.environ["WEBHOOK_SECRET"]
POOL_SIZE = int(os.environ.get("POOL_SIZE", "10"))
