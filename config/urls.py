"""Every address of the product: storefront at the root, back-office, health checks, log-in for both faces."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("api.urls")),
    path("account/", include("storefront.urls.accounts")),
    path("admin/", admin.site.urls),
    path("", include("storefront.urls")),
]

handler400 = "storefront.views.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.page_not_found"
handler500 = "storefront.views.errors.server_error"
