"""Columns that many tables have, declared once."""

from __future__ import annotations

from tts_notebook.data.tables import Column, Kind, Source

SHOP_COLUMNS = (
    Column("shop_id", "id", "id", "the shop", of="shop"),
    Column("shop_name", "string", "name", "its name in Seller Center", of="shop"),
    Column("region", "string", "region", "its region, two letters", of="shop"),
)


def same(
    kind: Kind, names: str, *, inside: str = "", prefix: str = "", doc: str = "", of: Source = ""
) -> tuple[Column, ...]:
    """Columns that are called what TikTok Shop calls their fields."""
    return tuple(Column(prefix + name, kind, inside + name, doc, of) for name in names.split())


def price(name: str, field: str, doc: str = "", *, amount: str = "amount") -> tuple[Column, ...]:
    """An amount that comes as an object, with the currency that it names for itself."""
    return (
        Column(name, "money", f"{field}.{amount}", doc),
        Column(f"{name}_currency", "string", f"{field}.currency", f"ISO 4217, of {name}"),
    )


def image_columns(field: str = "", *, prefix: str = "") -> tuple[Column, ...]:
    """A picture: what it is called, its size and its addresses."""
    inside = f"{field}." if field else ""
    return (
        Column(f"{prefix}uri", "string", f"{inside}uri", "the picture's name at TikTok Shop"),
        *same("integer", "width height", inside=inside, prefix=prefix, doc="pixels"),
        Column(f"{prefix}urls", "string", f"{inside}urls[]", "addresses of the picture, joined with commas"),
        Column(f"{prefix}thumb_urls", "string", f"{inside}thumb_urls[]", "of the small one, joined with commas"),
    )
