"""Addresses of the storefront. Names are binding: mails, redirects and other rooms' pages use them."""

from django.urls import URLPattern, URLResolver, path

from storefront.urls import invoices
from storefront.views import catalog, checkout, home, lists, methods, orders, paying

app_name = "storefront"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("company/", home.seat_choose, name="seat"),
    path("catalog/", catalog.catalog, name="catalog"),
    path("products/<slug:slug>/", catalog.product, name="product"),
    path("products/<slug:slug>/picture.svg", catalog.picture, name="picture"),
    path("list/", lists.shopping_list, name="list"),
    path("list/add/<int:product_id>/", lists.add, name="list_add"),
    path("list/items/<int:item_id>/", lists.change, name="list_item"),
    path("checkout/", checkout.start, name="checkout_start"),
    path("checkout/<uuid:uuid>/review/", checkout.review, name="checkout_review"),  # has the card form's policy
    path("checkout/<uuid:uuid>/leave/", checkout.leave, name="checkout_leave"),
    path("checkout/<uuid:uuid>/<str:step>/", checkout.checkout, name="checkout"),
    path("checkout/<uuid:uuid>/", checkout.resume, name="checkout_resume"),
    path("orders/", orders.orders, name="orders"),
    path("orders/<str:number>/", orders.order, name="order"),
    path("orders/<str:number>/thanks/", orders.thanks, name="thanks"),
    path("orders/<str:number>/pay/", orders.pay, name="order_pay"),
    path("orders/<str:number>/cancel/", orders.cancel, name="order_cancel"),
    path("pay/card-token/", paying.card_token, name="card_token"),
    path("pay/<uuid:uuid>/", paying.paying, name="paying"),
    path("pay/<uuid:uuid>/state/", paying.state, name="paying_state"),
    path("pay/<uuid:uuid>/leave/", paying.leave, name="paying_leave"),
    path("payment-methods/", methods.payment_methods, name="payment_methods"),
    path("payment-methods/add/", methods.add, name="payment_method_add"),
    path("payment-methods/<uuid:uuid>/", methods.edit, name="payment_method"),
    path("payment-methods/<uuid:uuid>/remove/", methods.remove, name="payment_method_remove"),
    path("payment-methods/<uuid:uuid>/restore/", methods.restore, name="payment_method_restore"),
    path("payment-methods/<uuid:uuid>/authorisations/<int:mandate>/withdraw/", methods.revoke, name="mandate_revoke"),
    *invoices.urlpatterns,
]
