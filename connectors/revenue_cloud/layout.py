"""The table layout: which files are read for which columns, which are left and why. Data only."""

CATALOG = "pcm"
PRICING = "pricing"
RATES = "rates"

SKU = "StockKeepingUnit"
MODEL = "ProductSellingModel.$$Name$SellingModelType"
BOOK = "Pricebook2.$$Name$IsStandard"

KEY_ONLY = frozenset({"EffectiveFrom"})  # tells rows apart, but is not kept

# (folder, file without suffix) -> columns that must be there; every other column is left out and reported.
READ: dict[tuple[str, str], tuple[str, ...]] = {
    (CATALOG, "UnitOfMeasure"): ("UnitCode", "Name"),
    (CATALOG, "ProductClassification"): ("Code", "ParentProductClassification.Code", "Status"),
    (CATALOG, "AttributePicklist"): ("Name", "DataType", "Status"),
    (CATALOG, "AttributePicklistValue"): ("Code", "Picklist.Name", "Value", "IsDefault", "Sequence", "Status"),
    (CATALOG, "AttributeDefinition"): ("Code", "Name", "DataType", "DefaultValue", "IsActive", "Picklist.Name"),
    (CATALOG, "ProductClassificationAttr"): (
        "AttributeDefinition.Code",
        "ProductClassification.Code",
        "Sequence",
        "Status",
    ),
    (CATALOG, "ProductCategory"): ("Code", "Name", "ParentCategory.Code"),
    (CATALOG, "ProductSellingModel"): ("Name", "SellingModelType", "Status"),
    (CATALOG, "Product2"): (
        SKU,
        "Name",
        "Description",
        "Family",
        "IsActive",
        "IsSoldOnlyWithOtherProds",
        "BasedOn.Code",
        "QuantityUnitOfMeasure",
        "UnitOfMeasure.UnitCode",
    ),
    (CATALOG, "ProductCategoryProduct"): ("Product.StockKeepingUnit", "ProductCategory.Code"),
    (CATALOG, "ProductAttributeDefinition"): (
        "AttributeDefinition.Code",
        "Product2.StockKeepingUnit",
        "Sequence",
        "Status",
    ),
    (CATALOG, "ProductSellingModelOption"): ("Product2.StockKeepingUnit", MODEL),
    (CATALOG, "ProductRelationshipType"): ("Name", "MainProductRoleCat", "AssociatedProductRoleCat"),
    (CATALOG, "ProductComponentGroup"): (
        "Code",
        "Name",
        "ParentProduct.StockKeepingUnit",
        "ParentGroup.Code",
        "MinBundleComponents",
        "MaxBundleComponents",
    ),
    (CATALOG, "ProductRelatedComponent"): (
        "ParentProduct.StockKeepingUnit",
        "ProductComponentGroup.Code",
        "ChildProduct.StockKeepingUnit",
        "ChildProductClassification.Code",
        "ProductRelationshipType.Name",
        "IsComponentRequired",
        "IsDefaultComponent",
        "Quantity",
        "MinQuantity",
        "MaxQuantity",
    ),
    (PRICING, "CurrencyType"): ("IsoCode", "DecimalPlaces", "IsActive"),
    (PRICING, "CostBook"): ("Name", "EffectiveTo"),
    (PRICING, "Pricebook2"): ("Name", "IsStandard", "IsActive", "CostBook.Name", "ValidTo"),
    (PRICING, "PricebookEntry"): (
        BOOK,
        "Product2.StockKeepingUnit",
        MODEL,
        "CurrencyIsoCode",
        "IsActive",
        "IsDerived",
        "UnitPrice",
    ),
    (PRICING, "PriceAdjustmentSchedule"): ("Name", "IsActive", "ScheduleType", "EffectiveTo", BOOK),
    (PRICING, "PriceAdjustmentTier"): (
        "PriceAdjustmentSchedule.Name",
        "Product2.StockKeepingUnit",
        MODEL,
        "CurrencyIsoCode",
        "EffectiveFrom",
        "LowerBound",
        "UpperBound",
        "AdjustmentType",
        "TierValue",
        "EffectiveTo",
    ),
    (PRICING, "CostBookEntry"): (
        "CostBook.Name",
        "Product.StockKeepingUnit",
        "CurrencyIsoCode",
        "Cost",
        "EffectiveFrom",
        "EffectiveTo",
    ),
}

# Read where they are there; an export without them has no such rules.
OPTIONAL: dict[tuple[str, str], tuple[str, ...]] = {
    (PRICING, "BundleBasedAdjustment"): (
        "PriceAdjustmentSchedule.Name",
        "Product.StockKeepingUnit",
        "ParentProduct.StockKeepingUnit",
        "RootBundle.StockKeepingUnit",
        "RootProductSellingModel.$$Name$SellingModelType",
        MODEL,
        "CurrencyIsoCode",
        "AdjustmentType",
        "AdjustmentValue",
        "EffectiveTo",
    ),
    (RATES, "PriceBookRateCard"): ("PriceBook.Name", "RateCard.$$Name$Type"),
    (RATES, "RateCardEntry"): (
        "Product.StockKeepingUnit",
        "RateCard.$$Name$Type",
        "UsageResource.Code",
        "DefaultUnitOfMeasure.Name",
        "RateUnitOfMeasure.UnitCode",
        "Rate",
        "Status",
        "EffectiveTo",
    ),
    (RATES, "RateAdjustmentByTier"): (
        "RateCardEntry.$$Product.StockKeepingUnit$RateCard.Name$UsageResource.Code$RateUnitOfMeasure.UnitCode",
        "LowerBound",
        "UpperBound",
        "AdjustmentType",
        "AdjustmentValue",
        "EffectiveTo",
    ),
}

_RULES = "eligibility is a kind of change of its own and is not imported from here"
_UNITS = "units are names here and are not converted"
_REPEAT = "repeats the keys of the catalog folder"
_ADJUSTMENT = "a line of a quote has no attributes, so that no price can depend on them"

LEFT_FILES: dict[tuple[str, str], str] = {
    (CATALOG, "AttributeCategory"): "attributes are not grouped for display here",
    (CATALOG, "AttributeCategoryAttribute"): "attributes are not grouped for display here",
    (CATALOG, "ProdtAttrScope"): "switches of the order management of the source system",
    (
        CATALOG,
        "ProductCatalog",
    ): "there is one catalog; its categories are taken over, their division into catalogs is not",
    (CATALOG, "ProductCategoryDisqual"): _RULES,
    (CATALOG, "ProductCategoryQualification"): _RULES,
    (CATALOG, "ProductDisqualification"): _RULES,
    (CATALOG, "ProductQualification"): _RULES,
    (CATALOG, "ProductRampSegment"): "ramped deals are not supported: an offering has one price at a time",
    (CATALOG, "ProrationPolicy"): "proration is a matter of billing",
    (CATALOG, "UnitOfMeasureClass"): _UNITS,
    (PRICING, "AttributeAdjustmentCondition"): _ADJUSTMENT,
    (PRICING, "AttributeBasedAdjRule"): _ADJUSTMENT,
    (PRICING, "AttributeBasedAdjustment"): _ADJUSTMENT,
    (PRICING, "AttributeDefinition"): _REPEAT,
    (PRICING, "PricebookEntryDerivedPrice"): "derived prices (a percentage of other prices) are not supported",
    (PRICING, "Product2"): _REPEAT,
    (PRICING, "ProductSellingModel"): _REPEAT,
    (PRICING, "ProrationPolicy"): "proration is a matter of billing",
    (RATES, "Pricebook2"): _REPEAT,
    (RATES, "Product2"): _REPEAT,
    (RATES, "ProductSellingModel"): _REPEAT,
    (RATES, "RateCard"): "what a rate card is called is kept by its entries",
    (RATES, "UnitOfMeasure"): _UNITS,
    (RATES, "UnitOfMeasureClass"): _UNITS,
    (RATES, "UsageResource"): _REPEAT,
}
UNKNOWN_FILE = "the file is not part of the layout that is read"

LEFT_FOLDERS = {
    "accounting": "ledger accounts belong to finance systems",
    "approvals": "approval mails; who approves is decided by the approval policy",
    "billing": "billing treatment and payment terms belong to the billing system",
    "clm": "contract clauses and document states are not part of a catalog",
    "dro": "decomposition and fulfillment plans are mappings of the order system, not of the catalog",
    "guidedselling-products": "answers of guided selling are not part of a catalog",
    "prm": "partner programs are not part of a catalog",
    "prm-pricing": "discounts by partner level depend on the account, prices here do not",
    "rating": "grants and measurement of usage are not supported",
    "tax": "tax treatment belongs to the tax engine",
    "transactionprocessingtypes": "settings of the source system's quote processing",
}
UNKNOWN_FOLDER = "the folder is neither catalog nor pricing"

_CONFIGURATION = "an offering only says which attributes it has, not how each is shown, bounded or preset for it"
_WHEN = "entries hold from their publication, not from a date of the source"
_NO_FIELD = "there is no field for it"
_COLUMNS = {
    "Catalog.Code": "there is one catalog",
    "AttributeCategory.Code": "attributes are not grouped for display here",
    "DefaultValue": _CONFIGURATION,
    "DisplayType": _CONFIGURATION,
    "IsHidden": _CONFIGURATION,
    "IsPriceImpacting": _CONFIGURATION,
    "IsReadOnly": _CONFIGURATION,
    "IsDefault": "there is no field that says which one is preset",
    "IsRequired": _CONFIGURATION,
    "StepValue": _CONFIGURATION,
    "AttributeNameOverride": _CONFIGURATION,
    "ProductClassificationAttribute.Name": _CONFIGURATION,
    "EffectiveFrom": _WHEN,
    "ValidFrom": _WHEN,
    "ProductCode": "the stock keeping unit is the id of the offering",
    "Type": "follows from the rest: an offering with option groups is a bundle, units are names",
    "ConversionRate": "prices are given in each currency and are not converted",
    "DoesBundlePriceIncludeChild": "a component has no field that says that the bundle's price includes it",
    "IsQuantityEditable": "a component has quantity bounds, but no field that says that the quantity is fixed",
    "QuantityScaleMethod": "a component has no field that says how its quantity follows the bundle's",
    "ChildProductRole": "follows from the relationship type",
    "ParentProductRole": "follows from the relationship type",
    "PricingTerm": "a selling model is a name here, its term is not kept",
    "PricingTermUnit": "a selling model is a name here, its term is not kept",
    "TierType": "repeats the adjustment type",
    "ScheduleType": "repeats the type of the schedule",
    "SellingModelType": "repeats the selling model",
    "ProrationPolicy.Name": "proration is a matter of billing",
    "CanRamp": "ramped deals are not supported: an offering has one price at a time",
    "UnitOfMeasureClass.Code": _UNITS,
    "ConversionFactor": _UNITS,
    "DisplayValue": "the value itself is taken over",
}


def column_reason(column: str) -> str:
    """Why a column is not read."""
    if column.startswith("$$"):
        return "a key that is composed of other columns of the row"
    return _COLUMNS.get(column, _NO_FIELD)
