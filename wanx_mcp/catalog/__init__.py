"""What can be ordered: task types, prices and arguments. Schemas, texts and the README are derived from here."""

from wanx_mcp.catalog.catalog import CATALOG, Catalog, price_words
from wanx_mcp.catalog.order import Order, parse_order
from wanx_mcp.catalog.tasks import TaskType, Terms

__all__ = ["CATALOG", "Catalog", "Order", "TaskType", "Terms", "parse_order", "price_words"]
