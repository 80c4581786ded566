package dev.tidemark.admin;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.admin.ForeignWork;
import dev.tidemark.internal.admin.SavedSettings;
import dev.tidemark.internal.admin.SqlFile;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a change is executed: the reason, and what else belongs to its transaction. Immutable, with withers; thread-safe if its effects are. */
public final class ChangeOptions {
    private static final ChangeOptions NONE = new ChangeOptions(null, List.of());

    private final @Nullable String reason;
    private final List<Effects> effects;

    /** Work in the transaction of a change, such as the removal of rows that records will write again. */
    @FunctionalInterface
    public interface Effects {
        /**
         * Called once the offsets have moved, before the commit: owners are fenced by then, and their units of work are rolled back or
         * have committed. It must not commit, roll back, close, or continue after a statement that failed, except behind a savepoint:
         * that is TM-603, whose message says what became of the change. Whatever it throws rolls the change back, and is the cause of
         * TM-603; a {@link TidemarkException} is rethrown, and so is an {@link Error}. Deferred constraints are checked when it returns.
         *
         * <p>The session's settings, such as the role or the search path, are restored afterwards. What else it leaves in the session
         * stays: custom settings, temporary tables, LISTEN, locks of the session.
         */
        void apply(Connection connection) throws SQLException;
    }

    private ChangeOptions(@Nullable String reason, List<Effects> effects) {
        this.reason = reason;
        this.effects = List.copyOf(effects);
    }

    /** No reason, and nothing else in the transaction. */
    public static ChangeOptions none() {
        return NONE;
    }

    /** Why; recorded in the audit log, with the role that logged in. */
    public ChangeOptions withReason(String text) {
        return new ChangeOptions(text, effects);
    }

    /** Work that belongs to the transaction; several run in the order in which they were added. */
    public ChangeOptions withEffects(Effects more) {
        List<Effects> all = new ArrayList<>(effects);
        all.add(more);
        return new ChangeOptions(reason, all);
    }

    /**
     * SQL that belongs to the transaction, as {@link #withEffects}. The file is read by this call.
     *
     * @throws dev.tidemark.errors.InvalidConfigurationException if it cannot be read, or would end the transaction (TM-103)
     */
    public ChangeOptions withSql(Path file) {
        SqlFile sql = SqlFile.read(file);
        return withEffects(sql::run);
    }

    @Nullable
    String reason() {
        return reason;
    }

    void apply(Connection connection, SavedSettings session) throws SQLException {
        if (!effects.isEmpty()) {
            ForeignWork.run(connection, session, foreign -> {
                for (Effects effect : effects) {
                    effect.apply(foreign);
                }
            });
        }
    }
}
