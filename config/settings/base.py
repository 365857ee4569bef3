"""What every environment shares. Values that differ come from the environment, through one reader: `config.env`."""

from pathlib import Path

from config.env import Env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = Env()

SECRET_KEY = env.secret("SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "django_htmx",
    "rest_framework",
    "pgtrigger",
    "pghistory",
    "plumbing",
    "commerce",
    "ledger",
    "oropay",
    "checkout",
    "invoices",
    "reconciliation",
    "storefront",
    "backoffice",
    "api",
]

AUTH_USER_MODEL = "commerce.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

DATABASES = {"default": env.database("DATABASE_URL")}
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en-us"
STATIC_URL = "/static/"

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False

GATEWAYS = {"globalpayments": "oropay.gateway.globalpayments.adapter.GlobalPaymentsGateway"}
