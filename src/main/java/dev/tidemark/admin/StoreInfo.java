package dev.tidemark.admin;

import java.util.UUID;

/**
 * Identity and version of an offset store. Components may be added.
 *
 * @param schema where its tables are
 * @param schemaVersion the newest migration that was applied
 * @param storeId random identity, created with the schema and copied by a restore
 */
public record StoreInfo(String schema, int schemaVersion, UUID storeId) {}
