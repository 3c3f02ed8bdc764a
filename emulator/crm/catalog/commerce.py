"""What is sold, and how it is paid. developers.hubspot.com/docs/guides/api/crm/commerce"""

from __future__ import annotations

from emulator.crm.catalog.kinds import standard
from emulator.crm.catalog.shorthand import choice, date, moment, number, pipeline, stage, text
from emulator.crm.object_types import granular

_CURRENCY = text("hs_currency", "Currency", "")
_CURRENCY_CODE = text("hs_currency_code", "Currency", "")
_AMOUNTS = ("hs_type", "hs_value", "hs_label")

PRODUCTS = standard(
    *("0-7", "product", "products"),
    granular("products", "e-commerce"),
    text("name", "Name", ""),
    text("description", "Product description", "", long=True),
    number("price", "Unit price", ""),
    text("hs_sku", "SKU", ""),
    number("hs_cost_of_goods_sold", "Unit cost", ""),
    text("hs_recurring_billing_period", "Term", ""),
    text("hs_url", "URL", ""),
    choice(
        *("hs_product_type", "Product type", ""),
        *(("inventory", "Inventory"), ("non_inventory", "Non-Inventory"), ("service", "Service")),
    ),
    label="name",
    shown=("name", "price", "description"),
    created="createdate",
    searchable=("name", "description", "price", "hs_sku"),
    needs_all_of=("name",),
)

LINE_ITEMS = standard(
    *("0-8", "line_item", "line_items"),
    granular("line_items", "e-commerce"),
    text("name", "Name", ""),
    text("description", "Line item description", "", long=True),
    number("quantity", "Quantity", ""),
    number("price", "Unit price", ""),
    number("amount", "Net price", ""),
    number("discount", "Unit discount", ""),
    text("hs_product_id", "Product ID", ""),
    text("hs_sku", "SKU", ""),
    text("hs_recurring_billing_period", "Term", ""),
    date("hs_recurring_billing_start_date", "Billing start date", ""),
    text("hs_line_item_currency_code", "Currency", ""),
    label="name",
    shown=("amount", "quantity", "hs_product_id"),
    created="createdate",
    searchable=("name", "description", "hs_sku"),
    aliases=("line items", "line item"),
)

QUOTES = standard(
    *("0-14", "quote", "quotes"),
    granular("quotes"),
    text("hs_title", "Quote name", ""),
    date("hs_expiration_date", "Expiration date", ""),
    choice(
        *("hs_status", "Quote status", ""),
        *(("DRAFT", "Draft"), ("APPROVAL_NOT_NEEDED", "Published"), ("PENDING_APPROVAL", "Pending approval")),
        *(("APPROVED", "Approved"), ("REJECTED", "Rejected")),
    ),
    number("hs_quote_amount", "Quote amount", ""),
    text("hs_public_url_key", "Public URL key", ""),
    text("hs_terms", "Purchase terms", "", long=True),
    _CURRENCY,
    label="hs_title",
    shown=("hs_title", "hs_expiration_date", "hs_status"),
    needs_all_of=("hs_title", "hs_expiration_date"),
)

INVOICES = standard(
    *("0-53", "invoice", "invoices"),
    granular("invoices"),
    text("hs_number", "Number", ""),
    _CURRENCY,
    moment("hs_invoice_date", "Invoice date", ""),
    moment("hs_due_date", "Due date", ""),
    number("hs_amount_billed", "Amount billed", ""),
    number("hs_balance_due", "Balance due", ""),
    choice(
        *("hs_invoice_status", "Invoice status", ""),
        *(("draft", "Draft"), ("open", "Open"), ("paid", "Paid"), ("voided", "Voided")),
    ),
    label="hs_number",
    needs_all_of=("hs_currency",),
)

SUBSCRIPTIONS = standard(
    *("0-69", "subscription", "subscriptions"),
    granular("subscriptions"),
    text("hs_name", "Name", ""),
    choice(
        *("hs_subscription_status", "Status", ""),
        *(("active", "Active"), ("past_due", "Past due"), ("canceled", "Canceled"), ("paused", "Paused")),
        *(("scheduled", "Scheduled"), ("expired", "Expired"), ("unpaid", "Unpaid")),
    ),
    text("hs_recurring_billing_period", "Term", ""),
    moment("hs_recurring_billing_start_date", "Billing start date", ""),
    number("hs_mrr", "Monthly recurring revenue", ""),
    _CURRENCY_CODE,
    label="hs_name",
    needs_all_of=("hs_name",),
)

DISCOUNTS = standard(
    *("0-84", "discount", "discounts"),
    granular("line_items"),
    *(text(name, name[3:].capitalize(), "") for name in _AMOUNTS),
    number("hs_duration", "Duration", ""),
    label="hs_label",
    shown=_AMOUNTS,
    needs_all_of=("hs_type", "hs_value"),
)

FEES = standard(
    *("0-85", "fee", "fees"),
    granular("line_items"),
    *(text(name, name[3:].capitalize(), "") for name in _AMOUNTS),
    label="hs_label",
    shown=_AMOUNTS,
    needs_all_of=("hs_type", "hs_value", "hs_label"),
)

TAXES = standard(
    *("0-86", "tax", "taxes"),
    granular("line_items"),
    *(text(name, name[3:].capitalize(), "") for name in _AMOUNTS),
    label="hs_label",
    shown=_AMOUNTS,
    needs_all_of=("hs_type", "hs_value", "hs_label"),
)

PAYMENTS = standard(
    *("0-101", "commerce_payment", "commerce_payments"),
    granular("commercepayments"),
    number("hs_initial_amount", "Gross amount", ""),
    moment("hs_initiated_date", "Payment date", ""),
    text("hs_customer_email", "Customer email", ""),
    text("hs_reference_number", "Reference number", ""),
    choice(
        *("hs_latest_status", "Status", ""),
        *(("processing", "Processing"), ("succeeded", "Succeeded"), ("failed", "Failed"), ("refunded", "Refunded")),
    ),
    _CURRENCY_CODE,
    label="hs_reference_number",
    shown=("hs_customer_email", "hs_initial_amount", "hs_initiated_date", "hs_latest_status"),
    needs_all_of=("hs_initial_amount", "hs_initiated_date"),
    aliases=("payments", "payment"),
)

ORDERS = standard(
    *("0-123", "order", "orders"),
    granular("orders"),
    text("hs_order_name", "Name", ""),
    _CURRENCY_CODE,
    number("hs_total_price", "Total price", ""),
    text("hs_source_store", "Source store", ""),
    text("hs_fulfillment_status", "Fulfillment status", ""),
    text("hs_shipping_address_city", "Shipping city", ""),
    pipeline("hs_pipeline", ""),
    stage("hs_pipeline_stage", "Pipeline stage", ""),
    label="hs_order_name",
    shown=("hs_order_name", "hs_pipeline", "hs_pipeline_stage"),
)

CARTS = standard(
    *("0-142", "cart", "carts"),
    granular("carts"),
    text("hs_cart_name", "Cart name", ""),
    text("hs_external_cart_id", "Cart ID", ""),
    text("hs_external_status", "Status", ""),
    text("hs_source_store", "Source store", ""),
    number("hs_total_price", "Total price", ""),
    _CURRENCY_CODE,
    label="hs_cart_name",
    shown=("hs_cart_name", "hs_external_cart_id", "hs_external_status"),
)

STANDARD = (
    *(PRODUCTS, LINE_ITEMS, QUOTES, INVOICES, SUBSCRIPTIONS, DISCOUNTS),
    *(FEES, TAXES, PAYMENTS, ORDERS, CARTS),
)
