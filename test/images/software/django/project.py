"""The smallest project of Django: settings, a view and the application in one module."""

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = __name__
SECRET_KEY = "nothing is signed here"
urlpatterns = [path("", lambda request: HttpResponse("ok\n"))]

application = get_wsgi_application()
