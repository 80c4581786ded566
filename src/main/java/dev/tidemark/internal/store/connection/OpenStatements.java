package dev.tidemark.internal.store.connection;

import dev.tidemark.internal.store.failure.FailureWords;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The statements that a handler has made and may have left open. Not thread-safe. */
final class OpenStatements {
    private static final Logger LOG = LoggerFactory.getLogger(OpenStatements.class);

    /** This many closed ones may be kept before they are purged. */
    private static final int FORGET_EVERY = 64;

    private final List<Statement> statements = new ArrayList<>();
    private int forgetAt = FORGET_EVERY;

    void add(Statement statement) throws SQLException {
        if (statements.size() >= forgetAt) {
            List<Statement> stillOpen = new ArrayList<>();
            for (Statement s : statements) {
                if (!s.isClosed()) {
                    stillOpen.add(s);
                }
            }
            statements.clear();
            statements.addAll(stillOpen);
            forgetAt = statements.size() + FORGET_EVERY;
        }
        statements.add(statement);
    }

    void closeAll() {
        for (Statement statement : statements) {
            try {
                statement.close();
            } catch (SQLException e) {
                LOG.debug("a handler's statement did not close: {}", FailureWords.describe(e));
            }
        }
        statements.clear();
    }
}
