"""Addresses of the invoice pages."""

from django.urls import URLPattern, path

from storefront.views import invoices

urlpatterns: list[URLPattern] = [
    path("invoices/", invoices.invoices, name="invoices"),
    path("invoices/<str:number>/", invoices.invoice, name="invoice"),
    path("invoices/<str:number>/pdf/", invoices.invoice_pdf, name="invoice_pdf"),
    path("invoices/<str:number>/pay/", invoices.pay, name="invoice_pay"),
    path("receipts/<uuid:uuid>/", invoices.receipt, name="receipt"),
    path("receipts/<uuid:uuid>/<str:number>.pdf", invoices.receipt_pdf, name="receipt_pdf"),
]
