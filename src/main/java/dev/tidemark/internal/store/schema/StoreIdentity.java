package dev.tidemark.internal.store.schema;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.OffsetStoreException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Makes sure that a consumer works with a single store in its lifetime, wherever its DataSource connects. Used by one thread. */
public final class StoreIdentity {
    private final Schema schema;
    private @Nullable UUID expected;

    /**
     * @param expected the expected store; null for whichever is found first
     */
    public StoreIdentity(Schema schema, @Nullable UUID expected) {
        this.schema = schema;
        this.expected = expected;
    }

    /**
     * Checks which store this is, and that the role sees all of it.
     *
     * @throws OffsetStoreException if it is another one than expected (TM-206), or rows may be hidden (TM-213)
     */
    public void check(Connection c) throws SQLException {
        RowSecurity.check(c, schema);
        UUID id = null;
        try (PreparedStatement s = Schema.prepare(c, schema.sql("select store_id from {schema}.store_info"));
                ResultSet r = s.executeQuery()) {
            if (r.next()) {
                id = r.getObject(1, UUID.class);
            }
        }
        if (expected == null) {
            expected = id;
        } else if (!expected.equals(id)) {
            throw new OffsetStoreException(
                    ErrorCode.OTHER_STORE,
                    "the database holds offset store " + id + " in schema " + schema.name() + ", and " + expected
                            + " was expected: the JDBC URL points to another database; connect to the right one",
                    null);
        }
    }
}
