"""Reads a catalog and price book from CSV tables in the layout of Salesforce Revenue Cloud (R-9.5).

The export is a folder with `<name>-pcm` (catalog) and `<name>-pricing`; `layout.py` lists every file and column that is
read, and for those that are left the reason. Reading is pure over the folder: no database, no clock, no network; the
same files give the same digest. The caller imports all or nothing: with any problem both contents are empty.

A *problem* is something that nobody can have meant, so that the source must be mended first:
- a file of the layout is missing, empty, binary, not UTF-8, too large, or lacks a column that is read;
- a row has too many or too few cells; a key is empty, or there twice with different content;
- a cell is not of its type: true or false, a whole quantity, an amount with at most six decimals that is not negative,
  a percentage from 0 to 100, a known status or type, a text of possible length without control characters;
- a currency is unknown (to ISO 4217 or to CurrencyType), or has other decimals than ISO 4217 says;
- a row refers to something that the source does not have, or a price to a selling model that its product has not;
- rules contradict each other: minimum above maximum, a group that asks for more than its own components, a bundle or
  category inside itself, tiers that overlap, two standard price books, a default that the picklist has not.

*Left out with a reason*, which is no problem, is what the source means but the catalog has no use or place for:
- inactive: products, prices, attributes, currencies, price books, schedules, and rows whose status is not Active;
- whatever refers to something that is left out, with that one's reason; rows that repeat another one cell by cell;
- unsupported: derived prices, amounts off, components by classification, relationships other than bundles, rows that
  end on a date, price books besides the standard one, groups that only hold groups. Attribute adjustments and the
  like are whole files or folders that are left.

Choices: the id of an offering is its stock keeping unit. A tier holds from its lower bound up to and including its
upper bound; where the next one does not follow directly, a tier of nothing off brings the list price or rate back. A
rate that only its tiers give is left, and they with it, where they leave a unit without an amount. A price without
selling model is a one-time price under "One Time". A component without group is in a group "ungrouped". A row that
refers to a bad row is not counted as bad itself.
"""

from connectors.revenue_cloud.read import read_revenue_cloud
from connectors.revenue_cloud.report import ImportReport, ImportResult, RowProblem, render_report

__all__ = ["ImportReport", "ImportResult", "RowProblem", "read_revenue_cloud", "render_report"]
